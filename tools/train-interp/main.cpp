// train-interp: runs a program of a module in the reference interpreter. The command line
// only; lib/Reference/Tool.cpp does the work.
#include "train/Reference/Tool.h"
#include "train/Support/CommandLine.h"

using namespace train::reference;

static int usageError(const std::string &what) {
  std::fprintf(stderr, "train-interp: error: %s\n", what.c_str());
  return kToolUsage;
}

int main(int argc, char **argv) {
  train::ignoreWriteSignals();
  CLI::App app(
      "Runs a program of a module in the reference interpreter, at any stage of the IR.",
      "train-interp");
  app.footer("Exit codes: 0 done, 1 the module is invalid or cannot be run, or a file "
             "cannot be read or written, 2 bad command line.");
  app.allow_extras();
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  ToolOptions options;
  app.add_option("file", options.file, "Module to run; - reads standard input");
  app.add_option("--program", options.program,
                 "Symbol name of the program; default: the step, else the graph");
  app.add_option("--mode", options.mode,
                 "f64: no rounding at all; native: each result rounded to its type; "
                 "random: up or down at random");
  app.add_option("--seed", options.seed,
                 "Seed of initial values, random inputs and dropout (1)")
      ->transform(train::wholeNumber<int64_t>());
  app.add_option("--rounding-seed", options.roundingSeed,
                 "Seed of the rounding under --mode=random (1)")
      ->transform(train::wholeNumber<int64_t>());
  app.add_option("--steps", options.steps,
                 "How often to run the program, carrying its writes along (1)")
      ->transform(train::wholeNumber<int64_t>());
  app.add_option("--lr", options.learningRate, "Learning rate (0.001)");
  app.add_option("--inputs", options.inputs,
                 "random, or NAME=FILE.npy,... with the rest random");
  app.add_option("--print", options.print,
                 "What to print: outputs, hash, params; separated by commas");
  app.add_option("--elements", options.elements,
                 "Most elements to print of one tensor (64)")
      ->transform(train::wholeNumber<int64_t>());
  app.add_flag("--hex", options.hex, "Print floats in hexadecimal, exactly");
  app.add_option("--dump", options.dump,
                 "Directory for outputs and symbols as .npy files");
  app.add_option("--load-dialect-plugin", options.dialectPlugins,
                 "A shared library with a dialect of yours; may be repeated")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  app.add_option("--ranks", options.ranks, "Number of ranks (1)")
      ->transform(train::wholeNumber<int64_t>());
  train::CommandLine line = train::parseCommandLine(app, argc, argv);
  if (!line.error.empty())
    return usageError(line.error);
  if (!line.help.empty()) {
    std::fputs(line.help.c_str(), stdout);
    return std::fflush(stdout) == 0 ? kToolSuccess : kToolFailed;
  }
  return runInterpreterTool(options);
}
