// Data movement: shapes, views, and the strided copies that do the rest.
#include "ShapeInference.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace train;

#define GET_OP_CLASSES
#include "train/IR/ShapeOps.cpp.inc"

//===-- Helpers ---------------------------------------------------------------===//

static SmallVector<int64_t> rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

// One strided copy in the layout of TRAIN_LIBRARY_COPY. Dimensions that both sides
// traverse as one are merged, so that the rank stays small and inner runs long.
static LibraryCall makeCopy(Value source, Value target, int64_t elementBytes,
                            int64_t sourceOffset, int64_t targetOffset,
                            ArrayRef<int64_t> shape, ArrayRef<int64_t> sourceStrides,
                            ArrayRef<int64_t> targetStrides) {
  SmallVector<int64_t> sizes, from, to;
  for (auto [size, s, t] : llvm::zip_equal(shape, sourceStrides, targetStrides)) {
    if (size == 1)
      continue;
    if (!sizes.empty() && from.back() == s * size && to.back() == t * size) {
      sizes.back() *= size;
      from.back() = s;
      to.back() = t;
      continue;
    }
    sizes.push_back(size);
    from.push_back(s);
    to.push_back(t);
  }
  if (sizes.empty()) {
    sizes.push_back(1);
    from.push_back(1);
    to.push_back(1);
  }
  LibraryCall copy{TRAIN_LIBRARY_COPY, {source, target}, {}};
  copy.params = {elementBytes, static_cast<int64_t>(sizes.size()), sourceOffset,
                 targetOffset};
  llvm::append_range(copy.params, sizes);
  llvm::append_range(copy.params, from);
  llvm::append_range(copy.params, to);
  return copy;
}

static LogicalResult checkEntries(const inference::Failure &emitError, StringRef what,
                                  size_t count, size_t rank) {
  if (count == rank)
    return success();
  return emitError(what, " needs one entry per dimension: ", rank, ", got ", count);
}

//===-- reshape ---------------------------------------------------------------===//

LogicalResult ReshapeOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                          Adaptor adaptor, SmallVectorImpl<Type> &types) {
  inference::Failure emitError(location, "train.reshape");
  auto type = cast<RankedTensorType>(adaptor.getX().getType());
  SmallVector<int64_t> shape(adaptor.getShape());
  int64_t known = 1, open = -1;
  for (auto [i, size] : llvm::enumerate(shape)) {
    if (size == -1 && open < 0) {
      open = i;
      continue;
    }
    if (size < 0) {
      return emitError("has size ", size, " in dimension ", i,
                       " of the shape; at most one size may be -1");
    }
    if (llvm::MulOverflow(known, size, known)) {
      return emitError("shape [", adaptor.getShape(), "] has too many elements");
    }
  }
  int64_t elements = type.getNumElements();
  if (open >= 0) {
    if (known == 0 || elements % known != 0) {
      return emitError("cannot infer size -1: ", elements, " elements over ", known);
    }
    shape[open] = elements / known;
  } else if (known != elements) {
    return emitError("turns ", elements, " elements into a shape of ", known);
  }
  types.push_back(RankedTensorType::get(shape, type.getElementType()));
  return success();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getX().getType() == getType())
    return getX();
  return {};
}

ResultStorage ReshapeOp::getResultStorage(unsigned) { return ResultStorage::view(0); }

LogicalResult ReshapeOp::setBatch(int64_t from, int64_t to) {
  SmallVector<int64_t> shape(getShape());
  if (from == to || llvm::is_contained(shape, -1))
    return success();
  int64_t elements = cast<RankedTensorType>(getX().getType()).getNumElements();
  int64_t old = 1;
  for (int64_t size : shape)
    old *= size;
  if (old == elements)
    return success();
  // The batch is the outermost part of the data, so the first size that holds it as a
  // factor.
  for (int64_t &size : shape) {
    if (size % from == 0 && old / from * to == elements) {
      size = size / from * to;
      setShape(shape);
      return success();
    }
    if (size != 1)
      break;
  }
  return emitOpError("has no leading size that holds the batch of ")
         << from << "; use -1 for the size that follows the batch";
}

//===-- transpose -------------------------------------------------------------===//

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> location,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  inference::Failure emitError(location, "train.transpose");
  auto type = cast<RankedTensorType>(adaptor.getX().getType());
  ArrayRef<int64_t> permutation = adaptor.getPermutation();
  if (failed(checkEntries(emitError, "permutation", permutation.size(), type.getRank())))
    return failure();
  SmallVector<bool> seen(permutation.size(), false);
  SmallVector<int64_t> shape;
  for (int64_t from : permutation) {
    if (from < 0 || from >= type.getRank() || seen[from]) {
      return emitError("permutation [", permutation, "] is not one of [0, ",
                       type.getRank(), ")");
    }
    seen[from] = true;
    shape.push_back(type.getDimSize(from));
  }
  types.push_back(RankedTensorType::get(shape, type.getElementType()));
  return success();
}

SmallVector<LibraryCall> TransposeOp::getLibraryCalls() {
  SmallVector<int64_t> all = rowMajorStrides(inference::getShape(getX())), strides;
  for (int64_t from : getPermutation())
    strides.push_back(all[from]);
  return {makeCopy(getX(), getResult(), getElementBytes(inference::getElement(getX())), 0,
                   0, inference::getShape(getResult()), strides,
                   rowMajorStrides(inference::getShape(getResult())))};
}

//===-- slice -----------------------------------------------------------------===//

LogicalResult SliceOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                        Adaptor adaptor, SmallVectorImpl<Type> &types) {
  inference::Failure emitError(location, "train.slice");
  auto type = cast<RankedTensorType>(adaptor.getX().getType());
  ArrayRef<int64_t> offsets = adaptor.getOffsets(), sizes = adaptor.getSizes(),
                    strides = adaptor.getStrides();
  size_t rank = type.getRank();
  if (failed(checkEntries(emitError, "offsets", offsets.size(), rank)) ||
      failed(checkEntries(emitError, "sizes", sizes.size(), rank)) ||
      failed(checkEntries(emitError, "strides", strides.size(), rank)))
    return failure();
  for (size_t i = 0; i < rank; ++i) {
    // Written with a quotient, because the place of the last element can overflow.
    int64_t size = type.getDimSize(i);
    if (offsets[i] < 0 || sizes[i] < 0 || strides[i] < 1 ||
        (sizes[i] > 0 &&
         (offsets[i] >= size || sizes[i] - 1 > (size - 1 - offsets[i]) / strides[i]))) {
      return emitError("reads ", sizes[i], " elements from ", offsets[i], " on by ",
                       strides[i], " in dimension ", i, " of size ", size);
    }
  }
  types.push_back(RankedTensorType::get(sizes, type.getElementType()));
  return success();
}

// The bytes are contiguous when, after leading dimensions of size 1, one dimension is
// cut without stride and all behind it are whole.
static std::optional<int64_t> contiguousOffset(SliceOp op) {
  ArrayRef<int64_t> shape = inference::getShape(op.getX());
  SmallVector<int64_t> strides = rowMajorStrides(shape);
  int64_t offset = 0;
  bool cut = false;
  for (auto [i, size] : llvm::enumerate(op.getSizes())) {
    bool whole = size == shape[i] && op.getStrides()[i] == 1;
    if (cut && !whole)
      return std::nullopt;
    if (size != 1) {
      if (op.getStrides()[i] != 1)
        return std::nullopt;
      cut = true;
    }
    offset += op.getOffsets()[i] * strides[i];
  }
  return offset;
}

ResultStorage SliceOp::getResultStorage(unsigned) {
  if (auto offset = contiguousOffset(*this)) {
    Type element = inference::getElement(getX());
    bool packed = element.getIntOrFloatBitWidth() == 4;
    int64_t bits = *offset * (packed ? 4 : 8 * getElementBytes(element));
    if (bits % (8 * TRAIN_ALIGNMENT) == 0)
      return ResultStorage::view(0, bits / 8);
  }
  return ResultStorage::fresh();
}

SmallVector<LibraryCall> SliceOp::getLibraryCalls() {
  if (getResultStorage(0).kind == ResultStorage::Kind::View)
    return {};
  SmallVector<int64_t> all = rowMajorStrides(inference::getShape(getX())), strides;
  int64_t offset = 0;
  for (auto [i, stride] : llvm::enumerate(all)) {
    offset += getOffsets()[i] * stride;
    strides.push_back(stride * getStrides()[i]);
  }
  return {makeCopy(getX(), getResult(), getElementBytes(inference::getElement(getX())),
                   offset, 0, getSizes(), strides, rowMajorStrides(getSizes()))};
}

LogicalResult SliceOp::setBatch(int64_t from, int64_t to) {
  SmallVector<int64_t> sizes(getSizes());
  ArrayRef<int64_t> shape = inference::getShape(getX());
  // A slice that took the whole batch still does; one that cut it has no meaning for
  // another.
  if (from == to || sizes.empty() || shape[0] == from || shape[0] % to != 0)
    return success();
  int64_t old = shape[0] / to * from;
  if (sizes[0] == old && getOffsets()[0] == 0 && getStrides()[0] == 1) {
    sizes[0] = shape[0];
    setSizes(sizes);
    return success();
  }
  if (sizes[0] + getOffsets()[0] <= shape[0] && old == shape[0])
    return success();
  return emitOpError("cuts the batch dimension; it cannot follow a batch of ") << to;
}

//===-- concat ----------------------------------------------------------------===//

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                         Adaptor adaptor, SmallVectorImpl<Type> &types) {
  inference::Failure emitError(location, "train.concat");
  ValueRange operands = adaptor.getOperands();
  if (operands.empty()) {
    return emitError("needs at least one operand");
  }
  auto element = inference::getCommonElement(operands.getTypes(), emitError);
  if (failed(element))
    return failure();
  SmallVector<int64_t> shape(inference::getShape(operands.front()));
  int64_t dim = adaptor.getDim(), rank = shape.size();
  if (dim < 0 || dim >= rank) {
    return emitError("needs dim in [0, ", rank, "), got ", dim);
  }
  for (Value operand : operands.drop_front()) {
    ArrayRef<int64_t> other = inference::getShape(operand);
    if (static_cast<int64_t>(other.size()) != rank) {
      return emitError("operands have ranks ", rank, " and ", other.size());
    }
    for (int64_t i = 0; i < rank; ++i) {
      if (i != dim && other[i] != shape[i]) {
        return emitError("operands have sizes ", shape[i], " and ", other[i],
                         " in dimension ", i);
      }
    }
    if (llvm::AddOverflow(shape[dim], other[dim], shape[dim])) {
      return emitError("the result is too large in dimension ", dim);
    }
  }
  types.push_back(RankedTensorType::get(shape, *element));
  return success();
}

SmallVector<LibraryCall> ConcatOp::getLibraryCalls() {
  SmallVector<LibraryCall> calls;
  SmallVector<int64_t> strides = rowMajorStrides(inference::getShape(getResult()));
  int64_t offset = 0;
  for (Value operand : getOperands()) {
    ArrayRef<int64_t> shape = inference::getShape(operand);
    if (!llvm::is_contained(shape, 0))
      calls.push_back(makeCopy(
          operand, getResult(), getElementBytes(inference::getElement(operand)), 0,
          offset * strides[getDim()], shape, rowMajorStrides(shape), strides));
    offset += shape[getDim()];
  }
  return calls;
}

//===-- pad -------------------------------------------------------------------===//

LogicalResult PadOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                      Adaptor adaptor, SmallVectorImpl<Type> &types) {
  inference::Failure emitError(location, "train.pad");
  auto type = cast<RankedTensorType>(adaptor.getX().getType());
  size_t rank = type.getRank();
  ArrayRef<int64_t> low = adaptor.getLow(), high = adaptor.getHigh(),
                    interior = adaptor.getInterior();
  if (failed(checkEntries(emitError, "low", low.size(), rank)) ||
      failed(checkEntries(emitError, "high", high.size(), rank)) ||
      failed(checkEntries(emitError, "interior", interior.size(), rank)))
    return failure();
  SmallVector<int64_t> shape;
  for (size_t i = 0; i < rank; ++i) {
    if (low[i] < 0 || high[i] < 0 || interior[i] < 0) {
      return emitError("has negative padding in dimension ", i, ": low ", low[i],
                       ", high ", high[i], ", interior ", interior[i]);
    }
    int64_t size = type.getDimSize(i), padded;
    if (llvm::MulOverflow(interior[i], std::max<int64_t>(size - 1, 0), padded) ||
        llvm::AddOverflow(padded, size, padded) ||
        llvm::AddOverflow(padded, low[i], padded) ||
        llvm::AddOverflow(padded, high[i], padded)) {
      return emitError("the result is too large in dimension ", i);
    }
    shape.push_back(padded);
  }
  types.push_back(RankedTensorType::get(shape, type.getElementType()));
  return success();
}

SmallVector<LibraryCall> PadOp::getLibraryCalls() {
  Type element = inference::getElement(getX());
  uint64_t bits = 0;
  if (auto floatType = dyn_cast<FloatType>(element)) {
    APFloat value = getValue();
    bool lossy;
    value.convert(floatType.getFloatSemantics(), APFloat::rmNearestTiesToEven, &lossy);
    bits = value.bitcastToAPInt().getZExtValue();
  } else {
    bits = static_cast<uint64_t>(static_cast<int64_t>(getValue().convertToDouble()));
  }
  LibraryCall fill{TRAIN_LIBRARY_FILL, {getResult()}, {}};
  fill.params = {getElementBytes(element),
                 cast<RankedTensorType>(getResult().getType()).getNumElements(),
                 static_cast<int64_t>(bits)};
  SmallVector<int64_t> all = rowMajorStrides(inference::getShape(getResult())), strides;
  int64_t offset = 0;
  for (auto [i, stride] : llvm::enumerate(all)) {
    offset += getLow()[i] * stride;
    strides.push_back(stride * (getInterior()[i] + 1));
  }
  if (llvm::is_contained(inference::getShape(getX()), 0))
    return {fill};
  return {fill, makeCopy(getX(), getResult(), getElementBytes(element), 0, offset,
                         inference::getShape(getX()),
                         rowMajorStrides(inference::getShape(getX())), strides)};
}

//===-- broadcast -------------------------------------------------------------===//

LogicalResult BroadcastOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> location,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  inference::Failure emitError(location, "train.broadcast");
  auto shape = inference::broadcastShapes(
      {inference::getShape(adaptor.getX()), adaptor.getShape()}, emitError);
  if (failed(shape))
    return failure();
  if (ArrayRef<int64_t>(*shape) != adaptor.getShape()) {
    return emitError("shape [", inference::getShape(adaptor.getX()),
                     "] does not broadcast to [", adaptor.getShape(), "]");
  }
  types.push_back(RankedTensorType::get(*shape, inference::getElement(adaptor.getX())));
  return success();
}

SmallVector<LibraryCall> BroadcastOp::getLibraryCalls() {
  ArrayRef<int64_t> from = inference::getShape(getX()),
                    to = inference::getShape(getResult());
  if (llvm::is_contained(to, 0))
    return {};
  SmallVector<int64_t> all = rowMajorStrides(from), strides(to.size(), 0);
  for (auto [i, stride] : llvm::enumerate(all))
    if (from[i] != 1)
      strides[to.size() - from.size() + i] = stride;
  return {makeCopy(getX(), getResult(), getElementBytes(inference::getElement(getX())), 0,
                   0, to, strides, rowMajorStrides(to))};
}

LogicalResult BroadcastOp::setBatch(int64_t from, int64_t to) {
  SmallVector<int64_t> shape(getShape());
  if (from == to || shape.empty() || shape[0] % from != 0)
    return success();
  ArrayRef<int64_t> source = inference::getShape(getX());
  bool follows = source.size() == shape.size() && source[0] == shape[0] / from * to;
  if (follows || shape[0] == from) {
    shape[0] = shape[0] / from * to;
    setShape(shape);
  }
  return success();
}
