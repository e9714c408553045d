// Shape rules that several families share.
#include "Inference.h"

using namespace mlir;

llvm::FailureOr<llvm::SmallVector<int64_t>>
train::broadcastShapes(ArrayRef<ArrayRef<int64_t>> shapes,
                       const inference::Failure &emitError) {
  size_t rank = 0;
  for (ArrayRef<int64_t> shape : shapes)
    rank = std::max(rank, shape.size());
  SmallVector<int64_t> result(rank, 1);
  for (ArrayRef<int64_t> shape : shapes) {
    size_t lead = rank - shape.size();
    for (auto [i, size] : llvm::enumerate(shape)) {
      int64_t &out = result[lead + i];
      if (size == out || size == 1)
        continue;
      if (out != 1) {
        return emitError("shapes do not broadcast: size ", size, " meets size ", out,
                         " in dimension ", lead + i, " of the result");
      }
      out = size;
    }
  }
  return result;
}

llvm::FailureOr<Type> train::commonElementType(TypeRange types,
                                               const inference::Failure &emitError) {
  Type first = cast<RankedTensorType>(types.front()).getElementType();
  for (Type type : types.drop_front()) {
    Type element = cast<RankedTensorType>(type).getElementType();
    if (element != first) {
      return emitError("operands have element types ", first, " and ", element,
                       "; cast one of them");
    }
  }
  return first;
}
