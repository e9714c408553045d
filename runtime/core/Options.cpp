// The command line. See Options.h.
#include "train/rt/Options.h"

#include "train/Support/CommandLine.h"
#include "train/rt/Text.h"

#include <cmath>
#include <limits>

namespace train::rt {
namespace {

constexpr const char *footer = R"(
Exit codes:
  0  the training, evaluation or generation is complete
  1  an operation of the program failed
  2  unknown or contradictory options
  3  this machine or its libraries are not those it was compiled for
  4  a data, safetensors or checkpoint file has wrong contents
  5  the system refused to open, read, write or allocate
  6  the loss is not finite
  7  SIGINT, SIGTERM, SIGHUP or SIGXCPU: a checkpoint was saved if there is a
     directory for it
  8  --timeout is over: likewise)";

// CLI11 prints what it expects in its own words; the values are checked here so that the
// message has the option, the value, and what is allowed.
Status usage(const std::string &what) { return Status::error(ErrorKind::Usage, what); }

// CLI11 puts each description on one line; terminals have about this many columns.
std::string wrapped(const std::string &help) {
  constexpr size_t width = 90, indent = 30;
  std::string out;
  size_t at = 0;
  for (size_t end; at < help.size(); at = end + 1) {
    end = std::min(help.find('\n', at), help.size());
    std::string line = help.substr(at, end - at);
    while (line.size() > width) {
      size_t blank = line.rfind(' ', width);
      if (blank == std::string::npos || blank <= indent)
        break;
      out += line.substr(0, blank) + "\n";
      line = std::string(indent, ' ') + line.substr(blank + 1);
    }
    out += line + "\n";
  }
  return out;
}

Status checkRanges(const Options &options) {
  struct Least {
    const char *name;
    int64_t value, least;
  };
  for (const Least &check : std::initializer_list<Least>{
           {"--steps", options.steps.value_or(0), 0},
           {"--warmup-steps", options.warmupSteps.value_or(0), 0},
           {"--eval-every", options.evalEvery, 0},
           {"--eval-batches", options.evalBatches, 0},
           {"--save-every", options.saveEvery, 0},
           {"--keep", options.keep, 1},
           {"--generate", options.generate, 0},
           {"--top-k", options.topK, 0},
           {"--hash-every", options.hashEvery, 0}})
    if (check.value < check.least)
      return usage(format("%s is %lld, it must be at least %lld", check.name,
                          (long long)check.value, (long long)check.least));
  struct Finite {
    const char *name;
    double value;
  };
  for (const Finite &check :
       std::initializer_list<Finite>{{"--lr", options.rate.value_or(0)},
                                     {"--min-lr", options.minRate.value_or(0)},
                                     {"--temperature", options.temperature},
                                     {"--timeout", options.timeout},
                                     {"--peak-flops", options.peakFlops}})
    if (!std::isfinite(check.value) || check.value < 0)
      return usage(format("%s is %g, it must be a finite number of at least 0",
                          check.name, check.value));
  // A program gets its rate as f32.
  for (const Finite &check : std::initializer_list<Finite>{
           {"--lr", options.rate.value_or(0)}, {"--min-lr", options.minRate.value_or(0)}})
    if (!std::isfinite(float(check.value)))
      return usage(format("%s is %g, the largest f32 is %g", check.name, check.value,
                          double(std::numeric_limits<float>::max())));
  return Status::success();
}

Status checkCombinations(const Options &options) {
  if (options.resume && options.checkpoint.empty())
    return usage("--resume needs --checkpoint=DIR");
  if (options.resume && !options.init.empty())
    return usage("--resume and --init exclude each other: a checkpoint has all values");
  if (options.saveEvery && options.checkpoint.empty())
    return usage("--save-every needs --checkpoint=DIR");
  if (options.evalEvery && options.evalData.empty())
    return usage("--eval-every needs --eval-data=FILE");
  if (options.evalOnly && options.evalData.empty() && options.data.empty())
    return usage("--eval-only needs --eval-data=FILE");
  if (!options.prompt.empty() && !options.generate)
    return usage("--prompt needs --generate=N");
  return Status::success();
}

} // namespace

Schedule Options::newSchedule() const {
  Schedule schedule;
  override(schedule);
  return schedule;
}

void Options::override(Schedule &into) const {
  into.kind = schedule.value_or(into.kind);
  into.rate = rate.value_or(into.rate);
  into.minRate = minRate.value_or(into.minRate);
  into.warmupSteps = warmupSteps.value_or(into.warmupSteps);
  into.steps = steps.value_or(into.steps);
}

Result<Options> parseOptions(int argc, const char *const *argv, const std::string &model,
                             std::string &help) {
  Options options;
  std::string schedule, order;
  CLI::App app("Trains the model '" + model + "' that is compiled into it.");
  app.footer(footer);
  app.allow_extras();
  app.option_defaults()->take_last();

  auto data = [&](const char *name, std::vector<std::string> &into, const char *text) {
    app.add_option(name, into, text)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->expected(1)
        ->type_name("[INPUT:]FILE");
  };
  auto number = [&](const char *name, auto &into, const char *text) {
    app.add_option(name, into, text)->transform(wholeNumber<int64_t>())->type_name("N");
  };
  data("--data", options.data,
       "Training data: .npy, .bin (u16 tokens, with or without the header of llm.c), or "
       "any other file as byte tokens; once for each input, or one token file for the "
       "inputs tokens and labels");
  data("--eval-data", options.evalData, "Held-out data, given as --data is");
  number("--eval-every", options.evalEvery,
         "Evaluate on the held-out data after every N steps");
  number("--eval-batches", options.evalBatches,
         "Evaluate at most N micro-batches (default: all)");
  app.add_flag("--eval-only", options.evalOnly, "Evaluate and do not train");

  number("--steps", options.steps,
         "Optimizer steps of the whole training, those before a resume counted "
         "(default: 100)");
  app.add_option("--lr", options.rate, "Learning rate (default: 0.001)")->type_name("X");
  app.add_option("--lr-schedule", schedule,
                 "constant, linear or cosine (default: constant)")
      ->type_name("NAME");
  number("--warmup-steps", options.warmupSteps,
         "Steps in which the rate rises from 0 (default: 0)");
  app.add_option("--min-lr", options.minRate,
                 "Where a linear or cosine schedule ends (default: 0)")
      ->type_name("X");
  app.add_option("--seed", options.seed,
                 "Seed of initial values, sample order, dropout and generation "
                 "(default: 0)")
      ->transform(wholeNumber<uint64_t>())
      ->type_name("N");
  app.add_option("--order", order,
                 "Order of the samples: shuffled anew in each epoch, or file, as they "
                 "are in the files (default: shuffled)")
      ->type_name("NAME");
  app.add_flag("--allow-nan", options.allowNan,
               "Go on when the loss is not finite, instead of ending with code 6");
  app.add_flag(
      "--find-nan", options.findNan,
      "Look at the results of every op, and name the first that has a NaN. Slower");
  app.add_option("--timeout", options.timeout,
                 "End S seconds after the start, within a step where it can be given up "
                 "(a checkpoint is saved)")
      ->type_name("S");

  app.add_option("--init", options.init,
                 "Initial parameters from a safetensors file, names as in Hugging Face "
                 "models")
      ->type_name("FILE");
  app.add_option("--checkpoint", options.checkpoint,
                 "Directory for checkpoints, saved at the end and when interrupted")
      ->type_name("DIR");
  number("--save-every", options.saveEvery, "Save a checkpoint every N steps");
  number("--keep", options.keep, "How many checkpoints to keep (default: 2)");
  app.add_flag("--resume", options.resume,
               "Continue from the newest valid checkpoint, bit for bit; options that are "
               "not given are taken from it");
  app.add_option("--export", options.exportFile,
                 "Write the parameters to a safetensors file at the end")
      ->type_name("FILE");

  number("--generate", options.generate, "Generate N tokens at the end");
  app.add_option("--prompt", options.prompt,
                 "Text to continue; for models that are not over bytes, token ids "
                 "separated by spaces or commas")
      ->type_name("TEXT");
  app.add_option("--temperature", options.temperature,
                 "0 takes the most likely token each time (default: 1)")
      ->type_name("X");
  app.add_option("--top-k", options.topK,
                 "Choose among the K most likely tokens (default: all)")
      ->transform(wholeNumber<int64_t>())
      ->type_name("K");

  app.add_option("--log", options.log, "Metrics of each step as JSON lines")
      ->type_name("FILE");
  app.add_option("--tensorboard", options.tensorboard,
                 "Directory for an event file that TensorBoard reads")
      ->type_name("DIR");
  app.add_flag("--profile", options.profile, "Print a table of time per op at the end");
  app.add_option("--trace", options.trace,
                 "Timeline of the first 500000 ops as a Chrome trace")
      ->type_name("FILE");
  number("--hash-every", options.hashEvery,
         "Print 'hash STEP HEX' of parameters and optimizer state every N steps");
  app.add_option("--peak-flops", options.peakFlops,
                 "Peak FLOP/s of this machine, to report model FLOP utilization")
      ->type_name("X");
  app.add_flag("--print-memory", options.printMemory, "Print the memory plan");
  app.add_flag("--dry-run", options.dryRun,
               "Check machine, plan, options and data files, and train nothing");

  CommandLine line =
      parseCommandLine(app, argc, argv, " (data files are named by --data=FILE)");
  if (!line.error.empty())
    return usage(line.error);
  if (!line.help.empty()) {
    help = wrapped(line.help);
    return options;
  }
  if (!schedule.empty()) {
    options.schedule = scheduleFromName(schedule);
    if (!options.schedule)
      return usage("--lr-schedule is '" + printable(schedule) +
                   "', expected constant, linear or cosine");
  }
  if (!order.empty()) {
    options.order = orderFromName(order);
    if (!options.order)
      return usage("--order is '" + printable(order) + "', expected shuffled or file");
  }
  for (auto check : {checkRanges, checkCombinations}) {
    Status status = check(options);
    if (!status.ok())
      return status;
  }
  return options;
}

} // namespace train::rt
