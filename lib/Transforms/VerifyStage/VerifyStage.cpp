//===- VerifyStage.cpp - train-verify-stage ---------------------------------===//
//
// The contract of each stage as one table: what is required, and what is
// forbidden, from a stage on.
//
//===----------------------------------------------------------------------===//
#include "train/Analysis/MemoryTimeline.h"
#include "train/Analysis/VerifyPlan.h"
#include "train/IR/Programs.h"
#include "train/Transforms/Passes.h"
#include "train/Transforms/StepOutputs.h"

namespace train {
#define GEN_PASS_DEF_TRAINVERIFYSTAGE
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

/// Applies `check` to every op that runs, those in micro-batch loops included, those in
/// fusions not.
LogicalResult forEachOp(ModuleOp module,
                        llvm::function_ref<LogicalResult(Operation *)> check) {
  for (ProgramOpInterface program : getExecutedPrograms(module)) {
    WalkResult walked =
        program.getBodyBlock()->walk<WalkOrder::PreOrder>([&](Operation *op) {
          if (failed(check(op)))
            return WalkResult::interrupt();
          return isa<FusionOp>(op) ? WalkResult::skip() : WalkResult::advance();
        });
    if (walked.wasInterrupted())
      return failure();
  }
  return success();
}

LogicalResult hasOneGraph(ModuleOp module) {
  auto graphs = llvm::to_vector(module.getOps<GraphOp>());
  if (graphs.size() == 1)
    return success();
  return module.emitError("a module has exactly one train.graph, this one has ")
         << graphs.size();
}

LogicalResult hasNoStep(ModuleOp module) {
  if (auto step = findProgram<StepOp>(module))
    return step.emitOpError("can't be there yet at stage graph");
  return success();
}

LogicalResult hasStep(ModuleOp module) {
  if (findProgram<StepOp>(module))
    return success();
  return module.emitError("there is no train.step, which this stage needs");
}

LogicalResult hasNoScopes(ModuleOp module) {
  return forEachOp(module, [](Operation *op) -> LogicalResult {
    if (isa<LayerOp, CheckpointOp>(op))
      return op->emitOpError("has to be inlined in programs that are executed");
    return success();
  });
}

LogicalResult hasNoOpenGradients(ModuleOp module) {
  for (auto step : module.getOps<StepOp>())
    for (Attribute name : step.getOutputNames())
      if (std::optional<StringRef> parameter =
              getGradientOf(cast<StringAttr>(name).getValue()))
        return step.emitOpError("still returns the gradient of @")
               << *parameter << ": no optimizer uses it";
  return success();
}

LogicalResult hasOneKernelPerOp(ModuleOp module) {
  return forEachOp(module, [](Operation *op) -> LogicalResult {
    if (op->getNumResults() == 0 || isa<LibraryOpInterface, RowProgramOpInterface,
                                        FusionOp, MicrobatchOp, ReadOp, RandomKeyOp>(op))
      return success();
    if (llvm::all_of(op->getResults(), [](OpResult result) {
          return getResultStorage(result).kind == ResultStorage::Kind::View;
        }))
      return success();
    return op->emitOpError("is neither a kernel, a library call nor a view");
  });
}

/// The order can be executed: nothing is read after its bytes are overwritten.
LogicalResult hasExecutableOrder(ModuleOp module) {
  PersistentMemory persistent(module);
  for (ProgramOpInterface program : getExecutedPrograms(module))
    if (failed(MemoryTimeline::build(program, persistent, /*threads=*/1)))
      return failure();
  return success();
}

struct Rule {
  Stage from, to; ///< the stages at which it holds, both included
  LogicalResult (*check)(ModuleOp);
};

constexpr Rule rules[] = {
    {Stage::Graph, Stage::Planned, hasOneGraph},
    {Stage::Graph, Stage::Graph, hasNoStep},
    {Stage::Step, Stage::Planned, hasStep},
    {Stage::Step, Stage::Planned, hasNoScopes},
    {Stage::Fused, Stage::Planned, hasNoOpenGradients},
    {Stage::Fused, Stage::Planned, hasOneKernelPerOp},
    {Stage::Scheduled, Stage::Planned, hasExecutableOrder},
    {Stage::Planned, Stage::Planned, verifyMemoryPlan},
};

struct VerifyStage : train::impl::TrainVerifyStageBase<VerifyStage> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    Stage stage = getStage(module);
    for (const Rule &rule : rules)
      if (rule.from <= stage && stage <= rule.to && failed(rule.check(module)))
        return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
