//===- VerifyStage.cpp - train-verify-stage ---------------------------------===//
//
// The contract of each stage as one table: what is required, and what is
// forbidden, from a stage on.
//
//===----------------------------------------------------------------------===//
#include "train/Analysis/MemoryTimeline.h"
#include "train/Analysis/PlanAttributes.h"
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

LogicalResult hasOffsets(ModuleOp module) {
  for (StringRef name : {kArenaBytesAttr, kLowerBoundAttr, kThreadsAttr})
    if (!module->getAttrOfType<IntegerAttr>(name))
      return module.emitError("the module lacks the attribute '")
             << name << "' of a memory plan";
  int64_t arenaBytes = module->getAttrOfType<IntegerAttr>(kArenaBytesAttr).getInt();
  for (Operation &op : module.getOps()) {
    if (!isa<ParamOp, StateOp>(op))
      continue;
    auto offset = op.getAttrOfType<IntegerAttr>("offset");
    if (!offset)
      return op.emitOpError("has no offset in the arena");
    int64_t bytes = getByteSize(op.getAttrOfType<TypeAttr>("type").getValue());
    if (offset.getInt() < 0 || offset.getInt() + bytes > arenaBytes)
      return op.emitOpError("is placed at bytes ")
             << offset.getInt() << " to " << offset.getInt() + bytes << " of an arena of "
             << arenaBytes;
  }
  for (ProgramOpInterface program : getExecutedPrograms(module))
    if (!program->getAttrOfType<DenseI64ArrayAttr>(kArgOffsetsAttr))
      return program->emitOpError("lacks the attribute '") << kArgOffsetsAttr << "'";
  return forEachOp(module, [&](Operation *op) -> LogicalResult {
    if (op->getNumResults() == 0)
      return success();
    auto offsets = op->getAttrOfType<DenseI64ArrayAttr>(kOffsetsAttr);
    if (!offsets || offsets.size() != op->getNumResults())
      return op->emitOpError("needs one entry per result in the attribute '")
             << kOffsetsAttr << "'";
    for (auto [offset, type] :
         llvm::zip_equal(offsets.asArrayRef(), op->getResultTypes()))
      if (offset < -1 || (offset >= 0 && offset + getByteSize(type) > arenaBytes))
        return op->emitOpError("has a result at byte ")
               << offset << " of an arena of " << arenaBytes;
    return success();
  });
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
    {Stage::Planned, Stage::Planned, hasOffsets},
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
