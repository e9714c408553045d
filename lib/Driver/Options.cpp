// The command line of train-compile. Options of later versions are known by name, so that
// they are refused for what they are and not as typing errors.
#include "train/Driver/Compile.h"
#include "train/Support/ByteSize.h"
#include "train/Support/CommandLine.h"
#include "train/Transforms/CompressFormats.h"
#include "train/Transforms/RematStrategy.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cerrno>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

using namespace train;

namespace {

int usage(const std::string &what) {
  std::fprintf(stderr, "train-compile: error: %s\n", what.c_str());
  return kCompileUsage;
}

/// An option of work to come, with the values that ask for nothing beyond what there is.
struct Later {
  const char *name;
  std::set<std::string> harmless;
};
const Later kLater[] = {
    {"--target", {"cpu"}},
    {"--data-parallel", {}},
    {"--zero", {"0"}},
    {"--ranks", {"1"}},
    {"--bucket-size", {}},
    {"--offload", {}},
    {"--deterministic", {"default"}},
    {"--deepspeed", {}},
};

std::string formatNumber(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g", value);
  if (std::strtod(text, nullptr) != value)
    std::snprintf(text, sizeof(text), "%.15g", value);
  return text;
}

/// Executables compute in f32: a number that is none there, or 0, would come to something
/// else than what was asked for.
std::string checkFloat(const char *name, double value) {
  auto rounded = static_cast<float>(value);
  const char *instead = !std::isfinite(rounded)      ? "infinite"
                        : rounded == 0 && value != 0 ? "0"
                                                     : nullptr;
  return instead ? std::string(name) + "=" + formatNumber(value) + " is " + instead +
                       " in f32, in which executables compute"
                 : "";
}

std::string checkHyperparameters(const StepOptions &step) {
  for (auto [name, value] : {std::pair{"--beta1", step.beta1}, {"--beta2", step.beta2}})
    if (!(value >= 0 && static_cast<float>(value) < 1))
      return std::string(name) + " must be in [0, 1), got " + formatNumber(value) +
             (value < 1 && value > 0 ? ", which is 1 in f32" : "");
  if (!(step.eps > 0))
    return "--eps must be positive, got " + formatNumber(step.eps);
  if (!(step.weightDecay >= 0))
    return "--weight-decay must not be negative, got " + formatNumber(step.weightDecay);
  for (auto [name, value] : {std::pair{"--beta1", step.beta1},
                             {"--beta2", step.beta2},
                             {"--eps", step.eps},
                             {"--weight-decay", step.weightDecay},
                             {"--clip-norm", step.clipNorm.value_or(1)}})
    if (std::string wrong = checkFloat(name, value); !wrong.empty())
      return wrong;
  return "";
}

/// Whether `format`, fp8 or fp4, is asked for anywhere.
bool uses(const GraphOptions &graph, const std::string &format) {
  bool found = graph.precision == format;
  for (const std::string &text : graph.precisionOverrides)
    found |= text.substr(text.rfind(':') + 1) == format;
  return found;
}

std::string checkRecipes(const CLI::App &app, const TrainOptions &train) {
  struct Recipe {
    const char *option;
    const std::string &value;
    std::vector<std::string> known;
    const char *format;
  };
  for (const Recipe &recipe :
       {Recipe{
            "--fp8-recipe", train.step.fp8Recipe, {"delayed", "current", "mxfp8"}, "fp8"},
        Recipe{"--fp4-recipe", train.step.fp4Recipe, {"nvfp4", "mxfp4"}, "fp4"}}) {
    const std::vector<std::string> &known = recipe.known;
    if (std::find(known.begin(), known.end(), recipe.value) == known.end()) {
      std::string all = "; there are " + known.front();
      for (size_t i = 1; i < known.size(); ++i)
        all += ", " + known[i];
      return std::string("unknown ") + recipe.option + " '" + recipe.value + "'" +
             didYouMean(recipe.value, known, all);
    }
    if (app.count(recipe.option) && !uses(train.graph, recipe.format))
      return std::string(recipe.option) + "=" + recipe.value +
             " is for --precision=" + recipe.format +
             " or overrides to it, and nothing is in " + recipe.format;
  }
  for (const char *name : {"--fp8-history", "--fp8-margin"})
    if (app.count(name) &&
        (!uses(train.graph, "fp8") || train.step.fp8Recipe != "delayed"))
      return std::string(name) + " is for --precision=fp8 with --fp8-recipe=delayed";
  if (train.step.fp8History < 1 || train.step.fp8History > 1024)
    return "--fp8-history is from 1 to 1024 steps, got " +
           std::to_string(train.step.fp8History);
  if (train.step.fp8Margin < -64 || train.step.fp8Margin > 64)
    return "--fp8-margin is from -64 to 64, got " + std::to_string(train.step.fp8Margin);
  return "";
}

std::string checkPrecision(const TrainOptions &train) {
  static const std::vector<std::string> types{"f32", "bf16", "f16", "fp8", "fp4"};
  auto isKnown = [](const std::string &type) {
    return std::find(types.begin(), types.end(), type) != types.end();
  };
  const std::string &precision = train.graph.precision;
  if (!isKnown(precision))
    return "unknown precision '" + precision + "'" +
           didYouMean(precision, types, "; there are f32, bf16, f16, fp8, fp4");
  for (const std::string &text : train.graph.precisionOverrides) {
    size_t colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0 || !isKnown(text.substr(colon + 1)))
      return "--precision-override needs NAME:TYPE with type f32, bf16, f16, fp8 or fp4, "
             "got '" +
             text + "'";
  }
  if (train.step.gradType != "f32" && train.step.gradType != "bf16")
    return "--grad-type is f32 or bf16, got '" + train.step.gradType + "'";
  return "";
}

/// Whether anything is asked to compute in f16.
bool usesHalf(const GraphOptions &graph) {
  bool half = graph.precision == "f16";
  for (const std::string &text : graph.precisionOverrides)
    half |= text.size() > 4 && text.compare(text.size() - 4, 4, ":f16") == 0;
  return half;
}

/// What may go wrong with a precision that is asked for, said once.
void warnOfPrecision(const TrainOptions &train) {
  if (usesHalf(train.graph) && train.step.lossScale.mode == "none")
    std::fputs(
        "train-compile: warning: without a loss scale, gradients below 6e-8 vanish "
        "in f16; bf16 has the range of f32\n",
        stderr);
}

/// What --loss-scale and its companions come to. `precision` decides where nothing was
/// asked for: only f16 needs a scale.
std::string settleLossScale(const CLI::App &app, const std::string &text,
                            const std::string &precision, LossScaleOptions &scale) {
  bool isAsked = app.count("--loss-scale") > 0;
  std::string mode = isAsked ? text : precision == "f16" ? "dynamic" : "none";
  if (mode == "none" || mode == "dynamic") {
    scale.mode = mode;
  } else {
    char *end = nullptr;
    double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end || !(value > 0))
      return "--loss-scale needs dynamic, none or a positive number, got '" + text + "'";
    scale.mode = "static";
    if (app.count("--loss-scale-init"))
      return "--loss-scale-init is where a dynamic scale starts, and --loss-scale=" +
             text + " is a static one";
    scale.init = value;
    if (std::string wrong = checkFloat("--loss-scale", value); !wrong.empty())
      return wrong;
  }
  for (const char *name : {"--loss-scale-init", "--loss-scale-window",
                           "--loss-scale-hysteresis", "--loss-scale-min"})
    if (app.count(name) && scale.mode != "dynamic")
      return std::string(name) + " is for a dynamic loss scale, and " +
             (isAsked ? "--loss-scale=" + text
                      : "--precision=" + precision + " has none by default") +
             (isAsked ? "" : ": add --loss-scale=dynamic");
  for (auto [name, value] : {std::pair{"--loss-scale-init", scale.init},
                             {"--loss-scale-min", scale.minimum}}) {
    if (!(value > 0))
      return std::string(name) + " must be positive, got " + formatNumber(value);
    if (std::string wrong = checkFloat(name, value); !wrong.empty())
      return wrong;
  }
  for (auto [name, value] : {std::pair{"--loss-scale-window", scale.window},
                             {"--loss-scale-hysteresis", scale.hysteresis}})
    if (value < 1)
      return std::string(name) + " must be at least 1, got " + std::to_string(value);
  if (scale.mode == "dynamic" && scale.init < scale.minimum)
    return "--loss-scale-init=" + formatNumber(scale.init) +
           " is below --loss-scale-min=" + formatNumber(scale.minimum);
  // It does no harm, and is no mistake that could be told from a wish.
  if (isAsked && scale.mode != "none" && precision != "f16" && precision != "f32")
    std::fprintf(stderr,
                 "train-compile: warning: --loss-scale=%s with --precision=%s: "
                 "%s has the range of f32 and needs no loss scale\n",
                 text.c_str(), precision.c_str(),
                 precision == "bf16" ? "bf16" : "with its scales it");
  return "";
}

/// Whether both paths name one file, or would once they are written. Standard output and
/// devices are none.
bool isSameFile(const std::string &one, const std::string &other) {
  namespace fs = llvm::sys::fs;
  namespace path = llvm::sys::path;
  if (one.empty() || other.empty() || one == "-" || other == "-")
    return false;
  fs::file_status oneStatus, otherStatus;
  bool oneExists = !fs::status(one, oneStatus),
       otherExists = !fs::status(other, otherStatus);
  if (oneExists != otherExists)
    return false;
  if (oneExists)
    return fs::is_regular_file(oneStatus) && fs::equivalent(oneStatus, otherStatus);
  auto canonical = [](llvm::StringRef name) {
    llvm::StringRef parent = path::parent_path(name);
    llvm::SmallString<128> real;
    if (fs::real_path(parent.empty() ? "." : parent, real))
      real = parent;
    path::append(real, path::filename(name));
    return real;
  };
  return canonical(one) == canonical(other);
}

// What is written must be neither read nor written by another option.
std::string checkOutputs(const CompileOptions &o) {
  struct File {
    const char *what;
    std::string path;
  };
  std::vector<File> taken{{"model", o.input}, {"report to compare with", o.compare}};
  for (const std::string &plugin : o.dialectPlugins)
    taken.push_back({"plugin", plugin});
  for (auto [option, path, what] :
       {std::tuple{"--memory-report=", &o.memoryReport, "memory report"},
        {"-o ", &o.output, "output"}}) {
    for (const File &other : taken)
      if (isSameFile(*path, other.path))
        return option + *path + " would overwrite the " + other.what;
    taken.push_back({what, *path});
  }
  return "";
}

/// Rows per chunk from "auto", "off" or a positive number.
std::string parseLossChunk(const std::string &text, GraphOptions &graph) {
  if (text == "off" || text == "auto") {
    graph.lossChunk = text == "off" ? std::optional<int64_t>() : 0;
    return "";
  }
  errno = 0;
  char *end = nullptr;
  long long rows = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end || errno || rows <= 0)
    return "--loss-chunk needs auto, off or a positive number of rows, got '" + text +
           "'";
  graph.lossChunk = rows;
  return "";
}

// B = b * N * ranks: what is missing is derived, a mismatch is an error. The micro-batch
// itself may come from the model, so what needs it waits for compile().
std::string settleBatch(const CLI::App &app, CompileOptions &o) {
  for (auto [name, value] : {std::pair{"--micro-batch", o.microBatch},
                             {"--global-batch", o.globalBatch},
                             {"--accumulate", o.accumulate}})
    if (value <= 0 && app.count(name))
      return std::string(name) + " must be positive, got " + std::to_string(value);
  if (o.globalBatch && o.microBatch && o.globalBatch % o.microBatch)
    return "--global-batch=" + std::to_string(o.globalBatch) +
           " is not a multiple of --micro-batch=" + std::to_string(o.microBatch);
  constexpr int64_t most = int64_t(1) << 31;
  for (auto [name, value] : {std::pair{"--micro-batch", o.microBatch},
                             {"--global-batch", o.globalBatch},
                             {"--accumulate", o.accumulate}})
    if (value > most)
      return std::string(name) + " may be at most " + std::to_string(most) + ", got " +
             std::to_string(value);
  if (o.globalBatch && o.microBatch && o.accumulate &&
      o.globalBatch != o.microBatch * o.accumulate)
    return "--global-batch=" + std::to_string(o.globalBatch) +
           " is not --micro-batch x --accumulate = " +
           std::to_string(o.microBatch * o.accumulate);
  return "";
}

// A budget without a strategy asks for the cheapest one that fits; one beside a rule is a
// limit.
std::string settleRemat(CompileOptions &o, bool given) {
  std::string &remat = o.train.plan.remat;
  if (!given && (o.memoryBudget || o.train.plan.pareto))
    remat = "budget";
  std::string error;
  std::optional<RematStrategy> strategy = parseRematStrategy(remat, error);
  if (!strategy)
    return "--remat: " + error;
  if (strategy->kind == RematStrategy::Kind::Budget && !o.memoryBudget &&
      !o.train.plan.pareto)
    return "--remat=budget needs a --memory-budget";
  if (strategy->kind != RematStrategy::Kind::Budget && o.train.plan.pareto)
    return "--pareto is the table of --remat=budget, not of --remat=" + remat;
  o.train.plan.budget =
      o.memoryBudget ? o.memoryBudget : std::numeric_limits<int64_t>::max();
  return "";
}

} // namespace

int train::parseCompileOptions(int argc, const char *const *argv, CompileOptions &o) {
  CLI::App app("Compiles a training graph to one native executable that trains it.",
               "train-compile");
  app.footer("Exit codes: 0 done, 1 the model cannot be compiled, 2 bad command line, "
             "3 a file cannot be read or written, memory was refused, a plugin cannot be "
             "loaded or the linker failed, 4 the plan does not fit the memory budget.");
  app.allow_extras();
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  std::string budget, clip, lossChunk = "auto", lossScale;
  std::map<std::string, std::string> later;
  app.add_option("model", o.input, "The model, .mlir; - reads standard input");
  app.add_option("-o,--output", o.output, "The file to write");
  app.add_option("--emit", o.emit,
                 "mlir[:graph|step|fused|scheduled|planned], llvm, asm, ptx, "
                 "object, exe (exe)");
  app.add_option("--gpu-arch", o.gpuArch,
                 "The GPU that --emit=ptx is for: sm_80, sm_90, sm_100, ...");
  app.add_option("--cpu", o.cpu,
                 "The CPU that runs it: native, or LLVM's name of one (native)");
  app.add_option("--threads", o.threads,
                 "Threads of the executable (this machine's processors)")
      ->transform(wholeNumber<int>());
  app.add_option("--micro-batch", o.microBatch, "Samples per micro-batch (the model's)")
      ->transform(wholeNumber<int64_t>());
  app.add_option("--global-batch", o.globalBatch,
                 "Samples per step: micro-batch x accumulate")
      ->transform(wholeNumber<int64_t>());
  app.add_option("--accumulate", o.accumulate, "Micro-batches per step (1)")
      ->transform(wholeNumber<int64_t>());
  app.add_option(
      "--precision", o.train.graph.precision,
      "What contractions compute in: f32, bf16 or f16, or fp8 or fp4, which is "
      "bf16 with the operands of products with parameters stored in as many "
      "bits; weights, their updates and what needs it stay in f32 (f32)");
  app.add_option(
         "--precision-override", o.train.graph.precisionOverrides,
         "NAME:TYPE, where NAME is an op, a layer, a parameter or an output: what "
         "it computes in instead; NAME.forward, NAME.dgrad and NAME.wgrad are one of "
         "the products of a layer (bf16, fp8, fp4); may be repeated")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  app.add_option("--grad-type", o.train.step.gradType,
                 "The type of gradients: f32 or bf16 (f32)");
  app.add_option("--fp8-recipe", o.train.step.fp8Recipe,
                 "How operands in fp8 are scaled: delayed, current or mxfp8 (delayed)");
  app.add_option("--fp8-history", o.train.step.fp8History,
                 "Steps whose largest magnitudes a delayed scale follows (16)")
      ->transform(wholeNumber<int64_t>());
  app.add_option("--fp8-margin", o.train.step.fp8Margin,
                 "A delayed scale leaves 2^margin above the largest magnitude (0)")
      ->transform(wholeNumber<int64_t>());
  app.add_option("--fp4-recipe", o.train.step.fp4Recipe,
                 "How operands in fp4 are scaled: nvfp4 or mxfp4 (nvfp4)");
  app.add_option("--optimizer", o.train.step.optimizer,
                 "sgd, momentum, adam or adamw (adamw)");
  app.add_option("--beta1", o.train.step.beta1,
                 "Decay of the first moment, or momentum (0.9)");
  app.add_option("--beta2", o.train.step.beta2, "Decay of the second moment (0.999)");
  app.add_option("--eps", o.train.step.eps,
                 "Added to the root of the second moment (1e-8)");
  app.add_option("--weight-decay", o.train.step.weightDecay,
                 "Weight decay (0.01 for adamw, else 0)");
  app.add_option("--clip-norm", clip,
                 "Largest global norm of the gradients (no clipping)");
  app.add_flag("--grad-norm", o.train.step.reportGradNorm,
               "Report the norm of the gradients even without clipping");
  LossScaleOptions &scale = o.train.step.lossScale;
  app.add_option("--loss-scale", lossScale,
                 "Factor on the loss in backward: dynamic, none or a number (dynamic "
                 "for f16, else none)");
  app.add_option("--loss-scale-init", scale.init,
                 "Where a dynamic loss scale starts (65536)");
  app.add_option("--loss-scale-window", scale.window,
                 "Steps without overflow until it doubles (2000)")
      ->transform(wholeNumber<int64_t>());
  app.add_option("--loss-scale-hysteresis", scale.hysteresis,
                 "Steps with overflow until it halves (1)")
      ->transform(wholeNumber<int64_t>());
  app.add_option("--loss-scale-min", scale.minimum,
                 "It never becomes smaller: an overflow there ends the training (1)");
  app.add_option("--loss-chunk", lossChunk,
                 "Rows per chunk of a loss whose logits never exist as a whole: auto, "
                 "off or a number (auto)");
  app.add_option(
      "--remat", o.train.plan.remat,
      "What to compute again instead of keeping it: none, uniform:K, sqrt, block, "
      "sublayer, selective:OP,..., policy:save-nothing|save-everything|save-dots|"
      "save-dots-no-batch|save:NAME|recompute:NAME, or budget (none; budget where "
      "there is a --memory-budget)");
  app.add_option(
      "--compress", o.train.plan.compress,
      "What kept activations may be stored as until backward reads them: none, "
      "bf16, fp8 (MXFP8) or fp4 (NVFP4) (none)");
  app.add_option(
      "--memory-budget", budget,
      "The arena may be as large as this (1.5GiB, 800MiB, bytes); no plan that fits "
      "is an error");
  app.add_option(
      "--memory-report", o.memoryReport,
      "Write every buffer with its place, time and reason to this file: a page "
      "to look at for .html, else JSON");
  app.add_flag("--print-memory", o.printMemory, "Print the planned memory");
  app.add_flag("--explain-memory", o.explainMemory,
               "Print what lives at the peak and why, and what computing it again costs");
  app.add_option("--compare", o.compare,
                 "With --explain-memory: print what changed since this report (.json)");
  app.add_flag("--pareto", o.train.plan.pareto,
               "Print the table of arena against recomputation that --memory-budget "
               "chooses from");
  app.add_flag("--dry-run", o.dryRun,
               "Plan, print what was asked for, and write no executable");
  app.add_flag("--check-passes", o.checkPasses,
               "Execute the IR before and after each meaning-preserving pass");
  app.add_flag("--remarks", o.remarks, "Print what passes say they did and could not do");
  app.add_option("--load-dialect-plugin", o.dialectPlugins,
                 "A shared library with a dialect of yours; may be repeated")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  app.add_flag("--timing", o.timing, "Print where compile time goes");
  for (const Later &option : kLater)
    app.add_option(option.name, later[option.name],
                   option.harmless.empty()
                       ? "Of a later version; refused"
                       : "Only " + *option.harmless.begin() + " in this version");
  CommandLine line =
      parseCommandLine(app, argc, argv, ": one model is compiled at a time");
  if (!line.error.empty())
    return usage(line.error);
  if (!line.help.empty()) {
    std::fputs(line.help.c_str(), stdout);
    return std::fflush(stdout) == 0 ? kCompileDone : kCompileSystem;
  }
  for (const Later &option : kLater) {
    const std::string &value = later[option.name];
    if (app.count(option.name) && !option.harmless.count(value))
      return usage(
          std::string(option.name) + "=" + value + " is not supported by this version" +
          (option.harmless.empty() ? "" : "; only " + *option.harmless.begin() + " is"));
  }
  if (o.input.empty())
    return usage("no model given (see --help)");
  if (!clip.empty()) {
    char *end = nullptr;
    double norm = std::strtod(clip.c_str(), &end);
    if (*end || !(norm > 0) || std::isinf(norm))
      return usage("--clip-norm needs a positive number, got '" + clip + "'");
    o.train.step.clipNorm = norm;
  }
  // Without decay AdamW is Adam, and nobody asks for it by this name to get that.
  if (!app.count("--weight-decay") && o.train.step.optimizer == "adamw")
    o.train.step.weightDecay = 0.01;
  if (std::string wrong = checkHyperparameters(o.train.step); !wrong.empty())
    return usage(wrong);
  if (std::string wrong = checkPrecision(o.train); !wrong.empty())
    return usage(wrong);
  if (std::string wrong = checkRecipes(app, o.train); !wrong.empty())
    return usage(wrong);
  if (std::string wrong = settleLossScale(
          app, lossScale, usesHalf(o.train.graph) ? "f16" : o.train.graph.precision,
          scale);
      !wrong.empty())
    return usage(wrong);
  warnOfPrecision(o.train);
  if (std::string wrong = parseLossChunk(lossChunk, o.train.graph); !wrong.empty())
    return usage(wrong);
  static const std::vector<std::string> optimizers{"sgd", "momentum", "adam", "adamw"};
  if (std::find(optimizers.begin(), optimizers.end(), o.train.step.optimizer) ==
      optimizers.end())
    return usage("unknown optimizer '" + o.train.step.optimizer + "'" +
                 didYouMean(o.train.step.optimizer, optimizers,
                            "; there are sgd, momentum, adam, adamw"));
  if (!budget.empty()) {
    std::optional<int64_t> bytes = parseByteSize(budget);
    if (!bytes || *bytes <= 0)
      return usage("--memory-budget needs a positive size such as 800MiB, got '" +
                   budget + "'");
    o.memoryBudget = *bytes;
  }
  const std::string &compress = o.train.plan.compress;
  if (!llvm::is_contained(kCompressFormats, llvm::StringRef(compress)))
    return usage("--compress is " + kCompressFormatList.str() + ", not '" + compress +
                 "'");
  if (std::string wrong = settleRemat(o, app.count("--remat")); !wrong.empty())
    return usage(wrong);
  if (app.count("--threads") && (o.threads < 1 || o.threads > 1024))
    return usage("--threads must be in [1, 1024], got " + std::to_string(o.threads));
  if (!o.threads)
    o.threads = std::max(1u, std::thread::hardware_concurrency());
  if (std::string wrong = settleBatch(app, o); !wrong.empty())
    return usage(wrong);
  if (!o.compare.empty() && !o.explainMemory)
    return usage("--compare=" + o.compare + " needs --explain-memory");
  if (o.emit == "ptx" && o.gpuArch.empty())
    return usage("--emit=ptx needs --gpu-arch, such as --gpu-arch=sm_90");
  if (o.emit != "ptx" && app.count("--gpu-arch"))
    return usage("--gpu-arch=" + o.gpuArch + " is only for --emit=ptx in this version");
  if (std::string wrong = checkOutputs(o); !wrong.empty())
    return usage(wrong);
  bool writes = o.emit.rfind("mlir", 0) != 0 && !o.dryRun;
  if (writes && o.output.empty())
    return usage("-o is missing: where to write the executable");
  if (o.emit == "exe" && o.output == "-" && !o.dryRun)
    return usage("-o -: an executable has to be a file; other kinds of output can go to "
                 "standard output");

  const StepOptions &step = o.train.step;
  nlohmann::ordered_json record{{"optimizer", step.optimizer},
                                {"beta1", step.beta1},
                                {"beta2", step.beta2},
                                {"eps", step.eps},
                                {"weight_decay", step.weightDecay},
                                {"micro_batch", o.microBatch},
                                {"accumulate", o.accumulate},
                                {"cpu", o.cpu},
                                {"threads", o.threads},
                                {"loss_chunk", lossChunk},
                                {"precision", o.train.graph.precision},
                                {"remat", o.train.plan.remat}};
  if (compress != "none")
    record["compress"] = compress;
  if (o.memoryBudget)
    record["memory_budget"] = o.memoryBudget;
  if (!o.train.graph.precisionOverrides.empty())
    record["precision_override"] = o.train.graph.precisionOverrides;
  if (step.gradType != "f32")
    record["grad_type"] = step.gradType;
  if (uses(o.train.graph, "fp8"))
    record["fp8_recipe"] = step.fp8Recipe;
  if (uses(o.train.graph, "fp8") && step.fp8Recipe == "delayed") {
    record["fp8_history"] = step.fp8History;
    record["fp8_margin"] = step.fp8Margin;
  }
  if (uses(o.train.graph, "fp4"))
    record["fp4_recipe"] = step.fp4Recipe;
  if (scale.mode != "none") {
    record["loss_scale"] = scale.mode;
    record["loss_scale_init"] = scale.init;
  }
  if (scale.mode == "dynamic") {
    record["loss_scale_window"] = scale.window;
    record["loss_scale_hysteresis"] = scale.hysteresis;
    record["loss_scale_min"] = scale.minimum;
  }
  if (step.clipNorm)
    record["clip_norm"] = *step.clipNorm;
  o.optionsJson = record.dump();
  return -1;
}
