// Row programs of casts, of quantization with one scale, and of loss scaling.
#include "Expansion.h"
#include "NarrowFloat.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace train;
using namespace train::rows;

// Float to integer truncates and saturates; NaN becomes 0.
static Value emitFloatToInt(ImplicitLocOpBuilder &b, Value x, IntegerType to) {
  Type type = x.getType(), result = withElement(type, to);
  // The borders as floats: 2^(n-1) is exact in every float type here.
  double border = std::ldexp(1.0, to.getWidth() - 1);
  Value high = constantLike(b, type, border), low = constantLike(b, type, -border);
  Value inside = arith::AndIOp::create(
      b, arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, x, low),
      arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, high));
  Value safe = arith::SelectOp::create(b, inside, x, constantLike(b, type, 0));
  Value converted = arith::FPToSIOp::create(b, result, safe);
  auto constant = [&](const APInt &value) -> Value {
    TypedAttr attr = b.getIntegerAttr(to, value);
    if (auto vector = dyn_cast<VectorType>(result))
      attr = DenseElementsAttr::get(vector, cast<Attribute>(attr));
    return arith::ConstantOp::create(b, attr);
  };
  Value above = arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, x, high);
  Value below = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, low);
  Value clamped = arith::SelectOp::create(
      b, above, constant(APInt::getSignedMaxValue(to.getWidth())), converted);
  return arith::SelectOp::create(
      b, below, constant(APInt::getSignedMinValue(to.getWidth())), clamped);
}

// f64 to f32 so that a second rounding to 16 bits or fewer gives what one would have.
// What is lost may be too small for an f32, so that magnitudes are compared in f64.
static Value emitRoundToOdd(ImplicitLocOpBuilder &b, Value x) {
  Type f32 = withElement(x.getType(), b.getF32Type()),
       words = withElement(x.getType(), b.getI32Type());
  Value nearest = arith::TruncFOp::create(b, f32, x);
  Value back = arith::ExtFOp::create(b, x.getType(), nearest);
  Value away =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, math::AbsFOp::create(b, back),
                            math::AbsFOp::create(b, x));
  Value inexact = arith::CmpFOp::create(b, arith::CmpFPredicate::ONE, back, x);
  Value bits = arith::BitcastOp::create(b, words, nearest),
        one = constantLike(b, words, 1);
  // The magnitude's neighbour toward zero is the word before it.
  bits = arith::SelectOp::create(b, away, arith::SubIOp::create(b, bits, one), bits);
  bits = arith::SelectOp::create(b, inexact, arith::OrIOp::create(b, bits, one), bits);
  return arith::BitcastOp::create(b, f32, bits);
}

//===-- Quantization ----------------------------------------------------------===//

int rows::productToOdd(rows::Builder &b, int x, int scale) {
  MLIRContext *context = b.getContext();
  Type f32 = Float32Type::get(context);
  if (b.typeOf(x).isF64()) {
    int product = b.mul(x, scale);
    return b.compute("odd", f32, {product},
                     [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) {
                       return emitRoundToOdd(b, in[0]);
                     });
  }
  return b.compute(
      "mulodd", f32, {x, scale}, [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) {
        Value product = arith::MulFOp::create(b, in[0], in[1]);
        // What the product lacks is an f32 itself.
        Value residual =
            math::FmaOp::create(b, in[0], in[1], arith::NegFOp::create(b, product));
        return roundToOdd(b, product, residual);
      });
}

int rows::quotientFor(rows::Builder &b, int x, int scale, Type target) {
  if (b.typeOf(x).isF64() || getComputeType(target) == target)
    return b.div(x, scale);
  return b.compute(
      "divodd", b.typeOf(x), {x, scale}, [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) {
        Value quotient = arith::DivFOp::create(b, in[0], in[1]);
        // The remainder is exact; it has the sign of what the quotient lacks if the
        // divisor is positive.
        Value remainder =
            math::FmaOp::create(b, arith::NegFOp::create(b, quotient), in[1], in[0]);
        Value signedRemainder = math::CopySignOp::create(
            b, remainder,
            arith::MulFOp::create(
                b,
                math::CopySignOp::create(b, constantLike(b, remainder.getType(), 1),
                                         remainder),
                math::CopySignOp::create(b, constantLike(b, remainder.getType(), 1),
                                         in[1])));
        return roundToOdd(b, quotient, signedRemainder);
      });
}

int rows::saturateTo(rows::Builder &b, int x, Type element, int word) {
  std::string name;
  llvm::raw_string_ostream(name) << element;
  if (word >= 0)
    return b.compute("random" + name, b.typeOf(x), {x, word},
                     [element](ImplicitLocOpBuilder &b, ArrayRef<Value> in) {
                       return decodeNarrow(
                           b, encodeNarrowRandomly(b, in[0], in[1], element), element);
                     });
  double largest = getLargestNarrow(element);
  return b.compute(
      "saturate" + name, b.typeOf(x), {x},
      [largest](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
        Value high = constantLike(b, in[0].getType(), largest),
              low = constantLike(b, in[0].getType(), -largest);
        Value above = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, in[0], high);
        Value below = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, in[0], low);
        return arith::SelectOp::create(b, below, low,
                                       arith::SelectOp::create(b, above, high, in[0]));
      });
}

static void expandQuantize(Context &context, QuantizeOp op) {
  rows::Builder &b = context.b;
  Type target = elementOf(op.getResult());
  int product =
      productToOdd(b, context.operand(op.getX()), context.operand(op.getScale()));
  if (auto integer = dyn_cast<IntegerType>(target)) {
    context.result(op.getResult(),
                   b.compute("quantizei" + std::to_string(integer.getWidth()), integer,
                             {product},
                             [integer](ImplicitLocOpBuilder &b, ArrayRef<Value> in) {
                               Value whole = math::RoundEvenOp::create(b, in[0]);
                               return emitFloatToInt(b, whole, integer);
                             }));
    return;
  }
  int word = -1;
  if (op.getKey())
    word = randomWord(b, context.resolve(op.getKey()), *op.getSite(), countOf(op.getX()),
                      *op.getSamples());
  context.result(op.getResult(), saturateTo(b, product, target, word));
}

static void expandDequantize(Context &context, DequantizeOp op) {
  rows::Builder &b = context.b;
  Type target = elementOf(op.getResult()), compute = getComputeType(target);
  int x = context.operand(op.getX());
  if (isa<IntegerType>(b.typeOf(x)))
    x = b.compute("real", compute, {x},
                  [compute](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
                    return arith::SIToFPOp::create(
                        b, withElement(in[0].getType(), compute), in[0]);
                  });
  x = b.convert(x, compute);
  context.result(op.getResult(),
                 quotientFor(b, x, context.operand(op.getScale()), target));
}

//===-- Casts -----------------------------------------------------------------===//

static Value emitCast(ImplicitLocOpBuilder &b, Value x, Type to) {
  Type from = getElementTypeOrSelf(x.getType()), result = withElement(x.getType(), to);
  if (from == to)
    return x;
  bool fromFloat = isa<FloatType>(from), toFloat = isa<FloatType>(to);
  unsigned fromBits = from.getIntOrFloatBitWidth(), toBits = to.getIntOrFloatBitWidth();
  // i1 holds the integers 0 and 1, and saturates like the others.
  if (to.isInteger(1)) {
    Value one = constantLike(b, x.getType(), 1);
    if (fromFloat)
      return arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, x, one);
    return arith::CmpIOp::create(b, arith::CmpIPredicate::sge, x, one);
  }
  if (fromFloat && toFloat) {
    if (fromBits < toBits)
      return arith::ExtFOp::create(b, result, x);
    return arith::TruncFOp::create(b, result, x);
  }
  if (fromFloat)
    return emitFloatToInt(b, x, cast<IntegerType>(to));
  if (toFloat) {
    if (from.isInteger(1))
      return arith::UIToFPOp::create(b, result, x);
    return arith::SIToFPOp::create(b, result, x);
  }
  if (fromBits > toBits) {
    // Integers saturate too.
    Value low = arith::ExtSIOp::create(
        b, x.getType(), constantLike(b, result, -std::ldexp(1.0, toBits - 1)));
    Value high = arith::ExtSIOp::create(
        b, x.getType(), constantLike(b, result, std::ldexp(1.0, toBits - 1) - 1));
    Value clamped = arith::MinSIOp::create(b, arith::MaxSIOp::create(b, x, low), high);
    return arith::TruncIOp::create(b, result, clamped);
  }
  if (from.isInteger(1))
    return arith::ExtUIOp::create(b, result, x);
  return arith::ExtSIOp::create(b, result, x);
}

static int isFinite(rows::Builder &b, int x) {
  return b.compute(
      "finite", IntegerType::get(b.getContext(), 1), {x},
      [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
        Value size = math::AbsFOp::create(b, in[0]);
        Value infinity =
            constantLike(b, in[0].getType(), std::numeric_limits<double>::infinity());
        return arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, size, infinity);
      });
}

// i64 counter arithmetic.
static int addInt(rows::Builder &b, int x, int64_t value) {
  return b.compute("addi" + std::to_string(value), b.typeOf(x), {x},
                   [value](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
                     return arith::AddIOp::create(
                         b, in[0], constantLike(b, in[0].getType(), value));
                   });
}
static int atLeast(rows::Builder &b, int x, int64_t value) {
  return b.compute("atleast" + std::to_string(value), IntegerType::get(b.getContext(), 1),
                   {x}, [value](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
                     return arith::CmpIOp::create(
                         b, arith::CmpIPredicate::sge, in[0],
                         constantLike(b, in[0].getType(), value));
                   });
}

static void expandUpdateScale(Context &context, UpdateScaleOp op) {
  rows::Builder &b = context.b;
  int scale = context.operand(op.getScale()), good = context.operand(op.getGoodSteps()),
      bad = context.operand(op.getBadSteps()), finite = context.operand(op.getFinite());
  Type type = b.typeOf(scale);
  int zero = b.constant(b.typeOf(good), 0);

  int goodNext = addInt(b, good, 1), badNext = addInt(b, bad, 1);
  int grows = atLeast(b, goodNext, op.getWindow()),
      backs = atLeast(b, badNext, op.getHysteresis());
  int grown = b.mul(scale, b.constant(type, op.getGrowth().convertToDouble()));
  grown = b.select(isFinite(b, grown), grown, scale);
  int backed = b.combine(
      Reduction::Max, b.mul(scale, b.constant(type, op.getBackoff().convertToDouble())),
      b.constant(type, op.getMinimum().convertToDouble()));
  context.result(op.getNewScale(), b.select(finite, b.select(grows, grown, scale),
                                            b.select(backs, backed, scale)));
  context.result(op.getNewGoodSteps(),
                 b.select(finite, b.select(grows, zero, goodNext), zero));
  context.result(op.getNewBadSteps(), b.select(finite, b.select(grows, zero, bad),
                                               b.select(backs, zero, badNext)));
}

void rows::addPrecisionExpansions(ExpansionTable &table) {
  table.elementwise<CastOp>([](Context &context, CastOp op) {
    int x = context.operand(op.getX());
    Type target = elementOf(op.getY());
    std::string key;
    llvm::raw_string_ostream(key) << "cast" << elementOf(op.getX()) << target;
    Type compute = getComputeType(target);
    context.result(
        op.getY(),
        context.b.compute(key, compute, {x},
                          [=](ImplicitLocOpBuilder &b, ArrayRef<Value> in) {
                            Type from = getElementTypeOrSelf(in[0].getType());
                            if (target == compute || from.isF32() || from.isInteger(1))
                              return emitCast(b, in[0], compute);
                            return emitRoundToOdd(b, emitCast(b, in[0], b.getF64Type()));
                          }));
  });
  table.elementwise<ScaleLossOp>([](Context &context, ScaleLossOp op) {
    context.result(op.getResult(), context.b.mul(context.operand(op.getLoss()),
                                                 context.operand(op.getScale())));
  });
  table.elementwise<UnscaleOp>([](Context &context, UnscaleOp op) {
    context.result(op.getResult(), context.b.div(context.operand(op.getX()),
                                                 context.operand(op.getScale())));
  });
  table.sequence<CheckFiniteOp>([](Sequence &sequence, CheckFiniteOp op) {
    Value x = op.getX();
    auto [rows, columns] = splitForReduction(countOf(x));
    reduceAll(
        sequence, x, Reduction::And,
        [&, rows = rows, columns = columns](rows::Builder &b) {
          int value = b.load(x, {rows, columns});
          if (Value scale = op.getScale())
            value = b.mul(value, b.convert(b.load(scale, {1, 1}), b.typeOf(value)));
          return isFinite(b, value);
        },
        [&](rows::Builder &b, int all) {
          if (op.getPrevious())
            all = b.combine(Reduction::And, all, b.load(op.getPrevious(), {1, 1}));
          b.store(all, op.getResult(), {1, 1});
        },
        IntegerType::get(op.getContext(), 1));
  });
  table.elementwise<UpdateScaleOp>(expandUpdateScale);
  // Where an element stands matters to those that are rounded at random only.
  table.add<QuantizeOp>(expandQuantize, [](Operation *op) -> std::optional<DomainNeed> {
    auto quantize = cast<QuantizeOp>(op);
    return DomainNeed{SmallVector<int64_t>(shapeOf(quantize.getResult())),
                      quantize.getKey() != nullptr};
  });
  table.elementwise<DequantizeOp>(expandDequantize);
}
