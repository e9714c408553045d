// Reductions and normalizations: type inference, row kinds and costs. Pooling, the rest
// of the family, is in ReductionPooling.cpp.
#include "ShapeInference.h"

#define GET_OP_CLASSES
#include "train/IR/ReductionOps.cpp.inc"

using namespace mlir;
using namespace train;
using namespace train::inference;

//===-- reduce_sum, reduce_mean, reduce_max -----------------------------------===//

template <typename Reduce>
static LogicalResult inferReduce(const Failure &fail, Reduce op,
                                 SmallVectorImpl<Type> &types,
                                 std::optional<Type> resultType = std::nullopt) {
  RankedTensorType x = getTensor(op.getX());
  ArrayRef<int64_t> dims = op.getDims();
  int64_t previous = -1;
  for (int64_t dim : dims) {
    if (dim < 0 || dim >= x.getRank())
      return fail("dims must be in [0, ", x.getRank(), "), got ", dim);
    if (dim <= previous)
      return fail("dims must be distinct and ascending, got ", toText(dims));
    previous = dim;
  }
  SmallVector<int64_t> shape;
  for (int64_t dim = 0; dim < x.getRank(); ++dim) {
    if (!llvm::is_contained(dims, dim))
      shape.push_back(x.getDimSize(dim));
    else if (op.getKeepDims())
      shape.push_back(1);
  }
  FailureOr<Type> element = getSumType(fail, x.getElementType(), resultType);
  if (failed(element))
    return failure();
  types.push_back(RankedTensorType::get(shape, *element));
  return success();
}

/// How a reduction walks its input: along rows if it reduces the last dimension, else
/// down columns.
static RowKind getReduceKind(Value x, ArrayRef<int64_t> dims) {
  if (dims.empty())
    return RowKind::Elementwise;
  return dims.back() + 1 == getTensor(x).getRank() ? RowKind::Row : RowKind::Column;
}

LogicalResult ReduceSumOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> location,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  return inferReduce(Failure(location, getOperationName()), adaptor, types,
                     adaptor.getResultType());
}
RowKind ReduceSumOp::getRowKind() { return getReduceKind(getX(), getDims()); }
int64_t ReduceSumOp::getFlops() { return getCount(getX()); }
PrecisionClass ReduceSumOp::getPrecisionClass() { return PrecisionClass::Full; }

LogicalResult ReduceMeanOp::inferReturnTypes(MLIRContext *,
                                             std::optional<Location> location,
                                             Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  return inferReduce(Failure(location, getOperationName()), adaptor, types);
}
RowKind ReduceMeanOp::getRowKind() { return getReduceKind(getX(), getDims()); }
int64_t ReduceMeanOp::getFlops() { return getCount(getX()); }
PrecisionClass ReduceMeanOp::getPrecisionClass() { return PrecisionClass::Full; }

LogicalResult ReduceMaxOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> location,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  return inferReduce(Failure(location, getOperationName()), adaptor, types);
}
RowKind ReduceMaxOp::getRowKind() { return getReduceKind(getX(), getDims()); }
int64_t ReduceMaxOp::getFlops() { return getCount(getX()); }
// A maximum is exact in any type.
PrecisionClass ReduceMaxOp::getPrecisionClass() { return PrecisionClass::PassThrough; }

//===-- softmax, log_softmax --------------------------------------------------===//

static LogicalResult verifyHasRow(Operation *op, Value x) {
  if (getTensor(x).getRank() > 0)
    return success();
  return failureAt(op)("needs an operand of rank 1 or more, got rank 0");
}

LogicalResult SoftmaxOp::verify() { return verifyHasRow(*this, getX()); }
RowKind SoftmaxOp::getRowKind() { return RowKind::Row; }
// Maximum, difference, exp (12), sum, quotient.
int64_t SoftmaxOp::getFlops() { return getElementwiseFlops(getX(), 16); }
PrecisionClass SoftmaxOp::getPrecisionClass() { return PrecisionClass::Full; }

LogicalResult LogSoftmaxOp::verify() { return verifyHasRow(*this, getX()); }
RowKind LogSoftmaxOp::getRowKind() { return RowKind::Row; }
// Maximum, difference, exp (12), sum, difference.
int64_t LogSoftmaxOp::getFlops() { return getElementwiseFlops(getX(), 16); }
PrecisionClass LogSoftmaxOp::getPrecisionClass() { return PrecisionClass::Full; }

//===-- layer_norm, rms_norm --------------------------------------------------===//

/// Checks a normalization over the last dimension of x [..., C]: `scales` are [C] (gamma,
/// beta), `rows` are statistics [...], `same` have x's type.
static LogicalResult checkRowNorm(const Failure &fail, Value x,
                                  ArrayRef<std::pair<StringRef, Value>> same,
                                  ArrayRef<std::pair<StringRef, Value>> scales,
                                  ArrayRef<std::pair<StringRef, Value>> rows) {
  RankedTensorType type = getTensor(x);
  if (type.getRank() == 0)
    return fail("needs x of rank 1 or more, got rank 0");
  for (auto [name, value] : same)
    if (failed(checkTensor(fail, value, name, type.getShape(), type.getElementType())))
      return failure();
  for (auto [name, value] : scales)
    if (failed(checkShape(fail, value, name, type.getShape().take_back())))
      return failure();
  for (auto [name, value] : rows)
    if (failed(checkTensor(fail, value, name, type.getShape().drop_back(),
                           getStatisticsType(type.getElementType()))))
      return failure();
  return success();
}

/// Checks the adjoint that a sum over rows reads: x's shape, and x's type or one that it
/// holds exactly, since the sum is as wide as x's in any case.
static LogicalResult checkSummedAdjoint(const Failure &fail, Value dy, Value x) {
  if (failed(checkShape(fail, dy, "dy", getShape(x))))
    return failure();
  Type element = getElement(dy), wide = getElement(x);
  if (element == wide || CastOp::isExact(element, wide))
    return success();
  return fail("dy must have element type ", wide, " or a narrower one, got ", element);
}

static LogicalResult checkEps(const Failure &fail, const APFloat &value) {
  double eps = value.convertToDouble();
  return std::isfinite(eps) && eps >= 0
             ? success()
             : fail("eps must be finite and not negative, got ", eps);
}

/// The type of one statistic per row of x [..., C].
static Type getRowStatistic(Value x) {
  RankedTensorType type = getTensor(x);
  return RankedTensorType::get(type.getShape().drop_back(),
                               getStatisticsType(type.getElementType()));
}

/// The type of one statistic-wide value per column of x [..., C]: gradients of gamma and
/// beta.
static Type getColumnSum(Value x) {
  RankedTensorType type = getTensor(x);
  return RankedTensorType::get(type.getShape().take_back(),
                               getStatisticsType(type.getElementType()));
}

LogicalResult LayerNormOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> location,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  Failure fail(location, getOperationName());
  Value x = adaptor.getX();
  if (failed(checkRowNorm(fail, x, {},
                          {{"gamma", adaptor.getGamma()}, {"beta", adaptor.getBeta()}},
                          {})) ||
      failed(checkEps(fail, adaptor.getEps())))
    return failure();
  types.append({x.getType(), getRowStatistic(x), getRowStatistic(x)});
  return success();
}
RowKind LayerNormOp::getRowKind() { return RowKind::Row; }
// Sum; difference, square, sum; difference, two products, sum.
int64_t LayerNormOp::getFlops() { return getElementwiseFlops(getX(), 8); }
PrecisionClass LayerNormOp::getPrecisionClass() { return PrecisionClass::Full; }

LogicalResult LayerNormBackwardOp::inferReturnTypes(MLIRContext *,
                                                    std::optional<Location> location,
                                                    Adaptor adaptor,
                                                    SmallVectorImpl<Type> &types) {
  if (failed(checkRowNorm(Failure(location, getOperationName()), adaptor.getX(),
                          {{"dy", adaptor.getDy()}}, {{"gamma", adaptor.getGamma()}},
                          {{"mean", adaptor.getMean()}, {"rstd", adaptor.getRstd()}})))
    return failure();
  types.push_back(adaptor.getX().getType());
  return success();
}
RowKind LayerNormBackwardOp::getRowKind() { return RowKind::Row; }
int64_t LayerNormBackwardOp::getFlops() { return getElementwiseFlops(getX(), 11); }
PrecisionClass LayerNormBackwardOp::getPrecisionClass() { return PrecisionClass::Full; }

LogicalResult LayerNormParamGradOp::inferReturnTypes(MLIRContext *,
                                                     std::optional<Location> location,
                                                     Adaptor adaptor,
                                                     SmallVectorImpl<Type> &types) {
  Value x = adaptor.getX();
  Failure fail(location, getOperationName());
  if (failed(checkRowNorm(fail, x, {}, {},
                          {{"mean", adaptor.getMean()}, {"rstd", adaptor.getRstd()}})) ||
      failed(checkSummedAdjoint(fail, adaptor.getDy(), x)))
    return failure();
  types.append({getColumnSum(x), getColumnSum(x)});
  return success();
}
RowKind LayerNormParamGradOp::getRowKind() { return RowKind::Column; }
int64_t LayerNormParamGradOp::getFlops() { return getElementwiseFlops(getX(), 5); }
PrecisionClass LayerNormParamGradOp::getPrecisionClass() { return PrecisionClass::Full; }

LogicalResult RmsNormOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                          Adaptor adaptor, SmallVectorImpl<Type> &types) {
  Failure fail(location, getOperationName());
  Value x = adaptor.getX();
  if (failed(checkRowNorm(fail, x, {}, {{"gamma", adaptor.getGamma()}}, {})) ||
      failed(checkEps(fail, adaptor.getEps())))
    return failure();
  types.append({x.getType(), getRowStatistic(x)});
  return success();
}
RowKind RmsNormOp::getRowKind() { return RowKind::Row; }
int64_t RmsNormOp::getFlops() { return getElementwiseFlops(getX(), 4); }
PrecisionClass RmsNormOp::getPrecisionClass() { return PrecisionClass::Full; }

LogicalResult RmsNormBackwardOp::inferReturnTypes(MLIRContext *,
                                                  std::optional<Location> location,
                                                  Adaptor adaptor,
                                                  SmallVectorImpl<Type> &types) {
  if (failed(checkRowNorm(Failure(location, getOperationName()), adaptor.getX(),
                          {{"dy", adaptor.getDy()}}, {{"gamma", adaptor.getGamma()}},
                          {{"rstd", adaptor.getRstd()}})))
    return failure();
  types.push_back(adaptor.getX().getType());
  return success();
}
RowKind RmsNormBackwardOp::getRowKind() { return RowKind::Row; }
int64_t RmsNormBackwardOp::getFlops() { return getElementwiseFlops(getX(), 7); }
PrecisionClass RmsNormBackwardOp::getPrecisionClass() { return PrecisionClass::Full; }

LogicalResult RmsNormParamGradOp::inferReturnTypes(MLIRContext *,
                                                   std::optional<Location> location,
                                                   Adaptor adaptor,
                                                   SmallVectorImpl<Type> &types) {
  Value x = adaptor.getX();
  Failure fail(location, getOperationName());
  if (failed(checkRowNorm(fail, x, {}, {}, {{"rstd", adaptor.getRstd()}})) ||
      failed(checkSummedAdjoint(fail, adaptor.getDy(), x)))
    return failure();
  types.push_back(getColumnSum(x));
  return success();
}
RowKind RmsNormParamGradOp::getRowKind() { return RowKind::Column; }
int64_t RmsNormParamGradOp::getFlops() { return getElementwiseFlops(getX(), 3); }
PrecisionClass RmsNormParamGradOp::getPrecisionClass() { return PrecisionClass::Full; }

//===-- batch_norm ------------------------------------------------------------===//

/// Checks a normalization per channel of x [N, C, ...]: `same` have x's type, `scales`
/// are [C] of any float type, `statistics` [C] of the statistics type.
static LogicalResult checkBatchNorm(const Failure &fail, Value x,
                                    ArrayRef<std::pair<StringRef, Value>> same,
                                    ArrayRef<std::pair<StringRef, Value>> scales,
                                    ArrayRef<std::pair<StringRef, Value>> statistics) {
  RankedTensorType type = getTensor(x);
  if (type.getRank() < 2)
    return fail("needs x of rank 2 or more, got rank ", type.getRank());
  int64_t channels = type.getDimSize(1);
  for (auto [name, value] : same)
    if (failed(checkTensor(fail, value, name, type.getShape(), type.getElementType())))
      return failure();
  for (auto [name, value] : scales)
    if (failed(checkShape(fail, value, name, {channels})))
      return failure();
  for (auto [name, value] : statistics)
    if (failed(checkTensor(fail, value, name, {channels},
                           getStatisticsType(type.getElementType()))))
      return failure();
  return success();
}

static RankedTensorType getChannelStatistic(Value x) {
  RankedTensorType type = getTensor(x);
  return RankedTensorType::get({type.getDimSize(1)},
                               getStatisticsType(type.getElementType()));
}

LogicalResult BatchNormOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> location,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  Failure fail(location, getOperationName());
  Value x = adaptor.getX();
  if (failed(checkBatchNorm(fail, x, {},
                            {{"gamma", adaptor.getGamma()}, {"beta", adaptor.getBeta()}},
                            {})) ||
      failed(checkEps(fail, adaptor.getEps())))
    return failure();
  double momentum = adaptor.getMomentum().convertToDouble();
  if (!(momentum >= 0 && momentum <= 1))
    return fail("momentum must be in [0, 1], got ", momentum);
  ArrayRef<int64_t> shape = getShape(x);
  int64_t perChannel = getProduct({shape[0], getProduct(shape.drop_front(2))});
  if (shape[1] < 1)
    return fail("needs at least one channel, got ", toText(shape));
  if (perChannel < 2)
    return fail("needs more than one element per channel, got ", perChannel);
  RankedTensorType statistic = getChannelStatistic(x);
  types.append({x.getType(), statistic, statistic});
  return success();
}

LogicalResult BatchNormOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (!getRunningMeanAttr() != !getRunningVarAttr())
    return emitOpError("must name both running statistics or neither");
  RankedTensorType expected = getChannelStatistic(getX());
  for (FlatSymbolRefAttr symbol : {getRunningMeanAttr(), getRunningVarAttr()}) {
    if (!symbol)
      continue;
    auto state = symbols.lookupNearestSymbolFrom<StateOp>(*this, symbol);
    if (!state)
      return emitOpError("names ")
             << symbol << ", which is not a train.state of this module";
    if (state.getType() == expected)
      continue;
    InFlightDiagnostic error = emitOpError("needs the running statistic ")
                               << symbol << " to be " << expected << ", got "
                               << state.getType();
    error.attachNote(state.getLoc()) << "the state is here";
    return error;
  }
  return success();
}

// Per channel, although a channel is a row only in the sense of the kernel that walks it.
RowKind BatchNormOp::getRowKind() { return RowKind::Row; }
int64_t BatchNormOp::getFlops() { return getElementwiseFlops(getX(), 8); }
PrecisionClass BatchNormOp::getPrecisionClass() { return PrecisionClass::Full; }

LogicalResult BatchNormInferenceOp::inferReturnTypes(MLIRContext *,
                                                     std::optional<Location> location,
                                                     Adaptor adaptor,
                                                     SmallVectorImpl<Type> &types) {
  Failure fail(location, getOperationName());
  if (failed(checkBatchNorm(fail, adaptor.getX(), {},
                            {{"gamma", adaptor.getGamma()}, {"beta", adaptor.getBeta()}},
                            {{"mean", adaptor.getMean()}, {"var", adaptor.getVar()}})) ||
      failed(checkEps(fail, adaptor.getEps())))
    return failure();
  types.push_back(adaptor.getX().getType());
  return success();
}
RowKind BatchNormInferenceOp::getRowKind() { return RowKind::Row; }
int64_t BatchNormInferenceOp::getFlops() { return getElementwiseFlops(getX(), 4); }
PrecisionClass BatchNormInferenceOp::getPrecisionClass() { return PrecisionClass::Full; }

LogicalResult BatchNormParamGradOp::inferReturnTypes(MLIRContext *,
                                                     std::optional<Location> location,
                                                     Adaptor adaptor,
                                                     SmallVectorImpl<Type> &types) {
  Failure fail(location, getOperationName());
  Value x = adaptor.getX();
  if (failed(checkBatchNorm(fail, x, {{"dy", adaptor.getDy()}}, {},
                            {{"mean", adaptor.getMean()}, {"var", adaptor.getVar()}})) ||
      failed(checkEps(fail, adaptor.getEps())))
    return failure();
  types.append({getChannelStatistic(x), getChannelStatistic(x)});
  return success();
}
RowKind BatchNormParamGradOp::getRowKind() { return RowKind::Column; }
int64_t BatchNormParamGradOp::getFlops() { return getElementwiseFlops(getX(), 5); }
PrecisionClass BatchNormParamGradOp::getPrecisionClass() { return PrecisionClass::Full; }

LogicalResult BatchNormBackwardOp::inferReturnTypes(MLIRContext *,
                                                    std::optional<Location> location,
                                                    Adaptor adaptor,
                                                    SmallVectorImpl<Type> &types) {
  Failure fail(location, getOperationName());
  if (failed(checkBatchNorm(fail, adaptor.getX(), {{"dy", adaptor.getDy()}},
                            {{"gamma", adaptor.getGamma()}},
                            {{"mean", adaptor.getMean()},
                             {"var", adaptor.getVar()},
                             {"dgamma", adaptor.getDgamma()},
                             {"dbeta", adaptor.getDbeta()}})) ||
      failed(checkEps(fail, adaptor.getEps())))
    return failure();
  types.push_back(adaptor.getX().getType());
  return success();
}
RowKind BatchNormBackwardOp::getRowKind() { return RowKind::Row; }
int64_t BatchNormBackwardOp::getFlops() { return getElementwiseFlops(getX(), 7); }
PrecisionClass BatchNormBackwardOp::getPrecisionClass() { return PrecisionClass::Full; }

LogicalResult RunningAverageOp::verify() {
  double momentum = getMomentum().convertToDouble();
  if (momentum >= 0 && momentum <= 1)
    return success();
  return failureAt(*this)("momentum must be in [0, 1], got ", momentum);
}
ResultStorage RunningAverageOp::getResultStorage(unsigned) {
  return ResultStorage::alias(0);
}
RowKind RunningAverageOp::getRowKind() { return RowKind::Flat; }
