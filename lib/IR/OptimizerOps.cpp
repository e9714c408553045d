// Optimizer updates and the scalars they need: verifiers, storage (every update is in
// place) and costs.
#include "ShapeInference.h"

#define GET_OP_CLASSES
#include "train/IR/OptimizerOps.cpp.inc"

using namespace mlir;
using namespace train;
using namespace train::inference;

/// Checks what all updates share: a gradient of the parameter's shape, and scalar lr,
/// grad_scale and apply.
template <typename Update>
static LogicalResult checkUpdate(const Failure &fail, Update op) {
  Builder builder(op.getContext());
  if (failed(checkShape(fail, op.getGrad(), "grad", getShape(op.getParam()))) ||
      failed(checkScalar(fail, op.getLr(), "lr", builder.getF32Type())))
    return failure();
  if (op.getGradScale() &&
      failed(checkScalar(fail, op.getGradScale(), "grad_scale", builder.getF32Type())))
    return failure();
  if (op.getApply() &&
      failed(checkScalar(fail, op.getApply(), "apply", builder.getI1Type())))
    return failure();
  if ((op.getCopy() == nullptr) != (op.getNewCopy() == nullptr))
    return fail("has a copy or a new copy without the other");
  if (op.getCopy()) {
    Type narrow = getElement(op.getCopy()), wide = getElement(op.getParam());
    if (failed(checkShape(fail, op.getCopy(), "copy", getShape(op.getParam()))))
      return failure();
    if (!CastOp::isExact(narrow, wide))
      return fail("copy must be narrower than ", wide, ", got ", narrow);
    if (op.getNewCopy().getType() != op.getCopy().getType())
      return fail("copy has type ", op.getCopy().getType(), ", its update ",
                  op.getNewCopy().getType());
  }
  double decay = op.getWeightDecay().convertToDouble();
  if (!std::isfinite(decay) || decay < 0)
    return fail("weight_decay must be finite and not negative, got ", decay);
  return success();
}

/// Each result is in the place of its old value, which `operands` gives but for the copy:
/// that is the last operand.
static ResultStorage getUpdateStorage(Operation *op, ArrayRef<unsigned> operands,
                                      unsigned result) {
  return ResultStorage::alias(result < operands.size() ? operands[result]
                                                       : op->getNumOperands() - 1);
}

/// Checks that a decay rate of a running average is in [0, 1).
static LogicalResult checkBeta(const Failure &fail, StringRef name,
                               const APFloat &value) {
  double beta = value.convertToDouble();
  return beta >= 0 && beta < 1 ? success() : fail(name, " must be in [0, 1), got ", beta);
}

//===-- Updates ---------------------------------------------------------------===//

LogicalResult SgdOp::verify() { return checkUpdate(failureAt(*this), *this); }
ResultStorage SgdOp::getResultStorage(unsigned result) {
  return getUpdateStorage(*this, {0}, result);
}
RowKind SgdOp::getRowKind() { return RowKind::Flat; }
int64_t SgdOp::getFlops() { return getElementwiseFlops(getParam(), 5); }

LogicalResult MomentumOp::verify() {
  Failure fail = failureAt(*this);
  if (failed(checkUpdate(fail, *this)))
    return failure();
  return checkBeta(fail, "beta", getBeta());
}

// new_param in param's place, new_velocity in velocity's.
ResultStorage MomentumOp::getResultStorage(unsigned result) {
  return getUpdateStorage(*this, {0, 2}, result);
}

RowKind MomentumOp::getRowKind() { return RowKind::Flat; }
int64_t MomentumOp::getFlops() { return getElementwiseFlops(getParam(), 7); }

LogicalResult AdamWOp::verify() {
  Failure fail = failureAt(*this);
  Type f32 = Float32Type::get(getContext());
  if (failed(checkUpdate(fail, *this)) ||
      failed(checkScalar(fail, getCorrection1(), "the first correction", f32)) ||
      failed(checkScalar(fail, getCorrection2(), "the second correction", f32)) ||
      failed(checkBeta(fail, "beta1", getBeta1())) ||
      failed(checkBeta(fail, "beta2", getBeta2())))
    return failure();
  double eps = getEps().convertToDouble();
  if (!std::isfinite(eps) || eps < 0)
    return fail("eps must be finite and not negative, got ", eps);
  return success();
}

// new_param in param's place, new_m in m's (operand 2), new_v in v's (operand 3).
ResultStorage AdamWOp::getResultStorage(unsigned result) {
  return getUpdateStorage(*this, {0, 2, 3}, result);
}

RowKind AdamWOp::getRowKind() { return RowKind::Flat; }
int64_t AdamWOp::getFlops() { return getElementwiseFlops(getParam(), 16); }

//===-- Scalars ---------------------------------------------------------------===//

static LogicalResult checkCounter(const Failure &fail, Value counter) {
  return checkScalar(fail, counter, "counter",
                     IntegerType::get(counter.getContext(), 64));
}

LogicalResult IncrementOp::verify() {
  Failure fail = failureAt(*this);
  if (failed(checkCounter(fail, getCounter())))
    return failure();
  return getApply()
             ? checkScalar(fail, getApply(), "apply", IntegerType::get(getContext(), 1))
             : success();
}

ResultStorage IncrementOp::getResultStorage(unsigned) { return ResultStorage::alias(0); }
RowKind IncrementOp::getRowKind() { return RowKind::Flat; }

LogicalResult BiasCorrectionOp::verify() {
  Failure fail = failureAt(*this);
  if (failed(checkCounter(fail, getCounter())) ||
      failed(
          checkScalar(fail, getResult(), "the result", Float32Type::get(getContext()))))
    return failure();
  return checkBeta(fail, "beta", getBeta());
}

RowKind BiasCorrectionOp::getRowKind() { return RowKind::Flat; }

LogicalResult SumSquaresOp::verify() {
  Failure fail = failureAt(*this);
  Type f32 = Float32Type::get(getContext());
  if (failed(checkScalar(fail, getResult(), "the result", f32)))
    return failure();
  return getScale() ? checkScalar(fail, getScale(), "scale", f32) : success();
}

RowKind SumSquaresOp::getRowKind() { return RowKind::Flat; }

LogicalResult ClipCoefficientOp::verify() {
  Failure fail = failureAt(*this);
  Type f32 = Float32Type::get(getContext());
  for (Value squares : getSquares())
    if (failed(checkScalar(fail, squares, "each sum of squares", f32)))
      return failure();
  if (failed(checkScalar(fail, getCoefficient(), "the coefficient", f32)) ||
      failed(checkScalar(fail, getNorm(), "the norm", f32)))
    return failure();
  double maxNorm = getMaxNorm().convertToDouble();
  if (!(maxNorm > 0))
    return fail("max_norm must be positive, got ", maxNorm);
  return success();
}

RowKind ClipCoefficientOp::getRowKind() { return RowKind::Flat; }
