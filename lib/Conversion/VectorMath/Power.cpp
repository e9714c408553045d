// pow, sqrt and rsqrt. pow needs the logarithm to 2^-40 for an f32 result, because its
// error is multiplied by an exponent up to 150; f64 arithmetic has that for free.
#include "Exponent.h"

#include <limits>

namespace train::vmath {

/// log2 of x >= 0 in f64 arithmetic: -inf at 0, inf at inf. `c` is one side of log2Poly.
static Expr log2Wide(Expr x, llvm::ArrayRef<double> c, bool subnormals) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  Expr scaled = x, shift = x.splat(0);
  if (subnormals) {
    Expr tiny = less(x, 0x1p-1022);
    scaled = select(tiny, x * 0x1p52, x);
    shift = select(tiny, x.splat(-52), shift);
  }
  int64_t one = int64_t(1023) << 52;
  Expr bits = scaled.bits();
  Expr field = bits.plus(one - 0x3fe6a09e667f3bcd).shr(52);
  Expr m = bits.minus(field.shl(52)).plus(one).asFloat();
  Expr k = field.bitOr(int64_t(1075) << 52).asFloat() - (0x1p52 + 1023);
  if (subnormals)
    k = k + shift;
  Expr s = (m - 1.0) / (m + 1.0);
  Expr result = fma(s, polynomial(s * s, c), k);
  result = select(equal(x, 0.0), x.splat(-inf), result);
  return select(less(x, inf), result, x); // inf and NaN pass
}

mlir::Value pow(Builder &b, mlir::Value xValue, mlir::Value yValue) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  Expr x(b, xValue), y(b, yValue);
  bool wide = x.isF64();
  auto logarithm = x.pick(log2Poly), power = x.pick(exp2PowPoly);

  Expr product = log2Wide(magnitude(x).toF64(), logarithm, wide) * y.toF64();
  Expr t = clamp(product, -1100, 1100);
  Rounded n = roundProduct(t, t.splat(1));
  Expr p = polynomial(t - n.n, power);
  // An f32 result rounds once, in the truncation, overflow and subnormals included.
  auto [first, second] = powerOfTwoHalves(n.bits);
  Expr result = wide ? p * first * second : (p * first * second).toF32();

  // The sign: that of x for odd integers y; a fraction of a negative number is NaN.
  Expr half = y * 0.5;
  Expr integer = equal(roundEven(y), y);
  Expr even = equal(roundEven(half), half);
  Expr signedResult = withSign(result, x);
  Expr odd = select(even, result, signedResult);
  result = select(integer, odd, result);
  Expr base = greater(x, -inf).binary<mlir::arith::AndIOp>(less(x, 0.0));
  Expr exponent = integer.binary<mlir::arith::XOrIOp>(integer.splatInt(-1));
  exponent = exponent.binary<mlir::arith::AndIOp>(less(magnitude(y), inf));
  result = select(base.binary<mlir::arith::AndIOp>(exponent), x.splat(nan), result);

  // 1 whatever the other operand is, NaN included; and (-1)^(+-inf).
  Expr one = equal(y, 0.0).binary<mlir::arith::OrIOp>(equal(x, 1.0));
  Expr minusOne = equal(x, -1.0).binary<mlir::arith::AndIOp>(equal(magnitude(y), inf));
  return select(one.binary<mlir::arith::OrIOp>(minusOne), x.splat(1), result);
}

mlir::Value sqrt(Builder &b, mlir::Value v) { return sqrtOf(Expr(b, v)); }

mlir::Value rsqrt(Builder &b, mlir::Value v) { return 1.0 / sqrtOf(Expr(b, v)); }

} // namespace train::vmath
