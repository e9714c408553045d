// Constants: splats are free, literals are copied in once.
#include "ShapeInference.h"

using namespace mlir;
using namespace train;

#define GET_OP_CLASSES
#include "train/IR/ConstantOps.cpp.inc"

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

LogicalResult ConstantOp::verify() { return inference::verifyLiteral(*this, getValue()); }

std::optional<double> ConstantOp::getSplatValue() {
  auto dense = dyn_cast<DenseElementsAttr>(getValue());
  if (!dense || !dense.isSplat())
    return std::nullopt;
  if (isa<FloatType>(dense.getElementType())) {
    APFloat value = dense.getSplatValue<APFloat>();
    bool lossy;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lossy);
    return value.convertToDouble();
  }
  APInt value = dense.getSplatValue<APInt>();
  return value.getBitWidth() == 1 ? double(value.getZExtValue())
                                  : double(value.getSExtValue());
}

static uint64_t splatBits(DenseElementsAttr dense) {
  if (isa<FloatType>(dense.getElementType()))
    return dense.getSplatValue<APFloat>().bitcastToAPInt().getZExtValue();
  return dense.getSplatValue<APInt>().getZExtValue();
}

// Only a splat that some library op reads is written at run time; literals are symbols of
// the executable, which the memory planner places beside the parameters.
SmallVector<LibraryCall> ConstantOp::getLibraryCalls() {
  auto dense = dyn_cast<DenseElementsAttr>(getValue());
  if (!dense || !dense.isSplat())
    return {};
  LibraryCall fill{TRAIN_LIBRARY_FILL, {getResult()}, {}};
  fill.params = {getElementBytes(dense.getElementType()), dense.getNumElements(),
                 static_cast<int64_t>(splatBits(dense))};
  return {fill};
}

LogicalResult ConstantOp::setBatch(int64_t from, int64_t to) {
  auto type = cast<RankedTensorType>(getType());
  if (type.getRank() == 0 || type.getDimSize(0) != from || from == to)
    return success();
  auto dense = dyn_cast<DenseElementsAttr>(getValue());
  if (!dense || !dense.isSplat())
    return emitOpError("has a literal whose leading size ")
           << from << " equals the batch; it cannot be resized to " << to;
  SmallVector<int64_t> shape(type.getShape());
  shape[0] = to;
  auto newType = RankedTensorType::get(shape, type.getElementType());
  setValueAttr(dense.resizeSplat(newType));
  getResult().setType(newType);
  return success();
}

LogicalResult IotaOp::verify() {
  int64_t rank = getType().getRank();
  if (static_cast<int64_t>(getDim()) < 0 || static_cast<int64_t>(getDim()) >= rank)
    return emitOpError("needs dim in [0, ") << rank << "), got " << getDim();
  return success();
}

LogicalResult IotaOp::setBatch(int64_t from, int64_t to) {
  auto type = getType();
  if (type.getRank() == 0 || type.getDimSize(0) != from || getDim() == 0)
    return success();
  SmallVector<int64_t> shape(type.getShape());
  shape[0] = to;
  getResult().setType(RankedTensorType::get(shape, type.getElementType()));
  return success();
}
