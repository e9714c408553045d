// GELU, exact and by tanh, with their derivatives. For negative x the value is a tiny
// tail, e^-100 at x = -10, and still owed to full relative accuracy: the exponent is
// therefore carried in two parts, and the tail is never formed as 1 minus something.
#include "Exponent.h"

namespace train::vmath {

namespace {
struct TwoParts {
  Expr high;
  Expr low;
};
} // namespace

/// linear + cubic t^2 in two parts, given t^2 as a rounded number. linear[0] is short
/// enough that linear[0] - high is exact (both are multiples of the last place of
/// `high`), which leaves one fma for the error of the first.
static TwoParts evenCubic(Expr square, llvm::ArrayRef<double> linear,
                          llvm::ArrayRef<double> cubic) {
  Expr high = fma(square, cubic[0], linear[0]);
  return {high, fma(square, cubic[0], linear[0] - high)};
}

/// 2^(t v) for |t v| < 2^20: the product is never rounded before its integer is off.
static Scaled exp2Product(Expr t, TwoParts v) {
  Rounded n = roundProduct(t, v.high);
  return exp2Fraction(fma(t, v.low, fma(t, v.high, -n.n)), n.bits);
}

/// exp(-2 sqrt(2/pi) (t + 0.044715 t^3)) to full relative accuracy, by way of powers
/// of 2. |t| < 13 (f32; f64: 32).
static Scaled tanhExponential(Expr t) {
  auto linear = t.pick(geluLinear), cubic = t.pick(geluCubic);
  Expr square = t * t;
  Expr squareLow = fma(t, t, -square);
  TwoParts v = evenCubic(square, {-linear[0]}, {-cubic[0]});
  // Apart from the rounding of v.high, so that neither waits for the other.
  Expr rest = fma(squareLow, -cubic[0], fma(square, -cubic[1], -linear[1]));
  return exp2Product(t, {v.high, v.low + rest});
}

/// dy * g'(x) for a derivative with g'(x) + g'(-x) = 1, given g'(-|x|) = factor * second
/// with `second` a power of two up to 1, multiplied last: a large dy then meets a factor
/// that has not underflowed yet.
static Expr reflectedGrad(Expr x, Expr dy, Expr factor, Expr second) {
  Expr negative = less(x, 0.0);
  Expr derivative = select(negative, factor, 1.0 - factor * second);
  return dy * derivative * select(negative, second, x.splat(1));
}

/// (t-4)/(t+4) for t >= 0, as 2t/(t+4) - 1: the errors of the quotient vanish with t, and
/// it is near 0 that the polynomials are steep.
static Expr centred(Expr t) {
  Expr w = 1.0 / (t + 4.0);
  return fma(t, w + w, -1.0);
}

/// exp(t^2/2) erfc(t/sqrt(2)) / 2 for t >= 0 (the Mills ratio over sqrt(2 pi)) as a
/// fraction. The numerator varies so little that the roundings of its terms hardly count.
static std::pair<Expr, Expr> mills(Expr t) {
  return {horner(centred(t), millsPoly), t + 0.8125};
}

mlir::Value geluTanh(Builder &b, mlir::Value v) {
  // x/2 (1 + tanh u) = x / (1 + e^-2u).
  Expr x(b, v);
  Expr low = atLeast(x, x.pick(-10.8, -21.56));
  Expr result = overOnePlus(low, tanhExponential(atMost(low, x.pick(6, 8))));
  return select(greater(x, x.pick(6, 8)), x, result);
}

mlir::Value geluTanhGrad(Builder &b, mlir::Value v, mlir::Value dyValue) {
  // With t = |x|, z = 2u(t), e = e^z: g'(-t) = (1 + e (1 - t z')) / (1 + e)^2. This owes
  // relative accuracy down to |dy| / 16 only, so the square of t may be a rounded number.
  Expr x(b, v), dy(b, dyValue);
  Expr t = atMost(magnitude(x), x.pick(7.25, 14));
  Expr square = t * t;
  Scaled e = exp2Product(t, evenCubic(square, t.pick(geluSum), t.pick(geluCubic)));
  // t z' and 1 cancel where t is around 0.5, so t z' has two parts.
  auto linear = t.pick(slopeLinear);
  TwoParts slope = evenCubic(square, linear, t.pick(slopeCubic));
  Expr product = t * slope.high;
  Expr low = fma(t, slope.low + linear[1], fma(t, slope.high, -product));
  Expr m = (1.0 - product) - low;
  Expr factor = reflectedSlope(e.times(powerOfTwo(e.bits, 0)), m);
  return dy * select(less(x, 0.0), factor, 1.0 - factor);
}

mlir::Value geluErf(Builder &b, mlir::Value v) {
  // x Phi(x) = max(x, 0) - |x| Phi(-|x|). The maximum is -0 for negative x, which keeps
  // the sign where the tail underflows.
  Expr x(b, v);
  Expr t = atMost(magnitude(x), x.pick(14.5, 38.7));
  Scaled e = gaussian(t);
  auto [first, second] = powerOfTwoHalves(e.bits);
  auto [numerator, denominator] = mills(t);
  Expr tail = e.times(t * numerator) / denominator * first * second;
  return select(less(x, 0.0), x.splat(-0.0), x) - tail;
}

mlir::Value geluErfGrad(Builder &b, mlir::Value v, mlir::Value dyValue) {
  // g'(-t) = Phi(-t) - t phi(t) = e^(-t^2/2) (mills(t) - t / sqrt(2 pi)); its zero is
  // factored out, so that the relative accuracy holds there too.
  Expr x(b, v), dy(b, dyValue);
  Expr t = atMost(magnitude(x), x.pick(18, 50));
  Scaled e = gaussian(t);
  auto [first, second] = powerOfTwoHalves(e.bits);
  auto zero = x.pick(geluZero);
  Expr distance = (zero[0] - t) + zero[1];
  Expr ratio = horner(centred(t), slopePoly);
  return reflectedGrad(x, dy, e.times(distance * ratio) * first, second);
}

mlir::Value erf(Builder &b, mlir::Value v) {
  Expr x(b, v);
  Expr limit = atMost(magnitude(x), x.pick(4, 6));
  // A polynomial up to 1, and 1 - erfc from there on.
  Expr small = fma(limit, polynomial(limit * limit, erfPoly), limit);
  Expr t = limit * 0x1.6a09e667f3bcdp0;
  Scaled e = gaussian(t);
  auto [numerator, denominator] = mills(t);
  Expr tail = e.times(numerator) * powerOfTwo(e.bits, 1) / denominator;
  return withSign(select(less(limit, 1.0), small, 1.0 - tail), x);
}

} // namespace train::vmath
