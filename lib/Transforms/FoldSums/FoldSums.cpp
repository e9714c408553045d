//===- FoldSums.cpp - train-fold-sums ---------------------------------------===//
//
// One sweep over the accumulations that are there already, and one over the sums of each
// step: what an op can add to by itself needs no kernel, what others still read can't be
// added to.
//
//===----------------------------------------------------------------------===//
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "train/IR/Programs.h"
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

/// Makes a sum of its own of an accumulation into a value that may not be overwritten.
void unfold(AccumulatingOpInterface op) {
  MutableOperandRange accumulator = op.getAccumulatorMutable();
  if (accumulator.empty() || op->getNumResults() != 1)
    return;
  Value other = accumulator[0].get();
  if (other.getParentBlock() == op->getBlock() && isFreeToOverwrite(other))
    return;
  OpBuilder builder(op);
  accumulator.clear();
  // The product was made in the accumulator's type; narrower operands widen exactly.
  Type element = getElementTypeOrSelf(other.getType());
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = cast<RankedTensorType>(operand.get().getType());
    if (isa<FloatType>(type.getElementType()) && type.getElementType() != element)
      operand.set(
          CastOp::create(builder, op->getLoc(), type.clone(element), operand.get()));
  }
  builder.setInsertionPointAfter(op);
  auto sum = AddOp::create(builder, op->getLoc(), op->getResult(0), other);
  if (Attribute layer = op->getAttr(kLayerAttr))
    sum->setAttr(kLayerAttr, layer);
  op->getResult(0).replaceAllUsesExcept(sum.getResult(), sum);
}

struct FoldSums : train::impl::TrainFoldSumsBase<FoldSums> {
  void runOnOperation() override {
    // In all programs: users write accumulators, too, and backward reads what they saw.
    for (ProgramOpInterface program : getExecutedPrograms(getOperation()))
      program.walk(unfold);
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
