// See Tool.h.
#include "train/Reference/Tool.h"

#include "Npy.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "train/IR/Exhaustion.h"
#include "train/IR/SafeParse.h"
#include "train/IR/TrainDialect.h"
#include "train/Reference/Initializers.h"
#include "train/Reference/Inputs.h"
#include "train/Reference/Interpreter.h"
#include "train/Reference/Registration.h"
#include "train/Support/NearestName.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace mlir;

namespace train::reference {
namespace {

/// An error that ends the tool, with its exit code.
struct Stop {
  ToolExit code;
};

Stop refuse(ToolExit code, const Twine &what) {
  llvm::errs() << "train-interp: error: " << what << '\n';
  return {code};
}

std::string unknownName(StringRef kind, StringRef name,
                        const std::vector<std::string> &known) {
  return ("no " + kind + " named '" + name.take_front(80) + "'" +
          didYouMean(name.str(), known))
      .str();
}

/// The fewest digits that read back as the same value of the type.
std::string formatFloat(double value, bool isDouble, bool hex) {
  // The sign and payload of a NaN mean nothing here, and differ between machines.
  if (std::isnan(value))
    return "nan";
  char text[64];
  if (!hex)
    for (int digits = 1; digits <= 17; ++digits) {
      std::snprintf(text, sizeof text, "%.*g", digits, value);
      double back = std::strtod(text, nullptr);
      if (isDouble ? back == value
                   : static_cast<float>(back) == static_cast<float>(value))
        return text;
    }
  std::snprintf(text, sizeof text, hex ? "%a" : "%g", value);
  return text;
}

class Tool {
public:
  explicit Tool(const ToolOptions &options) : options(options) {}
  ToolExit run();

private:
  std::optional<Stop> checkOptions();
  std::optional<Stop> chooseProgram();
  std::optional<Stop> readInputFiles();
  std::optional<Stop> runSteps();
  std::optional<Stop> dump();
  void print(const Twine &name, const Tensor &tensor) const;
  bool prints(StringRef what) const { return llvm::is_contained(toPrint, what); }

  const ToolOptions &options;
  Mode mode = Mode::F64;
  SmallVector<StringRef, 3> toPrint;
  ModuleOp module;
  ProgramOpInterface program;
  std::map<unsigned, TensorRef> fileInputs;
  EvalContext context;
  SmallVector<TensorRef> outputs;
};

std::optional<Stop> Tool::checkOptions() {
  auto named = llvm::StringSwitch<std::optional<Mode>>(options.mode)
                   .Case("f64", Mode::F64)
                   .Case("native", Mode::Native)
                   .Case("random", Mode::Random)
                   .Default(std::nullopt);
  if (!named)
    return refuse(kToolUsage,
                  "--mode=" + options.mode + ": expected f64, native or random");
  mode = *named;
  if (options.ranks != 1)
    return refuse(kToolUsage, "--ranks=" + Twine(options.ranks) +
                                  ": programs are interpreted on 1 rank");
  if (options.steps < 1)
    return refuse(kToolUsage,
                  "--steps=" + Twine(options.steps) + ": expected at least 1");
  if (options.elements < 0)
    return refuse(kToolUsage,
                  "--elements=" + Twine(options.elements) + ": expected at least 0");
  StringRef(options.print).split(toPrint, ',', -1, /*KeepEmpty=*/false);
  for (StringRef what : toPrint)
    if (what != "outputs" && what != "hash" && what != "params")
      return refuse(kToolUsage, "--print: " + unknownName("choice", what,
                                                          {"outputs", "hash", "params"}));
  return std::nullopt;
}

std::optional<Stop> Tool::chooseProgram() {
  std::vector<std::string> names;
  for (auto candidate : module.getOps<ProgramOpInterface>()) {
    StringRef name = SymbolTable::getSymbolName(candidate).getValue();
    names.push_back(name.str());
    if (options.program == name)
      program = candidate;
  }
  if (!options.program.empty())
    return program
               ? std::nullopt
               : std::optional<Stop>(refuse(
                     kToolFailed, options.file + " has " +
                                      unknownName("program", options.program, names)));
  if (names.empty())
    return refuse(kToolFailed, options.file + " has no program to run");
  auto steps = module.getOps<StepOp>();
  auto graphs = module.getOps<GraphOp>();
  if (!steps.empty())
    program = cast<ProgramOpInterface>((*steps.begin()).getOperation());
  else if (!graphs.empty())
    program = cast<ProgramOpInterface>((*graphs.begin()).getOperation());
  else
    program = *module.getOps<ProgramOpInterface>().begin();
  return std::nullopt;
}

std::optional<Stop> Tool::readInputFiles() {
  if (options.inputs == "random")
    return std::nullopt;
  SmallVector<StringRef> bindings;
  StringRef(options.inputs).split(bindings, ',', -1, /*KeepEmpty=*/false);
  Block *body = program.getBodyBlock();
  std::vector<std::string> names;
  for (unsigned i = 0; i < body->getNumArguments(); ++i)
    names.push_back(program.getInputName(i).str());
  for (StringRef binding : bindings) {
    auto [name, file] = binding.split('=');
    if (file.empty())
      return refuse(kToolUsage, "--inputs: expected random or NAME=FILE.npy, got '" +
                                    binding.take_front(80) + "'");
    auto found = llvm::find(names, name);
    if (found == names.end())
      return refuse(kToolFailed,
                    "--inputs: the program has " + unknownName("input", name, names));
    unsigned index = static_cast<unsigned>(found - names.begin());
    std::string error;
    fileInputs[index] =
        readNpy(file, cast<RankedTensorType>(body->getArgument(index).getType()), error);
    if (!fileInputs[index])
      return refuse(kToolFailed, "--inputs: " + error);
  }
  return std::nullopt;
}

void Tool::print(const Twine &name, const Tensor &tensor) const {
  bool isDouble = mode == Mode::F64 || isa<Float64Type>(tensor.elementType);
  auto element = [&](int64_t e) {
    return tensor.isFloat() ? formatFloat(tensor.f[e], isDouble, options.hex)
                            : std::to_string(tensor.i[e]);
  };
  llvm::outs() << name << " : " << tensor.getType() << " = ";
  if (tensor.shape.empty()) {
    llvm::outs() << element(0) << '\n';
    return;
  }
  int64_t shown = std::min(tensor.size(), options.elements);
  llvm::outs() << '[';
  for (int64_t e = 0; e < shown; ++e)
    llvm::outs() << (e ? ", " : "") << element(e);
  if (shown < tensor.size())
    llvm::outs() << (shown ? ", " : "") << "... " << tensor.size() - shown << " more";
  llvm::outs() << "]\n";
}

std::optional<Stop> Tool::runSteps() {
  context.mode = mode;
  context.seed = options.seed;
  context.roundingSeed = options.roundingSeed;
  if (failed(checkInputTypes(program)) || failed(initializeSymbols(module, context)))
    return Stop{kToolFailed};
  Interpreter interpreter(context);
  for (int64_t step = 0; step < options.steps; ++step) {
    context.step = step;
    SmallVector<TensorRef> inputs =
        randomInputs(program, options.seed + step, options.learningRate);
    for (const auto &[index, tensor] : fileInputs)
      inputs[index] = tensor;
    if (failed(interpreter.run(program, inputs)))
      return Stop{kToolFailed};
    outputs.assign(interpreter.getOutputs().begin(), interpreter.getOutputs().end());
    std::string prefix =
        options.steps > 1 ? "step " + std::to_string(step + 1) + " " : "";
    if (prints("outputs"))
      for (auto [index, tensor] : llvm::enumerate(outputs))
        print(prefix + program.getOutputName(index), *tensor);
    if (prints("hash")) {
      char hash[24];
      std::snprintf(hash, sizeof hash, "%016llx",
                    static_cast<unsigned long long>(hashState(module, context)));
      llvm::outs() << "hash " << step + 1 << ' ' << hash << '\n';
    }
  }
  if (prints("params"))
    for (const auto &[name, tensor] : context.symbols)
      print("@" + name, *tensor);
  return std::nullopt;
}

std::optional<Stop> Tool::dump() {
  if (options.dump.empty())
    return std::nullopt;
  auto write = [&](StringRef folder, StringRef name,
                   const Tensor &tensor) -> std::optional<Stop> {
    SmallString<128> path(options.dump);
    llvm::sys::path::append(path, folder);
    if (std::error_code code = llvm::sys::fs::create_directories(path))
      return refuse(kToolFailed, "--dump: " + path + ": " + code.message());
    // Names are free text in MLIR; a separator in one must not leave the folder.
    std::string file = name.str();
    std::replace(file.begin(), file.end(), '/', '_');
    llvm::sys::path::append(path, file + ".npy");
    std::string error;
    if (!writeNpy(path, tensor, mode == Mode::F64, error))
      return refuse(kToolFailed, "--dump: " + error);
    return std::nullopt;
  };
  for (auto [index, tensor] : llvm::enumerate(outputs))
    if (auto stop = write("outputs", program.getOutputName(index), *tensor))
      return stop;
  for (const auto &[name, tensor] : context.symbols)
    if (auto stop = write("symbols", name, *tensor))
      return stop;
  return std::nullopt;
}

ToolExit Tool::run() {
  if (auto stop = checkOptions())
    return stop->code;
  // Each tensor is bounded, their sum is not.
  endWithErrorOnExhaustion("train-interp", kToolFailed);
  DialectRegistry registry;
  registry.insert<TrainDialect>();
  registerReference(registry);
  for (const std::string &file : options.dialectPlugins) {
    llvm::Expected<DialectPlugin> plugin = DialectPlugin::load(file);
    if (!plugin)
      return refuse(kToolFailed, "cannot load the plugin " + file + ": " +
                                     llvm::toString(plugin.takeError()))
          .code;
    plugin->registerDialectRegistryCallbacks(registry);
  }
  MLIRContext mlirContext(registry, MLIRContext::Threading::DISABLED);
  mlirContext.printOpOnDiagnostic(false);
  OwningOpRef<ModuleOp> owned = parseModuleSafely(options.file, &mlirContext);
  if (!owned)
    return kToolFailed;
  module = *owned;
  ToolExit code = kToolSuccess;
  for (auto phase :
       {&Tool::chooseProgram, &Tool::readInputFiles, &Tool::runSteps, &Tool::dump})
    if (auto stop = (this->*phase)()) {
      code = stop->code;
      break;
    }
  // An error left standing would end the process in the stream's destructor.
  llvm::outs().flush();
  std::error_code wrong = llvm::outs().error();
  llvm::outs().clear_error();
  if (wrong && code == kToolSuccess)
    return refuse(kToolFailed, "cannot write standard output: " + wrong.message()).code;
  return code;
}

} // namespace

ToolExit runInterpreterTool(const ToolOptions &options) { return Tool(options).run(); }

} // namespace train::reference
