// train-opt: mlir-opt with our dialect, passes and pipelines. It differs from mlir-opt in
// two promises: input nested too deeply for MLIR's recursive parser is refused before it
// is parsed, and --train-check-passes executes the IR around each pass that claims to
// preserve its meaning.
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "train/Driver/Registration.h"
#include "train/IR/Exhaustion.h"
#include "train/IR/SafeParse.h"
#include "train/IR/TrainDialect.h"
#include "train/Reference/CheckPasses.h"
#include "train/Support/CommandLine.h"
#include "train/Support/Readable.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;

static llvm::cl::opt<bool> checkPasses(
    "train-check-passes",
    llvm::cl::desc(
        "Execute all programs before and after each pass that promises to preserve "
        "their meaning; fail at the first pass that changed a result"));

static LogicalResult optimize(MlirOptMainConfig config, DialectRegistry &registry,
                              llvm::StringRef input, llvm::StringRef output) {
  std::string error;
  std::unique_ptr<llvm::MemoryBuffer> buffer;
  if (std::string endless = train::findEndless(input.str()); !endless.empty())
    error = ("cannot open input file '" + input + "': " + endless).str();
  else
    buffer = openInputFile(input, &error);
  if (!buffer) {
    llvm::errs() << "train-opt: error: " << error << "\n";
    return failure();
  }
  MLIRContext context(MLIRContext::Threading::DISABLED);
  if (failed(train::checkParsable(buffer->getBuffer(), buffer->getBufferIdentifier(),
                                  &context)))
    return failure();
  std::unique_ptr<llvm::ToolOutputFile> file = openOutputFile(output, &error);
  if (!file) {
    llvm::errs() << "train-opt: error: " << error << "\n";
    return failure();
  }

  bool changed = false;
  if (checkPasses) {
    MlirOptMainConfig asked = config;
    config.setPassPipelineSetupFn([asked, &changed](PassManager &pm) {
      // Passes on nested ops may only be checked while nothing else changes the module.
      pm.getContext()->disableMultithreading();
      train::reference::CheckPassesOptions options;
      options.onFailure = [&changed] { changed = true; };
      pm.addInstrumentation(train::reference::createCheckPassesInstrumentation(options));
      return asked.setupPassPipeline(pm);
    });
  }
  if (failed(MlirOptMain(file->os(), std::move(buffer), registry, config)))
    return failure();
  // Under --verify-diagnostics the errors were expected, and are judged there.
  if (changed && !config.shouldVerifyDiagnostics())
    return failure();
  file->os().flush();
  if (std::error_code wrong = file->os().error()) {
    llvm::errs() << "train-opt: error: cannot write " << output << ": " << wrong.message()
                 << "\n";
    file->os().clear_error();
    return failure();
  }
  file->keep();
  return success();
}

// Loads the plugins before the command line is read for good, and takes their options out
// of `arguments`. Passes become options when they are registered, so one that comes later
// could only be named in --pass-pipeline; and a dialect plugin that cannot be loaded
// would be ignored by MLIR's own option.
static LogicalResult loadPlugins(SmallVectorImpl<char *> &arguments,
                                 DialectRegistry &registry) {
  auto load = [&](StringRef option, const std::string &file) {
    auto fail = [&](llvm::Error error) {
      llvm::errs() << "train-opt: error: cannot load the plugin " << file << ": "
                   << llvm::toString(std::move(error)) << "\n";
      return failure();
    };
    if (option == "load-pass-plugin") {
      llvm::Expected<PassPlugin> plugin = PassPlugin::load(file);
      if (!plugin)
        return fail(plugin.takeError());
      plugin->registerPassRegistryCallbacks();
      return success();
    }
    llvm::Expected<DialectPlugin> plugin = DialectPlugin::load(file);
    if (!plugin)
      return fail(plugin.takeError());
    plugin->registerDialectRegistryCallbacks(registry);
    return success();
  };
  SmallVector<char *> rest;
  for (size_t i = 0; i < arguments.size(); ++i) {
    StringRef argument = arguments[i];
    bool isOption = i > 0 && argument.starts_with("-");
    auto [name, value] = argument.ltrim('-').split('=');
    if (!isOption || (name != "load-pass-plugin" && name != "load-dialect-plugin")) {
      rest.push_back(arguments[i]);
      continue;
    }
    bool isNext = !argument.contains('=') && i + 1 < arguments.size();
    if (failed(load(name, isNext ? arguments[++i] : value.str())))
      return failure();
  }
  arguments = rest;
  return success();
}

int main(int argc, char **argv) {
  // Without InitLLVM's handlers for pipes: a write that fails is told like any other.
  llvm::InitLLVM init(argc, argv, /*InstallPipeSignalExitHandler=*/false);
  train::ignoreWriteSignals();
  train::endWithErrorOnExhaustion("train-opt", EXIT_FAILURE);
  DialectRegistry registry;
  train::registerTrainDialect(registry);
  registerTransformsPasses();
  train::registerTrainPassesAndPipelines();
  SmallVector<char *> arguments(argv, argv + argc);
  if (failed(loadPlugins(arguments, registry)))
    return EXIT_FAILURE;
  arguments.push_back(nullptr);
  auto [input, output] =
      registerAndParseCLIOptions(static_cast<int>(arguments.size()) - 1, arguments.data(),
                                 "The optimizer driver of train-mlir\n", registry);
  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  if (config.shouldShowDialects()) {
    llvm::interleave(registry.getDialectNames(), llvm::outs(), "\n");
    llvm::outs() << "\n";
    return EXIT_SUCCESS;
  }
  if (config.shouldListPasses()) {
    printRegisteredPasses();
    return EXIT_SUCCESS;
  }
  LogicalResult result = failure();
  train::runOnBigStack(
      [&, in = input, out = output] { result = optimize(config, registry, in, out); });
  return asMainReturnCode(result);
}
