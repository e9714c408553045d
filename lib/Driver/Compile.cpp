// From a file to an executable: parse, run the pipelines stage by stage, plan, generate code, link.
#include "train/Driver/Compile.h"
#include "train/Analysis/MemoryReport.h"
#include "train/Analysis/PlanAttributes.h"
#include "train/Conversion/CpuObject.h"
#include "train/Driver/Registration.h"
#include "train/IR/SafeParse.h"
#include "train/Reference/CheckPasses.h"
#include "train/Support/ByteSize.h"
#include "train/Support/NearestName.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ToolOutputFile.h"

#include <chrono>

using namespace mlir;
using namespace train;

namespace {

void report(const std::string &message) {
  llvm::errs() << "train-compile: error: " << message << "\n";
}

class Compiler {
public:
  Compiler(const CompileOptions &options, const char *program)
      : options(options), program(program) {}

  int run() {
    DialectRegistry registry;
    registerTrainDialect(registry);
    MLIRContext context(registry, MLIRContext::Threading::DISABLED);
    context.loadAllAvailableDialects();
    OwningOpRef<ModuleOp> module = parseModuleSafely(options.input, &context);
    if (!module)
      return llvm::sys::fs::exists(options.input) || options.input == "-" ? kCompileFailed
                                                                          : kCompileSystem;
    lap("parse");
    if (int code = settleBatch(*module); code != kCompileDone)
      return code;
    std::optional<Stage> stop;
    if (int code = parseEmit(stop); code != kCompileDone)
      return code;
    if (failed(runPipelines(*module, stop.value_or(Stage::Planned))))
      return kCompileFailed;
    lap("passes");
    if (getStage(*module) == Stage::Planned)
      if (int code = reportMemory(*module); code != kCompileDone)
        return code;
    if (stop)
      return writeText([&](llvm::raw_ostream &os) { module->print(os, OpPrintingFlags().enableDebugInfo(false)); });
    if (options.dryRun)
      return kCompileDone;
    return writeCode(*module);
  }

private:
  //===-- Options that need the model ---------------------------------------------------------===//

  int settleBatch(ModuleOp module) {
    train = options.train;
    train.graph.batch = options.microBatch;
    train.plan.threads = options.threads;
    int64_t micro = options.microBatch;
    for (auto graph : module.getOps<GraphOp>())
      for (auto [argument, dim] : llvm::zip(graph.getBody().getArguments(), graph.getBatchDims()))
        if (!micro && dim >= 0)
          micro = cast<RankedTensorType>(argument.getType()).getDimSize(dim);
    int64_t accumulate = options.accumulate;
    if (options.globalBatch && micro) {
      // --global-batch and --accumulate without --micro-batch give the micro-batch.
      if (accumulate && !options.microBatch) {
        if (options.globalBatch % accumulate) {
          report("--global-batch=" + std::to_string(options.globalBatch) + " is not a multiple of --accumulate=" +
                 std::to_string(accumulate));
          return kCompileUsage;
        }
        train.graph.batch = micro = options.globalBatch / accumulate;
      }
      if (options.globalBatch % micro) {
        report("--global-batch=" + std::to_string(options.globalBatch) +
               " is not a multiple of the model's micro-batch of " + std::to_string(micro));
        return kCompileUsage;
      }
      accumulate = options.globalBatch / micro;
    }
    train.step.accumulate = std::max<int64_t>(1, accumulate);
    return kCompileDone;
  }

  int parseEmit(std::optional<Stage> &stop) {
    StringRef emit = options.emit;
    if (emit == "exe" || emit == "object" || emit == "llvm" || emit == "asm")
      return kCompileDone;
    if (emit.consume_front("mlir")) {
      if (emit.empty()) {
        stop = Stage::Planned;
        return kCompileDone;
      }
      if (emit.consume_front(":") && (stop = symbolizeStage(emit)))
        return kCompileDone;
    }
    std::vector<std::string> known{"mlir", "llvm", "asm", "object", "exe"};
    for (const char *stage : {"graph", "step", "parallel", "fused", "scheduled", "planned"})
      known.push_back(std::string("mlir:") + stage);
    std::string near = nearestName(options.emit, known);
    report("cannot emit '" + options.emit + "'" + (near.empty() ? "" : ", did you mean '" + near + "'?"));
    return kCompileUsage;
  }

  //===-- Stages -------------------------------------------------------------------------------===//

  LogicalResult runPipelines(ModuleOp module, Stage last) {
    PassManager pm(module.getContext());
    bool changed = false;
    if (options.checkPasses) {
      reference::CheckPassesOptions check;
      check.onFailure = [&] { changed = true; };
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
    return failure(failed(pm.run(module)) || changed);
  }

  //===-- Memory -------------------------------------------------------------------------------===//

  int reportMemory(ModuleOp module) {
    auto bytes = [&](StringRef name) {
      auto attr = module->getAttrOfType<IntegerAttr>(name);
      return attr ? attr.getInt() : 0;
    };
    int64_t arena = bytes(kArenaBytesAttr), bound = bytes(kLowerBoundAttr);
    if (options.printMemory || !options.memoryReport.empty()) {
      FailureOr<llvm::json::Object> memory = buildMemoryReport(module);
      if (failed(memory))
        return kCompileFailed;
      if (options.printMemory)
        printMemory(*memory, arena, bound);
      if (!options.memoryReport.empty()) {
        std::string text = llvm::formatv("{0:2}\n", llvm::json::Value(std::move(*memory)));
        if (int code = writeFile(options.memoryReport, [&](llvm::raw_pwrite_stream &os) { os << text; return true; });
            code != kCompileDone)
          return code;
      }
    }
    if (options.memoryBudget && arena > options.memoryBudget) {
      report("the plan needs " + formatByteSize(arena) + " (" + std::to_string(arena) + " bytes), the budget is " +
             formatByteSize(options.memoryBudget) + "; no plan of this schedule needs less than " +
             std::to_string(bound) + " bytes; a smaller --micro-batch needs less");
      return kCompileOverBudget;
    }
    return kCompileDone;
  }

  static void printMemory(const llvm::json::Object &memory, int64_t arena, int64_t bound) {
    llvm::raw_ostream &os = llvm::outs();
    os << "arena " << arena << " bytes (" << formatByteSize(arena) << "), lower bound " << bound << " bytes\n";
    if (const llvm::json::Object *categories = memory.getObject("by_category")) {
      // In the order of DESIGN, not of the hash table.
      for (const char *name : {"parameters", "gradients", "optimizer", "activations", "workspace", "communication",
                               "inputs", "state"})
        if (auto value = categories->getInteger(name))
          os << "  " << llvm::left_justify(name, 14) << llvm::format("%14lld", static_cast<long long>(*value)) << "\n";
    }
    os.flush();
  }

  //===-- Output -------------------------------------------------------------------------------===//

  // Writes beside the target and renames, so that a failed run never leaves half a file.
  int writeFile(const std::string &path, function_ref<bool(llvm::raw_pwrite_stream &)> write) {
    llvm::SmallString<128> temporary;
    int descriptor;
    if (std::error_code error = llvm::sys::fs::createUniqueFile(path + ".%%%%%%.tmp", descriptor, temporary)) {
      report("cannot write " + path + ": " + error.message());
      return kCompileSystem;
    }
    llvm::raw_fd_ostream os(descriptor, /*shouldClose=*/true);
    bool written = write(os);
    os.close();
    std::error_code error = os.error();
    os.clear_error();
    if (written && !error)
      error = llvm::sys::fs::rename(temporary, path);
    if (!written || error) {
      llvm::sys::fs::remove(temporary);
      if (error)
        report("cannot write " + path + ": " + error.message());
      return written ? kCompileSystem : kCompileFailed;
    }
    return kCompileDone;
  }

  int writeText(function_ref<void(llvm::raw_ostream &)> print) {
    if (options.output.empty() || options.output == "-") {
      print(llvm::outs());
      llvm::outs() << "\n";
      return kCompileDone;
    }
    return writeFile(options.output, [&](llvm::raw_pwrite_stream &os) {
      print(os);
      os << "\n";
      return true;
    });
  }

  int writeCode(ModuleOp module) {
    llvm::Expected<CpuTarget> target = CpuTarget::get(options.cpu);
    if (!target) {
      report(llvm::toString(target.takeError()));
      return kCompileUsage;
    }
    ObjectOptions object;
    object.optionsJson = options.optionsJson;
    ObjectKind kind = options.emit == "llvm"  ? ObjectKind::Llvm
                      : options.emit == "asm" ? ObjectKind::Assembly
                                              : ObjectKind::Object;
    auto emit = [&](llvm::raw_pwrite_stream &os) {
      return succeeded(emitCpuObject(module, *target, object, kind, os));
    };
    if (options.emit != "exe")
      return writeFile(options.output, emit);
    std::string objectFile = options.output + ".o.tmp";
    if (int code = writeFile(objectFile, emit); code != kCompileDone)
      return code;
    lap("code");
    std::string linked = options.output + ".exe.tmp";
    std::string wrong = linkExecutable(objectFile, linked, program);
    llvm::sys::fs::remove(objectFile);
    if (wrong.empty())
      if (std::error_code error = llvm::sys::fs::rename(linked, options.output))
        wrong = "cannot write " + options.output + ": " + error.message();
    lap("link");
    if (wrong.empty())
      return kCompileDone;
    llvm::sys::fs::remove(linked);
    report(wrong);
    return kCompileSystem;
  }

  void lap(const char *what) {
    auto now = std::chrono::steady_clock::now();
    if (options.timing)
      llvm::errs() << llvm::format("%-8s %8.1f ms\n", what,
                                   std::chrono::duration<double, std::milli>(now - last).count());
    last = now;
  }

  const CompileOptions &options;
  const char *program;
  TrainOptions train;
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
};

} // namespace

int train::compile(const CompileOptions &options, const char *program) {
  int code = kCompileFailed;
  runOnBigStack([&] { code = Compiler(options, program).run(); });
  return code;
}
