// From a file to an executable: parse, run the pipelines stage by stage, plan, generate
// code, link.
#include "train/Driver/Compile.h"
#include "Advice.h"
#include "Diagnostics.h"
#include "ModuleChecks.h"
#include "Output.h"
#include "PrintMemory.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "train/Analysis/ExplainMemory.h"
#include "train/Analysis/MemoryPage.h"
#include "train/Analysis/PlanAttributes.h"
#include "train/Conversion/CpuObject.h"
#include "train/Conversion/GpuKernels.h"
#include "train/Driver/Registration.h"
#include "train/IR/Exhaustion.h"
#include "train/IR/SafeParse.h"
#include "train/Reference/CheckPasses.h"
#include "train/Reference/MeaningPreserving.h"
#include "train/Support/ByteSize.h"
#include "train/Support/NearestName.h"
#include "train/Support/Readable.h"
#include "train/Transforms/PriceRecomputation.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

#include <chrono>
#include <csignal>

using namespace mlir;
using namespace train;

namespace {

/// The stages that a module can be printed at; `parallel` is for programs of several
/// ranks.
constexpr StringRef kStages[] = {"graph", "step", "fused", "scheduled", "planned"};

class Compiler {
public:
  Compiler(const CompileOptions &options, const char *program)
      : options(options), program(program) {}

  int run() {
    // What can be told from the command line comes first: a long compilation should not
    // end with it.
    std::optional<Stage> stop;
    if (int code = checkCommandLine(stop); code != kCompileDone)
      return code;
    DialectRegistry registry;
    registerTrainDialect(registry);
    for (const std::string &file : options.dialectPlugins) {
      llvm::Expected<DialectPlugin> plugin = DialectPlugin::load(file);
      if (!plugin) {
        reportError("cannot load the plugin " + file + ": " +
                    llvm::toString(plugin.takeError()));
        return kCompileSystem;
      }
      plugin->registerDialectRegistryCallbacks(registry);
    }
    MLIRContext context(registry, MLIRContext::Threading::DISABLED);
    context.loadAllAvailableDialects();
    context.printOpOnDiagnostic(false);
    DiagnosticPrinter printer(&context, options.remarks);
    if (options.remarks && failed(enableRemarks(context)))
      return kCompileFailed;
    if (std::string endless = findEndless(options.input); !endless.empty()) {
      reportError("cannot read " + options.input + ": " + endless);
      return kCompileSystem;
    }
    auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(options.input, /*IsText=*/false,
                                                     /*RequiresNullTerminator=*/true);
    if (!buffer) {
      reportError("cannot read " + options.input + ": " + buffer.getError().message());
      return kCompileSystem;
    }
    OwningOpRef<ModuleOp> module = parseModuleSafely(std::move(*buffer), &context);
    if (!module)
      return kCompileFailed;
    lap("parse");
    if (Stage stage = getStage(*module); stage != Stage::Graph) {
      module->emitError("is at stage ")
          << stringifyStage(stage)
          << " already; train-compile starts from stage graph, train-opt from any";
      return kCompileFailed;
    }
    if (failed(checkTexts(*module)) || failed(checkBatches(*module)) ||
        failed(checkElementTypes(*module)))
      return kCompileFailed;
    if (int code = settleBatch(*module); code != kCompileDone)
      return code;
    OwningOpRef<ModuleOp> graph;
    if (options.memoryBudget || options.explainMemory)
      graph = module->clone();
    if (failed(runPipelines(*module, stop.value_or(Stage::Planned)))) {
      if (!(*module)->hasAttr(kMinimumBytesAttr))
        return kCompileFailed;
      advise(*graph);
      return kCompileOverBudget;
    }
    lap("passes");
    if (getStage(*module) == Stage::Planned)
      if (int code = reportMemory(*module, graph.get()); code != kCompileDone) {
        if (code == kCompileOverBudget)
          advise(*graph);
        return code;
      }
    if (stop)
      return writeFile(options.output, [&](llvm::raw_pwrite_stream &os) {
        module->print(os, OpPrintingFlags().enableDebugInfo(false));
        os << "\n";
        return true;
      });
    if (options.emit == "exe" && failed(checkInputs(*module)))
      return kCompileFailed;
    if (options.dryRun)
      return options.emit == "ptx" || succeeded(checkCpuLowering(*module))
                 ? finish()
                 : kCompileFailed;
    return writeCode(*module);
  }

private:
  //===-- The command line
  //---------------------------------------------------------------------===//

  int checkCommandLine(std::optional<Stage> &stop) {
    if (int code = parseEmit(stop); code != kCompileDone)
      return code;
    if (!stop) {
      llvm::Expected<CpuTarget> cpu = CpuTarget::get(options.cpu);
      if (!cpu) {
        reportError(llvm::toString(cpu.takeError()));
        return kCompileUsage;
      }
      target = *cpu;
      if (options.emit != "ptx")
        noteNarrowProducts();
    }
    if (options.emit == "ptx") {
      llvm::Expected<GpuTarget> gpu = GpuTarget::get(options.gpuArch);
      if (!gpu) {
        reportError(llvm::toString(gpu.takeError()));
        return kCompileUsage;
      }
      gpuTarget = *gpu;
    }
    for (const std::string &path :
         {options.dryRun ? "" : options.output, options.memoryReport})
      if (std::string wrong = findUnwritable(path); !wrong.empty()) {
        reportError(wrong);
        return kCompileSystem;
      }
    return readComparison();
  }

  /// Said once: on most CPUs a narrow precision is no faster, and who asks for it should
  /// know what for.
  void noteNarrowProducts() const {
    const std::string &precision = options.train.graph.precision;
    bool isStored = precision == "fp8" || precision == "fp4";
    if (isStored || precision == "f16" || (precision == "bf16" && !target.bf16Tiles))
      llvm::errs() << "train-compile: note: " << target.name << " multiplies "
                   << precision << " as "
                   << (isStored && target.bf16Tiles ? "bf16" : "f32")
                   << ": --precision=" << precision << " saves memory there, not time\n";
  }

  // The report to compare with; without one, nothing is read.
  int readComparison() {
    if (options.compare.empty())
      return kCompileDone;
    if (std::string endless = findEndless(options.compare); !endless.empty()) {
      reportError("cannot read " + options.compare + ": " + endless);
      return kCompileSystem;
    }
    auto buffer = llvm::MemoryBuffer::getFile(options.compare, /*IsText=*/true);
    if (!buffer) {
      reportError("cannot read " + options.compare + ": " + buffer.getError().message());
      return kCompileSystem;
    }
    llvm::Expected<MemoryReport> report = parseMemoryReport((*buffer)->getBuffer());
    if (!report) {
      reportError(options.compare +
                  " is not a memory report: " + llvm::toString(report.takeError()));
      return kCompileSystem;
    }
    comparison = std::move(*report);
    return kCompileDone;
  }

  //===-- Options that need the model
  //---------------------------------------------------------===//

  // The interpreter trains in f64; executables do not.
  static LogicalResult checkElementTypes(ModuleOp module) {
    for (auto param : module.getOps<ParamOp>())
      if (getElementTypeOrSelf(param.getType()).isF64())
        return param.emitOpError(
            "has element type f64; executables train f32 and narrower");
    return success();
  }

  // An executable fills its inputs sample by sample, so each has to start with the
  // samples.
  static LogicalResult checkInputs(ModuleOp module) {
    for (auto graph : module.getOps<GraphOp>()) {
      bool batched =
          llvm::any_of(graph.getBatchDims(), [](int64_t dim) { return dim >= 0; });
      for (auto [argument, dim, name] :
           llvm::zip(graph.getBody().getArguments(), graph.getBatchDims(),
                     graph.getInputNames())) {
        auto type = cast<RankedTensorType>(argument.getType());
        bool one = !batched && type.getRank() > 0 && type.getDimSize(0) == 1;
        if (dim != 0 && !one)
          return graph.emitOpError("input ")
                 << name << " of type " << type
                 << " does not start with the batch; an executable needs batch(0) on "
                    "every input";
      }
    }
    return success();
  }

  int settleBatch(ModuleOp module) {
    train = options.train;
    train.graph.batch = options.microBatch;
    train.plan.threads = options.threads;
    int64_t micro = options.microBatch;
    for (auto graph : module.getOps<GraphOp>())
      for (auto [argument, dim] :
           llvm::zip(graph.getBody().getArguments(), graph.getBatchDims()))
        if (!micro && dim >= 0)
          micro = cast<RankedTensorType>(argument.getType()).getDimSize(dim);
    int64_t accumulate = options.accumulate;
    if (options.globalBatch && !micro) {
      reportError("--global-batch=" + std::to_string(options.globalBatch) +
                  " needs a model that marks a batch dimension on its inputs");
      return kCompileUsage;
    }
    if (options.globalBatch) {
      // --global-batch and --accumulate without --micro-batch give the micro-batch.
      if (accumulate && !options.microBatch) {
        if (options.globalBatch % accumulate) {
          reportError("--global-batch=" + std::to_string(options.globalBatch) +
                      " is not a multiple of --accumulate=" + std::to_string(accumulate));
          return kCompileUsage;
        }
        train.graph.batch = micro = options.globalBatch / accumulate;
      }
      if (options.globalBatch % micro) {
        reportError("--global-batch=" + std::to_string(options.globalBatch) +
                    " is not a multiple of the model's micro-batch of " +
                    std::to_string(micro));
        return kCompileUsage;
      }
      accumulate = options.globalBatch / micro;
    }
    train.step.accumulate = std::max<int64_t>(1, accumulate);
    microBatch = micro;
    return kCompileDone;
  }

  int parseEmit(std::optional<Stage> &stop) {
    StringRef emit = options.emit;
    if (emit == "exe" || emit == "object" || emit == "llvm" || emit == "asm" ||
        emit == "ptx")
      return kCompileDone;
    if (emit.consume_front("mlir")) {
      if (emit.empty()) {
        stop = Stage::Planned;
        return kCompileDone;
      }
      if (emit.consume_front(":") && llvm::is_contained(kStages, emit)) {
        stop = symbolizeStage(emit);
        return kCompileDone;
      }
    }
    std::vector<std::string> known{"mlir", "llvm", "asm", "ptx", "object", "exe"};
    for (StringRef stage : kStages)
      known.push_back(("mlir:" + stage).str());
    reportError(
        "cannot emit '" + options.emit + "'" +
        didYouMean(options.emit, known,
                   "; the stages are " + llvm::join(ArrayRef<StringRef>(kStages), ", ")));
    return kCompileUsage;
  }

  /// Passes state what they did through remarks; they come out as diagnostics.
  static LogicalResult enableRemarks(MLIRContext &context) {
    // A kind of remark without a filter of its own is off, whatever `all` says.
    const std::string any = ".*";
    remark::RemarkCategories categories{any, any, any, any, any};
    return remark::enableOptimizationRemarks(
        context, nullptr, std::make_unique<remark::RemarkEmittingPolicyAll>(), categories,
        /*printAsEmitRemarks=*/true);
  }

  //===-- Stages
  //-------------------------------------------------------------------------------===//

  LogicalResult runPipelines(ModuleOp module, Stage last) {
    PassManager pm(module.getContext());
    // Verifying after every pass would be a third of their time; the stages' checks and
    // one verification at the end find the same.
    pm.enableVerifier(options.checkPasses);
    bool changed = false;
    if (options.checkPasses) {
      reference::CheckPassesOptions check;
      check.onFailure = [&] { changed = true; };
      // What rounds activations promises nothing.
      if (train.plan.compress != "none")
        withdrawMeaningPreserving("train-apply-residency");
      pm.addInstrumentation(reference::createCheckPassesInstrumentation(check));
    }
    if (options.timing)
      pm.enableTiming();
    buildGraphPipeline(pm, train.graph);
    if (last >= Stage::Step)
      buildStepPipeline(pm, train.step);
    if (last >= Stage::Fused)
      buildFusePipeline(pm);
    if (last >= Stage::Scheduled)
      buildSchedulePipeline(pm, train.plan);
    if (last >= Stage::Planned)
      buildPlanPipeline(pm, train.plan);
    return failure(failed(pm.run(module)) || changed || failed(mlir::verify(module)));
  }

  //===-- Memory
  //-------------------------------------------------------------------------------===//

  /// `graph` is the model before the passes; null where neither a budget nor an
  /// explanation is asked for.
  int reportMemory(ModuleOp module, ModuleOp graph) {
    auto bytes = [&](StringRef name) {
      auto attr = module->getAttrOfType<IntegerAttr>(name);
      return attr ? attr.getInt() : 0;
    };
    int64_t arena = bytes(kArenaBytesAttr), bound = bytes(kLowerBoundAttr);
    if (train.plan.pareto)
      printPareto(module);
    if (options.printMemory || options.explainMemory || !options.memoryReport.empty()) {
      FailureOr<MemoryReport> memory = createMemoryReport(module);
      if (failed(memory))
        return kCompileFailed;
      if (options.printMemory) {
        printMemory(*memory);
        printRecomputation(module);
      }
      if (options.explainMemory || !options.memoryReport.empty())
        priceRecomputation(module, *memory);
      if (options.explainMemory) {
        explainMemory(*memory, llvm::outs());
        printSmallerOptions(findSmallerOptions(graph, train, arena, microBatch), arena);
        if (options.memoryBudget)
          printLargestSizes(
              findLargestSizes(graph, train, options.memoryBudget, microBatch),
              options.memoryBudget);
      }
      if (comparison) {
        llvm::outs() << "\n";
        compareMemory(*comparison, *memory, llvm::outs());
      }
      llvm::outs().flush();
      if (!options.memoryReport.empty())
        if (std::string wrong = writeReport(*memory, module); !wrong.empty())
          return finish(wrong);
    }
    if (options.memoryBudget && arena > options.memoryBudget) {
      reportError("the plan of --remat=" + train.plan.remat + " needs " +
                  formatByteSize(arena) + " (" + std::to_string(arena) +
                  " bytes), the budget is " + formatByteSize(options.memoryBudget) +
                  "; no plan of this order needs less than " + std::to_string(bound) +
                  " bytes");
      return kCompileOverBudget;
    }
    return kCompileDone;
  }

  /// After a refusal: what would fit.
  void advise(ModuleOp graph) {
    printAdvice(findFittingOptions(graph, train, options.memoryBudget, microBatch));
  }

  std::string writeReport(const MemoryReport &memory, ModuleOp module) {
    std::string text;
    llvm::raw_string_ostream os(text);
    writeMemoryReport(memory, module.getName().value_or("model"), options.memoryReport,
                      os);
    return writeBytes(options.memoryReport, text);
  }

  //===-- Output
  //-------------------------------------------------------------------------------===//

  int writeFile(const std::string &path,
                function_ref<bool(llvm::raw_pwrite_stream &)> write) {
    llvm::SmallVector<char, 0> bytes;
    llvm::raw_svector_ostream os(bytes);
    if (!write(os))
      return kCompileFailed;
    return finish(writeBytes(path, os.str()));
  }

  // The last thing: whether it was all written, reports on standard output included.
  int finish(std::string wrong = "") {
    if (std::string standard = writeBytes("-", ""); wrong.empty())
      wrong = standard;
    if (wrong.empty())
      return kCompileDone;
    reportError(wrong);
    return kCompileSystem;
  }

  int writeCode(ModuleOp module) {
    if (options.emit == "ptx")
      return writeFile(options.output, [&](llvm::raw_pwrite_stream &os) {
        return succeeded(emitPtx(module, gpuTarget, os));
      });
    ObjectOptions object;
    object.optionsJson = options.optionsJson;
    ObjectKind kind = options.emit == "llvm"  ? ObjectKind::Llvm
                      : options.emit == "asm" ? ObjectKind::Assembly
                                              : ObjectKind::Object;
    auto emit = [&](llvm::raw_pwrite_stream &os) {
      return succeeded(emitCpuObject(module, target, object, kind, os));
    };
    if (options.emit != "exe")
      return writeFile(options.output, emit);
    llvm::SmallVector<char, 0> bytes;
    llvm::raw_svector_ostream os(bytes);
    if (!emit(os))
      return kCompileFailed;
    lap("code");
    std::string wrong = makeWhole(options.output, [&](const std::string &executable) {
      return withTemporary(options.output, os.str(), [&](const std::string &objectFile) {
        return linkExecutable(objectFile, executable, program);
      });
    });
    lap("link");
    return finish(wrong);
  }

  void lap(const char *what) {
    auto now = std::chrono::steady_clock::now();
    if (options.timing)
      llvm::errs() << llvm::format(
          "%-8s %8.1f ms\n", what,
          std::chrono::duration<double, std::milli>(now - last).count());
    last = now;
  }

  const CompileOptions &options;
  const char *program;
  TrainOptions train;
  /// Samples per micro-batch, the model's own where none were asked for.
  int64_t microBatch = 0;
  std::optional<MemoryReport> comparison;
  CpuTarget target;
  GpuTarget gpuTarget;
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
};

} // namespace

int train::compile(const CompileOptions &options, const char *program) {
  // A reader that went away or a limit on the size of files is an error of a write, which
  // says so itself.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  endWithErrorOnExhaustion("train-compile", kCompileSystem);
  int code = kCompileFailed;
  runOnBigStack([&] { code = Compiler(options, program).run(); });
  return code;
}
