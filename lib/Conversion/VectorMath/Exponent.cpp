// See Exponent.h. The reduction is Cody and Waite's ("Software Manual for the
// Elementary Functions", 1980) with a fused multiply-add in place of short constants.
#include "Exponent.h"

namespace train::vmath {

Rounded roundProduct(Expr x, Expr scale) {
  double magic = x.pick(0x1.8p23, 0x1.8p52);
  Expr sum = fma(x, scale, magic);
  return {sum - magic, sum.bits()};
}

Scaled expParts(Expr x) {
  Rounded n = roundProduct(x, x.splat(x.pick(log2e)[0]));
  // x - n ln 2: the first step is exact, because the product is not rounded and the
  // difference fits the significand.
  Expr r = fma(n.n, -x.pick(ln2)[0], x);
  r = fma(n.n, -x.pick(ln2)[1], r);
  // The constant term of the polynomial is 1, so r itself enters unrounded.
  Expr high = polynomial(r, x.pick(expm1Poly).drop_front());
  return {fma(r * r, high, r), n.bits};
}

Scaled exp2Parts(Expr high, Expr low) {
  Rounded n = roundProduct(high, high.splat(1));
  return exp2Fraction((high - n.n) + low, n.bits);
}

Scaled exp2Fraction(Expr r, Expr bits) {
  return {r * polynomial(r, r.pick(exp2Poly).drop_front()), bits};
}

Expr powerOfTwo(Expr bits, int64_t offset) {
  bool wide = mlir::getElementTypeOrSelf(bits.type()).isInteger(64);
  int64_t shift = wide ? 52 : 23, bias = wide ? 1023 : 127;
  return bits.shl(shift).plus((bias + offset) << shift).asFloat();
}

std::pair<Expr, Expr> powerOfTwoHalves(Expr bits) {
  Expr half = bits.shr(1);
  return {powerOfTwo(half, 0), powerOfTwo(bits.minus(half), 0)};
}

Expr overOnePlus(Expr numerator, Scaled e) {
  int64_t down = numerator.isF64() ? 64 : 32;
  double scale = numerator.pick(0x1p-32, 0x1p-64);
  // 2^n + 1 first: one operation less in the chain, and the tail is still unrounded.
  Expr power = powerOfTwo(e.bits, -down);
  Expr denominator = fma(power, e.tail, power + scale);
  return numerator / denominator * scale;
}

Expr reflectedSlope(Expr e, Expr m) {
  return fma(e, m, 1.0) / fma(e, e, fma(e, 2.0, 1.0));
}

Scaled gaussian(Expr t) {
  double k = t.pick(halfLog2e)[0];
  Expr square = t * t;
  Expr squareLow = fma(t, t, -square);
  Expr y = square * -k;
  Expr rest = fma(squareLow, k, square * t.pick(halfLog2e)[1]);
  return exp2Parts(y, fma(square, -k, -y) - rest);
}

} // namespace train::vmath
