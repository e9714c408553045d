// The shared parts of type inference (see the header).
#include "ShapeInference.h"

#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace train::inference {

Failure failureAt(Operation *op) {
  return Failure(op->getLoc(), op->getName().getStringRef());
}

RankedTensorType getTensor(Value value) {
  return cast<RankedTensorType>(value.getType());
}

ArrayRef<int64_t> getShape(Value value) { return getTensor(value).getShape(); }

Type getElement(Value value) { return getTensor(value).getElementType(); }

std::string toText(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << '[';
  llvm::interleaveComma(shape, stream);
  stream << ']';
  return text;
}

Type getStatisticsType(Type element) {
  return element.isF64() ? element : Type(Float32Type::get(element.getContext()));
}

int64_t getProduct(ArrayRef<int64_t> sizes) {
  int64_t product = 1;
  for (int64_t size : sizes)
    if (llvm::MulOverflow(product, size, product))
      return std::numeric_limits<int64_t>::max();
  return product;
}

bool isTooLarge(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape() &&
         getProduct(tensor.getShape()) > int64_t(1) << 57;
}

int64_t getCount(Value value) { return getProduct(getShape(value)); }

int64_t getElementwiseFlops(Value value, int64_t perElement) {
  return getProduct({getCount(value), perElement});
}

LogicalResult checkScalar(const Failure &fail, Value value, StringRef name,
                          Type element) {
  RankedTensorType type = getTensor(value);
  if (type.getRank() == 0 && type.getElementType() == element)
    return success();
  return fail(name, " must be a scalar ", RankedTensorType::get({}, element), ", got ",
              type);
}

LogicalResult checkShape(const Failure &fail, Value value, StringRef name,
                         ArrayRef<int64_t> shape) {
  if (getShape(value) == shape)
    return success();
  return fail(name, " must have shape ", toText(shape), ", got ",
              toText(getShape(value)));
}

LogicalResult checkTensor(const Failure &fail, Value value, StringRef name,
                          ArrayRef<int64_t> shape, Type element) {
  if (getShape(value) == shape && getTensor(value).getElementType() == element)
    return success();
  return fail(name, " must be ", RankedTensorType::get(shape, element), ", got ",
              getTensor(value));
}

LogicalResult checkSameElement(const Failure &fail, Value value, StringRef name,
                               Value other, StringRef otherName) {
  Type element = getTensor(value).getElementType();
  Type otherElement = getTensor(other).getElementType();
  if (element == otherElement)
    return success();
  return fail(name, " has element type ", element, ", but ", otherName, " has ",
              otherElement);
}

FailureOr<Type> getSumType(const Failure &fail, Type element,
                           std::optional<Type> resultType) {
  if (!resultType || *resultType == element)
    return element;
  // Of the floats that tensors have, the one with more bits holds the other's values, but
  // for the two of 16 bits.
  if (!isa<FloatType>(*resultType) || !getRuntimeType(*resultType) ||
      resultType->getIntOrFloatBitWidth() <= element.getIntOrFloatBitWidth())
    return fail("result_type must be ", element, " or a wider float type, got ",
                *resultType);
  return *resultType;
}

FailureOr<Type> getAccumulatedType(const Failure &fail, Value accumulator,
                                   ArrayRef<int64_t> shape, Type element,
                                   std::optional<Type> resultType) {
  FailureOr<Type> sum = getSumType(fail, element, resultType);
  if (failed(sum))
    return failure();
  element = *sum;
  if (accumulator) {
    if (failed(checkShape(fail, accumulator, "accumulator", shape)))
      return failure();
    if (resultType && *resultType != getElement(accumulator))
      return fail("result_type is ", *resultType, ", the accumulator has ",
                  getElement(accumulator));
    element = getElement(accumulator);
  }
  return Type(RankedTensorType::get(shape, element));
}

ResultStorage getAccumulatorStorage(Value accumulator, unsigned operand) {
  return accumulator ? ResultStorage::alias(operand) : ResultStorage::fresh();
}

int64_t getTypeCode(Value value) {
  std::optional<TrainType> type = getRuntimeType(getTensor(value).getElementType());
  return type ? static_cast<int64_t>(*type) : -1;
}

//===-- Windows ---------------------------------------------------------------===//

SmallVector<int64_t, 8> WindowGeometry::getParams(bool accumulate, Value operand,
                                                  Value result) const {
  return {n,
          c,
          h,
          w,
          o,
          kernelH,
          kernelW,
          strideH,
          strideW,
          padTop,
          padLeft,
          padBottom,
          padRight,
          dilationH,
          dilationW,
          groups,
          outH,
          outW,
          accumulate,
          getTypeCode(operand),
          getTypeCode(result)};
}

// Beyond this no window makes sense, and below it no sum of two products of them
// overflows.
static constexpr int64_t kMaxWindow = (int64_t(1) << 31) - 1;

static LogicalResult checkAttribute(const Failure &fail, StringRef name,
                                    ArrayRef<int64_t> values, size_t length,
                                    int64_t minimum) {
  if (values.size() != length)
    return fail(name, " must have ", length, " entries, got ", values.size());
  for (int64_t value : values)
    if (value < minimum || value > kMaxWindow)
      return fail("entries of ", name, " must be from ", minimum, " to ", kMaxWindow,
                  ", got ", value);
  return success();
}

LogicalResult setWindow(const Failure &fail, const WindowAttributes &attributes,
                        WindowGeometry &geometry) {
  ArrayRef<int64_t> strides = attributes.strides, padding = attributes.padding,
                    dilations = attributes.dilations;
  static constexpr int64_t kOnes[2] = {1, 1};
  if (dilations.data() == nullptr)
    dilations = kOnes;
  if (failed(checkAttribute(fail, "strides", strides, 2, 1)) ||
      failed(checkAttribute(fail, "padding", padding, 4, 0)) ||
      failed(checkAttribute(fail, "dilations", dilations, 2, 1)))
    return failure();
  geometry.strideH = strides[0], geometry.strideW = strides[1];
  geometry.padTop = padding[0], geometry.padLeft = padding[1];
  geometry.padBottom = padding[2], geometry.padRight = padding[3];
  geometry.dilationH = dilations[0], geometry.dilationW = dilations[1];
  return success();
}

/// (size + low + high - dilation * (kernel - 1) - 1) / stride + 1, or 0 if no window
/// fits.
static int64_t getOutputSize(int64_t size, int64_t low, int64_t high, int64_t dilation,
                             int64_t kernel, int64_t stride) {
  if (kernel < 1)
    return 0;
  int64_t room = size + low + high - dilation * (kernel - 1) - 1;
  return room < 0 ? 0 : room / stride + 1;
}

LogicalResult setWindowOutput(const Failure &fail, WindowGeometry &geometry) {
  if (std::max({geometry.h, geometry.w, geometry.kernelH, geometry.kernelW}) > kMaxWindow)
    return fail("planes and windows must have at most ", kMaxWindow,
                " rows and columns, got ", geometry.h, " x ", geometry.w,
                " under a window of ", geometry.kernelH, " x ", geometry.kernelW);
  geometry.outH = getOutputSize(geometry.h, geometry.padTop, geometry.padBottom,
                                geometry.dilationH, geometry.kernelH, geometry.strideH);
  geometry.outW = getOutputSize(geometry.w, geometry.padLeft, geometry.padRight,
                                geometry.dilationW, geometry.kernelW, geometry.strideW);
  if (geometry.outH < 1 || geometry.outW < 1)
    return fail("no window of ", geometry.kernelH, " x ", geometry.kernelW,
                " fits in the plane of ", geometry.h, " x ", geometry.w, " with padding ",
                toText({geometry.padTop, geometry.padLeft, geometry.padBottom,
                        geometry.padRight}),
                " and dilations ", toText({geometry.dilationH, geometry.dilationW}));
  return success();
}

LogicalResult verifyLiteral(Operation *op, ElementsAttr value) {
  if (isa<DenseIntOrFPElementsAttr>(value))
    return success();
  return op->emitOpError("needs its elements as dense<...>, got ") << Attribute(value);
}

llvm::FailureOr<llvm::SmallVector<int64_t>>
broadcastShapes(ArrayRef<ArrayRef<int64_t>> shapes, const Failure &emitError) {
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

llvm::FailureOr<Type> getCommonElement(TypeRange types, const Failure &emitError) {
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

} // namespace train::inference
