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
  if (isa<ReadOp, RandomKeyOp>(result.getOwner()) || matchPattern(result.getOwner(), m_Constant()))
    return false;
  return getResultStorage(result).kind != ResultStorage::Kind::View;
}

/// Folds `sum` of `term` and `other`; false where `term` can't accumulate.
bool fold(AddOp sum, Value term, Value other) {
  auto op = term.getDefiningOp<AccumulatingOpInterface>();
  if (!op || op->getBlock() != sum->getBlock() || op->getNumResults() != 1 || !term.hasOneUse() ||
      !op.getAccumulatorMutable().empty() || term.getType() != sum.getType() ||
      other.getType() != sum.getType() || term == other || !isFreeToOverwrite(other) ||
      other.getParentBlock() != sum->getBlock())
    return false;
  op->moveBefore(sum);
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
