// Counter-based randomness.
#include "ShapeInference.h"

using namespace mlir;
using namespace train;

#define GET_OP_CLASSES
#include "train/IR/RandomOps.cpp.inc"

static bool isKey(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor.getElementType().isInteger(64) &&
         tensor.getShape() == ArrayRef<int64_t>{3};
}

LogicalResult RandomKeyOp::verify() {
  if (!isKey(getType()))
    return emitOpError("yields tensor<3xi64>, got ") << getType();
  return success();
}

LogicalResult DropoutOp::verify() {
  double rate = getRate().convertToDouble();
  if (!(rate >= 0 && rate < 1))
    return emitOpError("needs 0 <= rate < 1, got ") << rate;
  int64_t elements = cast<RankedTensorType>(getX().getType()).getNumElements();
  if (static_cast<int64_t>(getSamples()) < 1 || elements % getSamples() != 0)
    return emitOpError("needs a number of samples that divides ")
           << elements << " elements, got " << getSamples();
  if (!isKey(getKey().getType()))
    return emitOpError("needs a key of type tensor<3xi64>, got ") << getKey().getType();
  return success();
}

LogicalResult DropoutOp::setBatch(int64_t from, int64_t to) {
  if (static_cast<int64_t>(getSamples()) != from)
    return emitOpError("has ") << getSamples() << " samples where the batch is " << from;
  setSamples(to);
  getY().setType(cast<RankedTensorType>(getX().getType()));
  return success();
}
