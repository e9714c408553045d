// Pooling, the windowed part of the reduction family: type inference and library calls.
#include "ShapeInference.h"

using namespace mlir;
using namespace train;
using namespace train::inference;

/// The geometry of pooling an input [N, C, H, W].
template <typename AnyPool>
static LogicalResult getPoolGeometry(const Failure &fail, ArrayRef<int64_t> input,
                                     AnyPool pool, WindowGeometry &geometry) {
  ArrayRef<int64_t> window = pool.getWindow(), padding = pool.getPadding();
  if (window.size() != 2 || window[0] < 1 || window[1] < 1)
    return fail("window must be two positive numbers, got ", toText(window));
  geometry.n = input[0], geometry.c = input[1], geometry.h = input[2],
  geometry.w = input[3];
  geometry.o = geometry.groups = geometry.c;
  geometry.kernelH = window[0], geometry.kernelW = window[1];
  if (failed(setWindow(fail, {pool.getStrides(), padding, {}}, geometry)))
    return failure();
  // A window that lies in the padding alone has no maximum.
  for (unsigned side = 0; side < 4; ++side)
    if (padding[side] >= window[side % 2])
      return fail("padding must be smaller than the window, got ", toText(padding),
                  " for ", toText(window));
  return setWindowOutput(fail, geometry);
}

template <typename AnyPool>
static WindowGeometry getVerifiedGeometry(AnyPool pool, ArrayRef<int64_t> input) {
  WindowGeometry geometry;
  [[maybe_unused]] LogicalResult result =
      getPoolGeometry(Failure(std::nullopt, ""), input, pool, geometry);
  assert(succeeded(result) && "the op has not been verified");
  return geometry;
}

/// Checks the input of pooling and gives the type of its result.
template <typename AnyPool>
static LogicalResult inferPool(const Failure &fail, AnyPool pool,
                               SmallVectorImpl<Type> &types) {
  RankedTensorType x = getTensor(pool.getX());
  if (x.getRank() != 4)
    return fail("x must have rank 4, got ", x.getRank());
  WindowGeometry geometry;
  if (failed(getPoolGeometry(fail, x.getShape(), pool, geometry)))
    return failure();
  types.push_back(RankedTensorType::get(
      {geometry.n, geometry.c, geometry.outH, geometry.outW}, x.getElementType()));
  return success();
}

/// Checks dy of the pooling whose adjoint `pool` is, and gives the type of dx.
template <typename AnyPool>
static LogicalResult inferPoolBackward(const Failure &fail, AnyPool pool,
                                       SmallVectorImpl<Type> &types) {
  RankedTensorType dy = getTensor(pool.getDy());
  ArrayRef<int64_t> size = pool.getSize();
  if (dy.getRank() != 4)
    return fail("dy must have rank 4, got ", dy.getRank());
  if (size.size() != 2 || size[0] < 1 || size[1] < 1)
    return fail("size must be two positive numbers, got ", toText(size));
  SmallVector<int64_t> input{dy.getDimSize(0), dy.getDimSize(1), size[0], size[1]};
  WindowGeometry geometry;
  if (failed(getPoolGeometry(fail, input, pool, geometry)) ||
      failed(checkShape(fail, pool.getDy(), "dy",
                        {geometry.n, geometry.c, geometry.outH, geometry.outW})))
    return failure();
  types.push_back(RankedTensorType::get(input, dy.getElementType()));
  return success();
}

//===-- max_pool2d ------------------------------------------------------------===//

LogicalResult MaxPool2dOp::inferReturnTypes(MLIRContext *context,
                                            std::optional<Location> location,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  if (failed(inferPool(Failure(location, getOperationName()), adaptor, types)))
    return failure();
  types.push_back(cast<RankedTensorType>(types[0]).clone(IntegerType::get(context, 32)));
  return success();
}

SmallVector<LibraryCall> MaxPool2dOp::getLibraryCalls() {
  return {
      {TRAIN_LIBRARY_MAX_POOL,
       {getX(), getY(), getIndices()},
       getVerifiedGeometry(*this, getShape(getX())).getParams(false, getX(), getY())}};
}

int64_t MaxPool2dOp::getFlops() {
  return getElementwiseFlops(getY(), getProduct(getWindow()));
}

LogicalResult MaxPool2dBackwardOp::inferReturnTypes(MLIRContext *context,
                                                    std::optional<Location> location,
                                                    Adaptor adaptor,
                                                    SmallVectorImpl<Type> &types) {
  Failure fail(location, getOperationName());
  if (failed(checkTensor(fail, adaptor.getIndices(), "indices", getShape(adaptor.getDy()),
                         IntegerType::get(context, 32))))
    return failure();
  return inferPoolBackward(fail, adaptor, types);
}

SmallVector<LibraryCall> MaxPool2dBackwardOp::getLibraryCalls() {
  return {
      {TRAIN_LIBRARY_MAX_POOL_GRAD,
       {getDy(), getIndices(), getDx(), Value()},
       getVerifiedGeometry(*this, getShape(getDx())).getParams(false, getDy(), getDx())}};
}

int64_t MaxPool2dBackwardOp::getFlops() { return getCount(getDy()); }

//===-- avg_pool2d ------------------------------------------------------------===//

LogicalResult AvgPool2dOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> location,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  return inferPool(Failure(location, getOperationName()), adaptor, types);
}

SmallVector<LibraryCall> AvgPool2dOp::getLibraryCalls() {
  return {
      {TRAIN_LIBRARY_AVG_POOL,
       {getX(), getY()},
       getVerifiedGeometry(*this, getShape(getX())).getParams(false, getX(), getY())}};
}

int64_t AvgPool2dOp::getFlops() {
  return getElementwiseFlops(getY(), getProduct(getWindow()));
}

LogicalResult AvgPool2dBackwardOp::inferReturnTypes(MLIRContext *,
                                                    std::optional<Location> location,
                                                    Adaptor adaptor,
                                                    SmallVectorImpl<Type> &types) {
  return inferPoolBackward(Failure(location, getOperationName()), adaptor, types);
}

SmallVector<LibraryCall> AvgPool2dBackwardOp::getLibraryCalls() {
  return {
      {TRAIN_LIBRARY_AVG_POOL_GRAD,
       {getDy(), getDx(), Value()},
       getVerifiedGeometry(*this, getShape(getDx())).getParams(false, getDy(), getDx())}};
}

int64_t AvgPool2dBackwardOp::getFlops() {
  return getElementwiseFlops(getDy(), getProduct(getWindow()));
}
