// Losses: type inference and costs of cross_entropy and mse.
#include "ShapeInference.h"

#define GET_OP_CLASSES
#include "train/IR/LossOps.cpp.inc"

using namespace mlir;
using namespace train;
using namespace train::inference;

/// Checks logits [..., V] against labels [...].
static LogicalResult checkLabels(const Failure &fail, Value logits, Value labels) {
  ArrayRef<int64_t> shape = getShape(logits);
  if (shape.empty())
    return fail("logits must have rank 1 or more, got 0");
  return checkShape(fail, labels, "labels", shape.drop_back());
}

LogicalResult CrossEntropyOp::inferReturnTypes(MLIRContext *,
                                               std::optional<Location> location,
                                               Adaptor adaptor,
                                               SmallVectorImpl<Type> &types) {
  Failure fail(location, getOperationName());
  if (failed(checkLabels(fail, adaptor.getLogits(), adaptor.getLabels())))
    return failure();
  Type statistics = getStatisticsType(getTensor(adaptor.getLogits()).getElementType());
  if (adaptor.getDivisor() &&
      failed(checkScalar(fail, adaptor.getDivisor(), "divisor", statistics)))
    return failure();
  auto scalar = RankedTensorType::get({}, statistics);
  types.append(
      {scalar, RankedTensorType::get(getShape(adaptor.getLabels()), statistics), scalar});
  return success();
}

RowKind CrossEntropyOp::getRowKind() { return RowKind::Row; }
// Per logit: maximum, difference, exp (12), sum.
int64_t CrossEntropyOp::getFlops() { return getElementwiseFlops(getLogits(), 15); }
PrecisionClass CrossEntropyOp::getPrecisionClass() { return PrecisionClass::Full; }

LogicalResult CrossEntropyBackwardOp::inferReturnTypes(MLIRContext *,
                                                       std::optional<Location> location,
                                                       Adaptor adaptor,
                                                       SmallVectorImpl<Type> &types) {
  Failure fail(location, getOperationName());
  RankedTensorType logits = getTensor(adaptor.getLogits());
  Type statistics = getStatisticsType(logits.getElementType());
  if (failed(checkLabels(fail, adaptor.getLogits(), adaptor.getLabels())) ||
      failed(checkScalar(fail, adaptor.getDloss(), "dloss", statistics)) ||
      failed(checkTensor(fail, adaptor.getLse(), "lse", getShape(adaptor.getLabels()),
                         statistics)) ||
      failed(checkScalar(fail, adaptor.getCount(), "count", statistics)))
    return failure();
  types.push_back(logits);
  return success();
}

RowKind CrossEntropyBackwardOp::getRowKind() { return RowKind::Row; }
// Per logit: difference, exp (12), comparison with the label, product.
int64_t CrossEntropyBackwardOp::getFlops() {
  return getElementwiseFlops(getLogits(), 15);
}
PrecisionClass CrossEntropyBackwardOp::getPrecisionClass() {
  return PrecisionClass::Full;
}

LogicalResult MseOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                      Adaptor adaptor, SmallVectorImpl<Type> &types) {
  Failure fail(location, getOperationName());
  RankedTensorType prediction = getTensor(adaptor.getPrediction());
  if (failed(checkTensor(fail, adaptor.getTarget(), "target", prediction.getShape(),
                         prediction.getElementType())))
    return failure();
  types.push_back(
      RankedTensorType::get({}, getStatisticsType(prediction.getElementType())));
  return success();
}

RowKind MseOp::getRowKind() { return RowKind::Row; }
int64_t MseOp::getFlops() { return getElementwiseFlops(getPrediction(), 3); }
PrecisionClass MseOp::getPrecisionClass() { return PrecisionClass::Full; }

std::optional<int64_t> CrossEntropyOp::getIndexBound(unsigned operand) {
  if (operand != 1)
    return std::nullopt;
  return cast<RankedTensorType>(getLogits().getType()).getShape().back();
}
std::optional<int64_t> CrossEntropyBackwardOp::getIndexBound(unsigned operand) {
  if (operand != 2)
    return std::nullopt;
  return cast<RankedTensorType>(getLogits().getType()).getShape().back();
}
