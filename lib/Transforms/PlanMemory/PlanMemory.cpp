//===- PlanMemory.cpp - train-plan-memory -----------------------------------===//
//
// Translates timelines into arena problems and solutions into attributes; the
// solving is lib/Planning's.
//
//===----------------------------------------------------------------------===//
#include "PlaceProgram.h"
#include "mlir/IR/Remarks.h"
#include "train/Analysis/PlanAttributes.h"
#include "train/IR/Programs.h"
#include "train/Transforms/Passes.h"

namespace train {
#define GEN_PASS_DEF_TRAINPLANMEMORY
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

/// Writes the plan of one program into its ops.
class PlanWriter {
public:
  PlanWriter(const MemoryTimeline &timeline, const PersistentMemory &persistent,
             const planning::ArenaSolution &solution)
      : timeline(timeline), persistent(persistent), solution(solution) {}

  void write(ProgramOpInterface program) {
    context = program->getContext();
    program->setAttr(kArgOffsetsAttr, getOffsets(program.getBodyBlock()->getArguments()));
    program.getBodyBlock()->walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (op->getNumResults())
        op->setAttr(kOffsetsAttr, getOffsets(op->getResults()));
      if (std::optional<unsigned> workspace = timeline.getWorkspace(op))
        op->setAttr(kWorkspaceAttr,
                    Builder(op).getI64IntegerAttr(getTransient(*workspace)));
      if (auto loop = dyn_cast<MicrobatchOp>(op))
        op->setAttr(kArgOffsetsAttr, getOffsets(loop.getBody().getArguments()));
      // What is inside a fusion is in registers.
      return isa<FusionOp>(op) ? WalkResult::skip() : WalkResult::advance();
    });
  }

private:
  DenseI64ArrayAttr getOffsets(ValueRange values) {
    SmallVector<int64_t> offsets;
    for (Value value : values) {
      std::optional<Place> place = timeline.lookup(value);
      if (!place)
        offsets.push_back(-1);
      else if (place->persistent)
        offsets.push_back(persistent.getOffset(place->storage) + place->byteOffset);
      else
        offsets.push_back(getTransient(place->storage) + place->byteOffset);
    }
    return DenseI64ArrayAttr::get(context, offsets);
  }

  int64_t getTransient(unsigned storage) {
    return persistent.getBytes() + solution.offsets[storage];
  }

  MLIRContext *context = nullptr;
  const MemoryTimeline &timeline;
  const PersistentMemory &persistent;
  const planning::ArenaSolution &solution;
};

struct PlanMemory : train::impl::TrainPlanMemoryBase<PlanMemory> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (threads < 1) {
      module.emitError("threads must be at least 1, got ") << threads.getValue();
      return signalPassFailure();
    }
    PersistentMemory persistent(module);
    // An arena problem adds 2^62 bytes at most: offsets stay within 63 bits.
    constexpr int64_t most = (int64_t(1) << 62) - 1;
    int64_t total = 0;
    for (const Storage &storage : persistent.getStorages()) {
      if (storage.bytes > most - total) {
        module.emitError("parameters, states and literals need 2^62 bytes or more");
        return signalPassFailure();
      }
      total += storage.bytes;
    }
    int64_t arenaBytes = persistent.getBytes();
    int64_t lowerBound = persistent.getBytes();
    for (ProgramOpInterface program : getExecutedPrograms(module))
      if (failed(plan(program, persistent, arenaBytes, lowerBound)))
        return signalPassFailure();

    Builder builder(module.getContext());
    for (auto [i, storage] : llvm::enumerate(persistent.getStorages())) {
      IntegerAttr offset = builder.getI64IntegerAttr(persistent.getOffset(i));
      if (auto param = dyn_cast<ParamOp>(storage.op))
        param.setOffsetAttr(offset);
      else if (auto state = dyn_cast<StateOp>(storage.op))
        state.setOffsetAttr(offset);
    }
    module->setAttr(kArenaBytesAttr, builder.getI64IntegerAttr(arenaBytes));
    module->setAttr(kLowerBoundAttr, builder.getI64IntegerAttr(lowerBound));
    module->setAttr(kThreadsAttr, builder.getI64IntegerAttr(threads));
    if (std::optional<unsigned> key = persistent.getRandomKey())
      module->setAttr(kRandomKeyOffsetAttr,
                      builder.getI64IntegerAttr(persistent.getOffset(*key)));
    setStage(module, Stage::Planned);
  }

private:
  LogicalResult plan(ProgramOpInterface program, const PersistentMemory &persistent,
                     int64_t &arenaBytes, int64_t &lowerBound) {
    FailureOr<MemoryTimeline> timeline =
        MemoryTimeline::build(program, persistent, threads);
    if (failed(timeline))
      return failure();
    // All programs share the arena, so one that fits below another's peak is placed well
    // enough.
    FailureOr<planning::ArenaSolution> placed =
        placeProgram(program, *timeline, arenaBytes - persistent.getBytes());
    if (failed(placed))
      return failure();
    const planning::ArenaSolution &solution = *placed;
    PlanWriter(*timeline, persistent, solution).write(program);

    int64_t bytes = persistent.getBytes() + solution.peak;
    arenaBytes = std::max(arenaBytes, bytes);
    lowerBound = std::max(lowerBound, timeline->getLowerBound());
    remark::analysis(
        program.getLoc(),
        remark::RemarkOpts::name("ArenaPlanned").category("train-plan-memory"))
        << remark::add("{0} storages by {1}", solution.offsets.size(), solution.solver)
        << remark::metric("arena_bytes", bytes)
        << remark::metric("lower_bound_bytes", timeline->getLowerBound())
        << remark::metric("persistent_bytes", persistent.getBytes());
    return success();
  }
};

} // namespace
