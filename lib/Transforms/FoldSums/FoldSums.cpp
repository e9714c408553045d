//===- FoldSums.cpp - train-fold-sums ---------------------------------------===//
//
// One sweep over the sums of each step; what an op can add to by itself needs no kernel.
//
//===----------------------------------------------------------------------===//
#include "mlir/IR/Matchers.h"
#include "train/Transforms/Passes.h"
#include "train/Transforms/StepOutputs.h"

namespace train {
#define GEN_PASS_DEF_TRAINFOLDSUMS
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

/// Whether an op may overwrite `value` in the place of its only use.
bool isFreeToOverwrite(Value value) {
  if (!value.hasOneUse())
    return false;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto loop = dyn_cast<MicrobatchOp>(argument.getOwner()->getParentOp());
    return loop && argument.getArgNumber() >= loop.getStreams().size();
  }
  auto result = cast<OpResult>(value);
  if (isa<ReadOp, RandomKeyOp>(result.getOwner()) ||
      matchPattern(result.getOwner(), m_Constant()))
    return false;
  return getResultStorage(result).kind != ResultStorage::Kind::View;
}

/// Whether `value` is computed before `op` in op's block, or is an argument of that
/// block.
bool isBefore(Value value, Operation *op) {
  if (value.getParentBlock() != op->getBlock())
    return false;
  return isa<BlockArgument>(value) || value.getDefiningOp()->isBeforeInBlock(op);
}

/// The op that can take another term for the sum that `term` is: the one that computes
/// it, or the first of a chain in which each accumulates into the next. Null if there is
/// none.
AccumulatingOpInterface findAccumulating(Value term, Type type) {
  while (true) {
    auto op = term.getDefiningOp<AccumulatingOpInterface>();
    if (!op || op->getNumResults() != 1 || !term.hasOneUse() || term.getType() != type)
      return nullptr;
    MutableOperandRange accumulator = op.getAccumulatorMutable();
    if (accumulator.empty())
      return op;
    term = accumulator[0].get();
  }
}

/// Folds `sum` of `term` and `other`; false where `term` can't accumulate.
bool fold(AddOp sum, Value term, Value other) {
  AccumulatingOpInterface op = findAccumulating(term, sum.getType());
  if (!op || op->getBlock() != sum->getBlock() || other.getType() != sum.getType() ||
      other.getParentBlock() != sum->getBlock() || !isFreeToOverwrite(other))
    return false;
  if (!isBefore(other, op)) {
    // Only the op itself can move to the sum: a chain has readers in between.
    if (term.getDefiningOp() != op)
      return false;
    op->moveBefore(sum);
  }
  op.getAccumulatorMutable().assign(other);
  sum.getResult().replaceAllUsesWith(term);
  sum.erase();
  return true;
}

struct FoldSums : train::impl::TrainFoldSumsBase<FoldSums> {
  void runOnOperation() override {
    for (auto step : getOperation().getOps<StepOp>()) {
      SmallVector<AddOp> sums;
      step.walk([&](AddOp sum) { sums.push_back(sum); });
      for (AddOp sum : sums)
        if (!fold(sum, sum.getRhs(), sum.getLhs()))
          fold(sum, sum.getLhs(), sum.getRhs());
    }
  }
};

} // namespace
