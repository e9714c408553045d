// Casts, quantization, the scales they take, and loss scaling: verifiers and storage.
#include "ShapeInference.h"

#define GET_OP_CLASSES
#include "train/IR/PrecisionOps.cpp.inc"

using namespace mlir;
using namespace train;
using namespace train::inference;

static LogicalResult checkScale(const Failure &fail, Value scale) {
  return checkScalar(fail, scale, "scale", Float32Type::get(scale.getContext()));
}

/// Two elements of 4 bits share a byte, so that only rows of an even length begin at one.
static LogicalResult checkPacked(const Failure &fail, Value value, StringRef name) {
  RankedTensorType type = getTensor(value);
  bool packed = type.getElementTypeBitWidth() == 4 && type.getRank() > 0;
  if (packed && type.getShape().back() % 2 != 0)
    return fail(name, " has rows of ", type.getShape().back(),
                " elements of 4 bits, an odd number, which do not end at a byte");
  return success();
}

/// The key, site and samples of an op that rounds to one of two neighbours at random.
template <typename AnyQuantize>
static LogicalResult checkRandom(const Failure &fail, AnyQuantize op, Value result) {
  bool key = op.getKey() != nullptr, site = op.getSite().has_value(),
       samples = op.getSamples().has_value();
  if (key != site || key != samples)
    return fail("takes key, site and samples together or none of them, got ",
                key + site + samples, " of the three");
  if (!key)
    return success();
  auto i64 = IntegerType::get(op.getContext(), 64);
  if (failed(checkTensor(fail, op.getKey(), "key", {3}, i64)))
    return failure();
  int64_t count = static_cast<int64_t>(*op.getSamples());
  if (count < 1 || getCount(op.getX()) % count != 0)
    return fail("needs a number of samples that divides ", getCount(op.getX()),
                " elements, got ", count);
  if (!isa<Float8E4M3FNType, Float8E5M2Type, Float4E2M1FNType>(getElement(result)))
    return fail("rounds at random to f8E4M3FN, f8E5M2 and f4E2M1FN only, got ",
                getElement(result));
  return success();
}

/// What a new batch size does to it.
template <typename AnyQuantize>
static LogicalResult setSamplesTo(AnyQuantize op, int64_t from, int64_t to) {
  if (!op.getSamples())
    return success();
  if (static_cast<int64_t>(*op.getSamples()) != from)
    return op.emitOpError("has ") << static_cast<int64_t>(*op.getSamples())
                                  << " samples where the batch is " << from;
  op.setSamples(to);
  return success();
}

/// Gives `value` the shape of `like`.
static void followShape(Value value, Value like) {
  value.setType(getTensor(value).clone(getShape(like)));
}

LogicalResult CastOp::verify() {
  Failure fail = failureAt(*this);
  return success(succeeded(checkPacked(fail, getX(), "x")) &&
                 succeeded(checkPacked(fail, getY(), "y")));
}

//===-- cast ------------------------------------------------------------------===//

bool CastOp::isExact(Type from, Type to) {
  auto narrow = dyn_cast<FloatType>(from), wide = dyn_cast<FloatType>(to);
  if (!narrow || !wide || narrow == wide)
    return false;
  const llvm::fltSemantics &inner = narrow.getFloatSemantics(),
                           &outer = wide.getFloatSemantics();
  return llvm::APFloat::semanticsPrecision(inner) <=
             llvm::APFloat::semanticsPrecision(outer) &&
         llvm::APFloat::semanticsMaxExponent(inner) <=
             llvm::APFloat::semanticsMaxExponent(outer) &&
         llvm::APFloat::semanticsMinExponent(inner) >=
             llvm::APFloat::semanticsMinExponent(outer);
}

bool CastOp::isExact() { return isExact(getElement(getX()), getElement(getY())); }

bool CastOp::isNarrowing() {
  Type from = getElement(getX()), to = getElement(getY());
  return isa<FloatType>(from) && isa<FloatType>(to) && from != to && !isExact(from, to);
}

int64_t CastOp::getFlops() { return getElementwiseFlops(getY(), 1); }

Value CastOp::convert(OpBuilder &builder, Location location, Value value, Type element) {
  if (getElement(value) == element)
    return value;
  for (auto inner = value.getDefiningOp<CastOp>(); inner && inner.isExact();
       inner = value.getDefiningOp<CastOp>())
    value = inner.getX();
  if (getElement(value) == element)
    return value;
  return create(builder, location, getTensor(value).clone(element), value);
}

//===-- Loss scaling ----------------------------------------------------------===//

LogicalResult ScaleLossOp::verify() { return checkScale(failureAt(*this), getScale()); }

LogicalResult UnscaleOp::verify() { return checkScale(failureAt(*this), getScale()); }

LogicalResult CheckFiniteOp::verify() {
  Failure fail = failureAt(*this);
  Type i1 = IntegerType::get(getContext(), 1);
  if (failed(checkScalar(fail, getResult(), "the result", i1)) ||
      (getScale() && failed(checkScale(fail, getScale()))))
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
  Failure fail = failureAt(*this);
  if (failed(checkQuantized(fail, getX(), getResult(), "the result", getScale())) ||
      failed(checkRandom(fail, *this, getResult())))
    return failure();
  return checkPacked(fail, getResult(), "the result");
}
LogicalResult QuantizeOp::setBatch(int64_t from, int64_t to) {
  followShape(getResult(), getX());
  return setSamplesTo(*this, from, to);
}

LogicalResult DequantizeOp::verify() {
  Failure fail = failureAt(*this);
  if (failed(checkQuantized(fail, getResult(), getX(), "x", getScale())))
    return failure();
  return checkPacked(fail, getX(), "x");
}
LogicalResult DequantizeOp::setBatch(int64_t, int64_t) {
  followShape(getResult(), getX());
  return success();
}

//===-- Scales of blocks ------------------------------------------------------===//

BlockSize train::getBlockSize(RankedTensorType tensor, RankedTensorType scales) {
  ArrayRef<int64_t> shape = tensor.getShape(), parts = scales.getShape();
  auto divide = [](int64_t size, int64_t count) { return count ? size / count : 1; };
  if (shape.size() < 2)
    return {1, divide(shape.back(), parts.back())};
  return {divide(shape[shape.size() - 2], parts[parts.size() - 2]),
          divide(shape.back(), parts.back())};
}

/// Checks a wide tensor, its elements in a low-precision type, and the scales of blocks.
static LogicalResult checkBlocks(const Failure &fail, Value wide, Value low, Value scales,
                                 Value scale) {
  RankedTensorType type = getTensor(low), parts = getTensor(scales);
  if (getElement(wide).isF64())
    return fail("works with f32, f16 and bf16, got ", getElement(wide));
  if (getShape(wide) != type.getShape())
    return fail("changes the shape: ", toText(getShape(wide)), " and ",
                toText(type.getShape()));
  bool fits = type.getRank() > 0 && parts.getRank() == type.getRank();
  for (int64_t i = 0; fits && i < type.getRank(); ++i) {
    int64_t size = type.getDimSize(i), count = parts.getDimSize(i);
    fits = i + 2 < type.getRank() ? size == count
           : count > 0            ? size % count == 0
                                  : size == 0;
  }
  if (!fits)
    return fail("needs scales whose last one or two sizes divide those of ",
                toText(type.getShape()), ", the others being equal, got ",
                toText(parts.getShape()));
  if (!isa<Float8E4M3FNType, Float8E5M2Type, Float4E2M1FNType>(type.getElementType()))
    return fail("needs elements of f8E4M3FN, f8E5M2 or f4E2M1FN, got ",
                type.getElementType());
  Type kind = parts.getElementType();
  if (!isa<Float8E8M0FNUType, Float8E4M3FNType>(kind))
    return fail("needs scales of f8E8M0FNU or f8E4M3FN, got ", kind);
  if (isa<Float8E4M3FNType>(kind) != (scale != nullptr))
    return fail("needs a scale of the whole tensor beside scales of f8E4M3FN, and none "
                "beside f8E8M0FNU; the scales are ",
                kind);
  if (scale && failed(checkScale(fail, scale)))
    return failure();
  int64_t columns = getBlockSize(type, parts).columns;
  if (type.getElementTypeBitWidth() == 4 && columns > 1 && columns % 2 != 0)
    return fail("has blocks of ", columns,
                " elements of 4 bits, which do not end at a byte");
  return checkPacked(fail, low, "q");
}

/// Scales for a tensor that has another batch now.
static void followScales(Value scales, BlockSize block, Value like) {
  SmallVector<int64_t> shape(getShape(like));
  shape.back() /= block.columns;
  if (shape.size() > 1)
    shape[shape.size() - 2] /= block.rows;
  scales.setType(getTensor(scales).clone(shape));
}

LogicalResult QuantizeBlocksOp::verify() {
  Failure fail = failureAt(*this);
  if (failed(checkBlocks(fail, getX(), getQ(), getScales(), getScale())))
    return failure();
  return checkRandom(fail, *this, getQ());
}
LogicalResult QuantizeBlocksOp::setBatch(int64_t from, int64_t to) {
  BlockSize block = getBlockSize(getTensor(getQ()), getTensor(getScales()));
  followShape(getQ(), getX());
  followScales(getScales(), block, getX());
  return setSamplesTo(*this, from, to);
}
RowKind QuantizeBlocksOp::getRowKind() { return RowKind::Flat; }
// Rounding and saturating in integers is most of it; where a tensor has a scale too, so
// is a division per block (docs/rationale/row-programs.md has the times).
int64_t QuantizeBlocksOp::getFlops() {
  return getElementwiseFlops(getX(), getScale() ? 50 : 25);
}

LogicalResult DequantizeBlocksOp::verify() {
  return checkBlocks(failureAt(*this), getResult(), getQ(), getScales(), getScale());
}
LogicalResult DequantizeBlocksOp::setBatch(int64_t, int64_t) {
  followShape(getResult(), getQ());
  return success();
}
RowKind DequantizeBlocksOp::getRowKind() { return RowKind::Flat; }

//===-- Choosing scales -------------------------------------------------------===//

LogicalResult AmaxOp::verify() {
  Failure fail = failureAt(*this);
  Type f32 = Float32Type::get(getContext());
  if (failed(checkScalar(fail, getResult(), "the result", f32)))
    return failure();
  return getPrevious() ? checkScalar(fail, getPrevious(), "the previous amax", f32)
                       : success();
}
RowKind AmaxOp::getRowKind() { return RowKind::Flat; }

LogicalResult DelayedScaleOp::verify() {
  Failure fail = failureAt(*this);
  RankedTensorType history = getTensor(getHistory());
  if (!history.getElementType().isF32() || history.getRank() != 1 ||
      history.getDimSize(0) < 1)
    return fail("needs a history of f32, of rank 1 and not empty, got ", history);
  if (failed(checkScale(fail, getScale())) ||
      failed(checkScalar(fail, getAmax(), "amax", Float32Type::get(getContext()))))
    return failure();
  double largest = getLargest().convertToDouble();
  if (!(std::isfinite(largest) && largest > 0))
    return fail("largest must be positive and finite, got ", largest);
  int64_t margin = static_cast<int64_t>(getMargin());
  if (margin < -64 || margin > 64)
    return fail("margin must be from -64 to 64, got ", margin);
  return success();
}

// The history and the scale, each in the place of its old value.
ResultStorage DelayedScaleOp::getResultStorage(unsigned result) {
  return ResultStorage::alias(result);
}
RowKind DelayedScaleOp::getRowKind() { return RowKind::Flat; }
