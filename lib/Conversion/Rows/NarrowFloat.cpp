// See NarrowFloat.h. The three signed formats are one scheme with three numbers; the
// exponent-only f8E8M0FNU is another.
#include "NarrowFloat.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace train;
using namespace train::rows;

namespace {

/// A signed format: `mantissa` bits after the point, the smallest normal number
/// 2^minExponent, codes without the sign up to `largest`; beyond, `overflow`, and `nan`.
struct Format {
  int bits, mantissa, minExponent;
  uint32_t largest, overflow, nan;
};

Format formatOf(Type element) {
  if (isa<Float8E4M3FNType>(element))
    return {8, 3, -6, 0x7e, 0x7f, 0x7f};
  if (isa<Float8E5M2Type>(element))
    return {8, 2, -14, 0x7b, 0x7c, 0x7e};
  return {4, 1, 0, 0x7, 0x7, 0x7};
}

/// Words of 32 bits, scalars or vectors.
struct Words {
  ImplicitLocOpBuilder &b;
  Type type;  ///< i32
  Type reals; ///< f32

  Words(ImplicitLocOpBuilder &b, Type like)
      : b(b), type(withElement(like, b.getI32Type())),
        reals(withElement(like, b.getF32Type())) {}

  Value word(uint32_t value) {
    return constantLike(b, type, static_cast<double>(static_cast<int32_t>(value)));
  }
  Value real(double value) { return constantLike(b, reals, value); }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, x, y); }
  Value sub(Value x, Value y) { return arith::SubIOp::create(b, x, y); }
  Value band(Value x, Value y) { return arith::AndIOp::create(b, x, y); }
  Value bor(Value x, Value y) { return arith::OrIOp::create(b, x, y); }
  Value shl(Value x, int by) { return arith::ShLIOp::create(b, x, word(by)); }
  Value shr(Value x, int by) { return arith::ShRUIOp::create(b, x, word(by)); }
  Value select(Value c, Value x, Value y) { return arith::SelectOp::create(b, c, x, y); }
  // Magnitudes and codes are below 2^31, so that signed comparisons serve, which vectors
  // have instructions for.
  Value above(Value x, Value y) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, x, y);
  }
  Value bits(Value x) { return arith::BitcastOp::create(b, type, x); }
  Value asReal(Value x) { return arith::BitcastOp::create(b, reals, x); }
  Value widen(Value bytes) { return arith::ExtUIOp::create(b, type, bytes); }
  Value bytes(Value x) {
    return arith::TruncIOp::create(b, withElement(type, b.getI8Type()), x);
  }
};

constexpr uint32_t kInfinity = 0x7f800000;

// Code without sign and before overflow of a normal number, `addend` having been added to
// its bits: the exponent's bias changes, the bits below the mantissa go.
Value rebias(Words &w, Value magnitude, Value addend, const Format &f) {
  const int shift = 23 - f.mantissa;
  const uint32_t bias = (127 - (1 - f.minExponent)) << f.mantissa;
  return w.sub(w.shr(w.add(magnitude, addend), shift), w.word(bias));
}

Value withSign(Words &w, Value code, Value bits, const Format &f) {
  Value sign = w.shr(w.band(bits, w.word(0x80000000u)), 32 - f.bits);
  return w.bor(code, sign);
}

// Powers of two: the exponent's field of f32 is the code, but for what is subnormal
// there.
Value encodePower(Words &w, Value x) {
  Value bits = w.bits(x);
  // Up from the middle of two powers on.
  Value code = w.shr(w.add(bits, w.word(0x00400000)), 23);
  Value tiny = w.select(w.above(bits, w.word(0x005fffff)), w.word(1), w.word(0));
  code = w.select(w.above(w.word(0x00800000), bits), tiny, code);
  code = w.select(w.above(code, w.word(254)), w.word(255), code);
  Value zero = arith::CmpFOp::create(w.b, arith::CmpFPredicate::OEQ, x, w.real(0));
  Value negative = arith::CmpFOp::create(w.b, arith::CmpFPredicate::ULT, x, w.real(0));
  return w.select(zero, w.word(0), w.select(negative, w.word(255), code));
}

} // namespace

Value rows::encodeNarrow(ImplicitLocOpBuilder &b, Value x, Type element) {
  Words w(b, x.getType());
  if (isa<Float8E8M0FNUType>(element))
    return w.bytes(encodePower(w, x));
  const Format f = formatOf(element);
  const int shift = 23 - f.mantissa;
  Value bits = w.bits(x), magnitude = w.band(bits, w.word(0x7fffffff));
  // Half a unit less one, and one more where the last kept bit is odd.
  Value odd = w.band(w.shr(magnitude, shift), w.word(1));
  Value code = rebias(w, magnitude, w.add(odd, w.word((1u << (shift - 1)) - 1)), f);
  // Below the smallest normal number the distance of neighbours stays: adding a number
  // whose last bit is worth as much rounds to it, and leaves the code in the low bits.
  const double magic = std::ldexp(1.0, f.minExponent - f.mantissa + 23);
  Value shifted = arith::AddFOp::create(b, w.asReal(magnitude), w.real(magic));
  Value subnormal = w.sub(w.bits(shifted), w.bits(w.real(magic)));
  const uint32_t smallest = static_cast<uint32_t>(127 + f.minExponent) << 23;
  code = w.select(w.above(w.word(smallest), magnitude), subnormal, code);
  code = w.select(w.above(code, w.word(f.largest)), w.word(f.overflow), code);
  Value isNan = w.above(magnitude, w.word(kInfinity));
  if (f.bits == 4) // the number that stands for NaN is positive
    return w.bytes(w.select(isNan, w.word(f.nan), withSign(w, code, bits, f)));
  return w.bytes(withSign(w, w.select(isNan, w.word(f.nan), code), bits, f));
}

Value rows::encodeNarrowRandomly(ImplicitLocOpBuilder &b, Value x, Value word,
                                 Type element) {
  Words w(b, x.getType());
  const Format f = formatOf(element);
  const int shift = 23 - f.mantissa;
  Value bits = w.bits(x), magnitude = w.band(bits, w.word(0x7fffffff));
  Value drawn = w.shr(word, 16);
  // A carry into the kept bits where what goes is more than (drawn + 1/2) / 2^16 of a
  // unit.
  Value threshold = w.add(w.shl(drawn, shift - 16), w.word(1u << (shift - 17)));
  Value code = rebias(w, magnitude, w.sub(w.word((1u << shift) - 1), threshold), f);
  // Below the smallest normal number in units of the distance there: all of it is exact.
  Value units = arith::MulFOp::create(
      b, w.asReal(magnitude), w.real(std::ldexp(1.0, f.mantissa - f.minExponent)));
  const uint32_t smallest = static_cast<uint32_t>(127 + f.minExponent) << 23;
  Value isSubnormal = w.above(w.word(smallest), magnitude);
  Value inside = w.select(isSubnormal, units, w.real(0));
  Value whole = arith::FPToSIOp::create(b, w.type, inside);
  Value rest =
      arith::SubFOp::create(b, inside, arith::SIToFPOp::create(b, w.reals, whole));
  Value share = math::FmaOp::create(b, arith::SIToFPOp::create(b, w.reals, drawn),
                                    w.real(0x1p-16), w.real(0x1p-17));
  Value up = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, rest, share);
  Value subnormal = w.add(whole, arith::ExtUIOp::create(b, w.type, up));
  code = w.select(isSubnormal, subnormal, code);
  code = w.select(w.above(code, w.word(f.largest)), w.word(f.largest), code);
  Value isNan = w.above(magnitude, w.word(kInfinity));
  if (f.bits == 4)
    return w.bytes(w.select(isNan, w.word(f.nan), withSign(w, code, bits, f)));
  return w.bytes(withSign(w, w.select(isNan, w.word(f.nan), code), bits, f));
}

Value rows::decodeNarrow(ImplicitLocOpBuilder &b, Value codes, Type element) {
  Words w(b, codes.getType());
  Value code = w.widen(codes);
  if (isa<Float8E8M0FNUType>(element)) {
    Value power = w.select(w.above(code, w.word(0)), w.shl(code, 23), w.word(0x00400000));
    return w.asReal(w.select(w.above(code, w.word(254)), w.word(0x7fc00000), power));
  }
  const Format f = formatOf(element);
  const uint32_t signBit = 1u << (f.bits - 1);
  Value sign = w.shl(w.band(code, w.word(signBit)), 32 - f.bits);
  Value magnitude = w.band(code, w.word(signBit - 1));
  const uint32_t bias = static_cast<uint32_t>(127 - (1 - f.minExponent)) << 23;
  Value bits = w.add(w.shl(magnitude, 23 - f.mantissa), w.word(bias));
  Value units =
      arith::MulFOp::create(b, arith::SIToFPOp::create(b, w.reals, magnitude),
                            w.real(std::ldexp(1.0, f.minExponent - f.mantissa)));
  bits = w.select(w.above(w.word(1u << f.mantissa), magnitude), w.bits(units), bits);
  if (isa<Float8E5M2Type>(element))
    bits = w.select(w.above(magnitude, w.word(f.largest)),
                    w.bor(w.shl(w.sub(magnitude, w.word(f.overflow)), 23 - f.mantissa),
                          w.word(kInfinity)),
                    bits);
  else if (f.bits == 8)
    bits = w.select(w.above(magnitude, w.word(f.largest)), w.word(0x7fc00000), bits);
  return w.asReal(w.bor(bits, sign));
}

double rows::getLargestNarrow(Type element) {
  return APFloat::getLargest(cast<FloatType>(element).getFloatSemantics())
      .convertToDouble();
}

Value rows::roundToOdd(ImplicitLocOpBuilder &b, Value nearest, Value residual) {
  Words w(b, nearest.getType());
  auto compare = [&](arith::CmpFPredicate predicate, Value x) -> Value {
    return arith::CmpFOp::create(b, predicate, x, w.real(0));
  };
  Value inexact = arith::AndIOp::create(b, compare(arith::CmpFPredicate::ONE, residual),
                                        compare(arith::CmpFPredicate::ONE, nearest));
  Value away = arith::XOrIOp::create(b, compare(arith::CmpFPredicate::OLT, residual),
                                     compare(arith::CmpFPredicate::OLT, nearest));
  Value bits = w.bits(nearest);
  // The magnitude's neighbour toward zero is the word before it.
  Value one = w.word(1);
  Value moved = w.bor(w.select(away, w.sub(bits, one), bits), one);
  return w.asReal(w.select(inexact, moved, bits));
}
