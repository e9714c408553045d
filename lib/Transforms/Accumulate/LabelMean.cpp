//===- LabelMean.cpp - a loss that is a mean over valid labels --------------===//
//
// What counts as such a loss, and the change of its divisor.
//
//===----------------------------------------------------------------------===//
#include "LabelMean.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace train;

static int64_t countElements(Value value) {
  return cast<RankedTensorType>(value.getType()).getNumElements();
}

static bool isSplat(Value value, std::optional<double> expected = std::nullopt) {
  auto constant = value.getDefiningOp<ConstantOp>();
  std::optional<double> splat = constant ? constant.getSplatValue() : std::nullopt;
  return splat && (!expected || *splat == *expected);
}

/// Adds the cross-entropies that `value` is a sum of; false where it is something else.
static bool collectParts(Value value, SmallVectorImpl<CrossEntropyOp> &parts) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (auto part = dyn_cast<CrossEntropyOp>(op)) {
    parts.push_back(part);
    return value == part.getLoss();
  }
  if (isa<AddOp>(op))
    return collectParts(op->getOperand(0), parts) &&
           collectParts(op->getOperand(1), parts);
  if (isa<CastOp, ReshapeOp>(op))
    return collectParts(op->getOperand(0), parts);
  // A derivative with respect to the divisor would be another matter, so only constants.
  if (isa<MulOp, DivOp>(op) && isSplat(op->getOperand(1)))
    return collectParts(op->getOperand(0), parts);
  if (isa<MulOp>(op) && isSplat(op->getOperand(0)))
    return collectParts(op->getOperand(1), parts);
  return false;
}

/// Whether `value` is the number of `rows` labels that are not `ignored`, as
/// train-chunk-loss writes it.
static bool isLabelCount(Value value, int64_t rows, int64_t ignored) {
  auto sum = value.getDefiningOp<ReduceSumOp>();
  auto ones = sum ? sum.getX().getDefiningOp<SelectOp>() : SelectOp();
  auto valid = ones ? ones.getCondition().getDefiningOp<CompareOp>() : CompareOp();
  return valid && countElements(value) == 1 && countElements(valid.getLhs()) == rows &&
         valid.getPredicate() == Predicate::NE && isSplat(valid.getRhs(), ignored) &&
         isSplat(ones.getLhs(), 1) && isSplat(ones.getRhs(), 0);
}

std::optional<LabelMean> train::findLabelMean(Value loss) {
  LabelMean mean;
  if (!collectParts(loss, mean.parts))
    return std::nullopt;
  CrossEntropyOp first = mean.parts.front();
  auto ignored = static_cast<int64_t>(first.getIgnoreIndex());
  for (CrossEntropyOp part : mean.parts) {
    mean.rows += countElements(part.getLabels());
    if (part.getDivisor() != first.getDivisor() ||
        static_cast<int64_t>(part.getIgnoreIndex()) != ignored)
      return std::nullopt;
  }
  mean.count = first.getDivisor() ? first.getDivisor() : first.getCount();
  bool counts = first.getDivisor() ? isLabelCount(mean.count, mean.rows, ignored)
                                   : mean.parts.size() == 1;
  if (!counts)
    return std::nullopt;
  for (Operation *user : mean.count.getUsers()) {
    if (auto adjoint = dyn_cast<CrossEntropyBackwardOp>(user))
      mean.adjoints.push_back(adjoint);
    else if (!llvm::is_contained(mean.parts, dyn_cast<CrossEntropyOp>(user)))
      return std::nullopt;
  }
  return mean;
}

void LabelMean::divideByRows(OpBuilder &builder) {
  auto scalar = cast<RankedTensorType>(count.getType());
  Value divisor = ConstantOp::create(
      builder, parts.front().getLoc(),
      DenseElementsAttr::get(scalar, builder.getFloatAttr(scalar.getElementType(),
                                                          static_cast<double>(rows))));
  for (CrossEntropyOp part : parts)
    part.getDivisorMutable().assign(divisor);
  for (CrossEntropyBackwardOp adjoint : adjoints)
    adjoint.getCountMutable().assign(divisor);
}
