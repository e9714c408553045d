// Casts, quantization and loss scaling: verifiers and storage.
#include "ShapeInference.h"

#define GET_OP_CLASSES
#include "train/IR/PrecisionOps.cpp.inc"

using namespace mlir;
using namespace train;
using namespace train::inference;

static LogicalResult checkScale(const Failure &fail, Value scale) {
  return checkScalar(fail, scale, "scale", Float32Type::get(scale.getContext()));
}

LogicalResult ScaleLossOp::verify() { return checkScale(failureAt(*this), getScale()); }

LogicalResult UnscaleOp::verify() { return checkScale(failureAt(*this), getScale()); }

LogicalResult CheckFiniteOp::verify() {
  Failure fail = failureAt(*this);
  Type i1 = IntegerType::get(getContext(), 1);
  if (failed(checkScalar(fail, getResult(), "the result", i1)))
    return failure();
  return getPrevious() ? checkScalar(fail, getPrevious(), "the previous verdict", i1)
                       : success();
}

RowKind CheckFiniteOp::getRowKind() { return RowKind::Flat; }

LogicalResult UpdateScaleOp::verify() {
  Failure fail = failureAt(*this);
  Type i64 = IntegerType::get(getContext(), 64);
  if (failed(checkScale(fail, getScale())) ||
      failed(checkScalar(fail, getGoodSteps(), "good_steps", i64)) ||
      failed(checkScalar(fail, getBadSteps(), "bad_steps", i64)) ||
      failed(checkScalar(fail, getFinite(), "finite", IntegerType::get(getContext(), 1))))
    return failure();
  double growth = getGrowth().convertToDouble(), backoff = getBackoff().convertToDouble(),
         minimum = getMinimum().convertToDouble();
  // Written so that NaN fails too.
  if (!(std::isfinite(growth) && growth >= 1))
    return fail("growth must be finite and at least 1, got ", growth);
  if (!(backoff > 0 && backoff <= 1))
    return fail("backoff must be in (0, 1], got ", backoff);
  if (!(std::isfinite(minimum) && minimum > 0))
    return fail("minimum must be positive and finite, got ", minimum);
  if (static_cast<int64_t>(getWindow()) < 1)
    return fail("window must be at least 1, got ", static_cast<int64_t>(getWindow()));
  if (static_cast<int64_t>(getHysteresis()) < 1)
    return fail("hysteresis must be at least 1, got ",
                static_cast<int64_t>(getHysteresis()));
  return success();
}

// The scale and its counters, each in the place of its old value.
ResultStorage UpdateScaleOp::getResultStorage(unsigned result) {
  return ResultStorage::alias(result);
}
RowKind UpdateScaleOp::getRowKind() { return RowKind::Flat; }

/// Checks a pair of a wide and a low-precision tensor and the scale between them.
static LogicalResult checkQuantized(const Failure &fail, Value wide, Value low,
                                    StringRef lowName, Value scale) {
  if (getShape(wide) != getShape(low))
    return fail("changes the shape: ", toText(getShape(wide)), " and ",
                toText(getShape(low)));
  if (failed(checkScale(fail, scale)))
    return failure();
  Type element = getTensor(low).getElementType();
  unsigned bits = element.getIntOrFloatBitWidth();
  if (bits < 2 || bits > 8)
    return fail(lowName, " must have elements of 2 to 8 bits, got ", element);
  return success();
}

LogicalResult QuantizeOp::verify() {
  return checkQuantized(failureAt(*this), getX(), getResult(), "the result", getScale());
}

LogicalResult DequantizeOp::verify() {
  return checkQuantized(failureAt(*this), getResult(), getX(), "x", getScale());
}
