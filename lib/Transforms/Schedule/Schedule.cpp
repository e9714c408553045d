//===- Schedule.cpp - train-schedule ----------------------------------------===//
//
// Tries the list scheduler's order against the one given and keeps the one with the
// lower peak, both judged with results in the place of dying operands.
//
//===----------------------------------------------------------------------===//
#include "../InPlace.h"
#include "BlockOrder.h"
#include "mlir/IR/Remarks.h"
#include "train/Analysis/MemoryTimeline.h"
#include "train/IR/Programs.h"
#include "train/Transforms/Passes.h"

namespace train {
#define GEN_PASS_DEF_TRAINSCHEDULE
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

/// The order of every block of a program, innermost first.
using ProgramOrder = SmallVector<std::pair<Block *, SmallVector<Operation *>>>;

ProgramOrder getCurrentOrder(ProgramOpInterface program) {
  ProgramOrder order;
  for (Block *block : getExecutedBlocks(program))
    order.push_back({block, llvm::map_to_vector(block->without_terminator(),
                                                [](Operation &op) { return &op; })});
  return order;
}

/// The peak of the program as it stands, or nothing if its order can't be executed.
std::optional<int64_t> measurePeak(ProgramOpInterface program,
                                   const PersistentMemory &persistent, int threads) {
  ScopedDiagnosticHandler silence(program->getContext(),
                                  [](Diagnostic &) { return success(); });
  FailureOr<MemoryTimeline> timeline =
      MemoryTimeline::build(program, persistent, threads);
  if (failed(timeline))
    return std::nullopt;
  return timeline->getLowerBound();
}

/// A program's order, with the aliases its fusions had when it was given.
struct Candidate {
  ProgramOrder order;
  SmallVector<std::pair<FusionOp, SmallVector<int64_t>>> givenAliases;

  /// Puts the ops into this order.
  void apply() {
    for (const auto &[block, ops] : order)
      applyOrder(*block, ops);
  }

  /// Applies it, and measures the program with all that can be computed in place.
  std::optional<int64_t> measure(ProgramOpInterface program,
                                 const PersistentMemory &persistent, int threads) {
    apply();
    for (const auto &[block, ops] : order)
      markInPlace(*block);
    std::optional<int64_t> peak = measurePeak(program, persistent, threads);
    for (auto &[fusion, aliases] : givenAliases)
      fusion.setAliases(aliases);
    return peak;
  }
};

struct Schedule : train::impl::TrainScheduleBase<Schedule> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    PersistentMemory persistent(module);
    for (ProgramOpInterface program : getExecutedPrograms(module))
      if (failed(schedule(program, persistent)))
        return signalPassFailure();
    setStage(module, Stage::Scheduled);
  }

private:
  LogicalResult schedule(ProgramOpInterface program, const PersistentMemory &persistent) {
    Candidate given{getCurrentOrder(program), {}};
    program.getBodyBlock()->walk([&](FusionOp fusion) {
      given.givenAliases.push_back({fusion, llvm::to_vector(fusion.getAliases())});
    });
    Candidate found{{}, given.givenAliases};
    for (auto &[block, ops] : given.order) {
      found.order.push_back({block, orderBlock(*block)});
      if (found.order.back().second.size() == ops.size())
        continue;
      // Two ops have to come before each other; the given order shows where it breaks.
      if (failed(MemoryTimeline::build(program, persistent, threads)))
        return failure();
      return program->emitOpError(
          "has values that are overwritten in place and read in a circle");
    }
    std::optional<int64_t> foundPeak = found.measure(program, persistent, threads);
    std::optional<int64_t> givenPeak = given.measure(program, persistent, threads);
    bool keepGiven = givenPeak && (!foundPeak || *givenPeak < *foundPeak);
    (keepGiven ? given : found).apply();
    // An order that can't be executed fails here, with the reason.
    if (failed(MemoryTimeline::build(program, persistent, threads)))
      return failure();
    remark::passed(program.getLoc(),
                   remark::RemarkOpts::name("Scheduled").category("train-schedule"))
        << remark::add("kept the {0} order", keepGiven ? "given" : "list scheduler's")
        << remark::metric("peak_bytes", keepGiven ? *givenPeak : foundPeak.value_or(-1))
        << remark::metric("given_peak_bytes", givenPeak.value_or(-1))
        << remark::metric("list_peak_bytes", foundPeak.value_or(-1));
    return success();
  }
};

} // namespace
