// sin and cos. The argument is reduced to [-pi/4, pi/4] in f64 arithmetic with pi/2 in
// two parts (three for f64 results): k pi/2 is subtracted by fused multiply-adds, whose
// products are exact, so that up to |x| = 2^48 an f32 argument loses nothing.
#include "Exponent.h"

namespace train::vmath {

namespace {
struct Reduced {
  Expr r;        ///< in the element type of the result
  Expr quadrant; ///< an integer of the same width; its low two bits count
};
} // namespace

static Reduced reduce(Expr x) {
  Expr wide = x.toF64();
  Rounded k = roundProduct(wide, wide.splat(twoOverPiF64[0]));
  Expr r = fma(k.n, -halfPiF64[0], wide);
  r = fma(k.n, -halfPiF64[1], r);
  if (x.isF64())
    return {fma(k.n, -halfPiF64[2], r), k.bits};
  return {r.toF32(), k.bits.toI32()};
}

/// sin(r + quadrant pi/2).
static Expr sine(Reduced a) {
  Expr r = a.r, square = r * r;
  Expr sin = fma(r * square, polynomial(square, sinPoly), r);
  Expr cos = fma(square * square, polynomial(square, cosPoly), fma(square, -0.5, 1.0));
  Expr value = select(a.quadrant.bitAnd(1).nonZero(), cos, sin);
  Expr sign = a.quadrant.shl(r.isF64() ? 62 : 30).bitAnd(signMask(r));
  return value.bits().bitXor(sign).asFloat();
}

mlir::Value sin(Builder &b, mlir::Value v) {
  Expr x(b, v);
  return select(equal(x, 0.0), x, sine(reduce(x))); // keeps the sign of zero
}

mlir::Value cos(Builder &b, mlir::Value v) {
  Reduced a = reduce(Expr(b, v));
  return sine({a.r, a.quadrant.plus(1)});
}

} // namespace train::vmath
