// log and log1p: x = 2^k m with m in [sqrt(1/2), sqrt(2)], log x = k ln 2 + log(1 + f)
// with f = m - 1. Both share everything but the first step.
#include "Expression.h"

#include <limits>

namespace train::vmath {

namespace {
struct Split {
  Expr f; ///< m - 1
  Expr k; ///< as a float
};
} // namespace

static Split split(Expr x) {
  int64_t shift = x.significandBits();
  int64_t one = x.bias() << shift;
  int64_t sqrtHalf = x.isF64() ? 0x3fe6a09e667f3bcd : 0x3f3504f3;
  Expr bits = x.bits();
  Expr field = bits.plus(one - sqrtHalf).shr(shift);
  Expr m = bits.minus(field.shl(shift)).plus(one).asFloat();
  // The field in the low bits of 2^(significand bits), minus that and the bias.
  double base = x.pick(0x1p23, 0x1p52);
  int64_t baseBits = (x.bias() + shift) << shift;
  Expr k = field.bitOr(baseBits).asFloat() - (base + double(x.bias()));
  return {m - 1.0, k};
}

/// k ln 2 + log(1 + f) + extra, the small terms first.
static Expr sum(Expr k, Expr f, Expr *extra = nullptr) {
  auto constant = f.pick(ln2);
  Expr square = f * f;
  Expr y = square * f * polynomial(f, log1pPoly);
  y = fma(k, constant[1], y);
  if (extra)
    y = y + *extra;
  y = fma(square, -0.5, y);
  return fma(k, constant[0], f + y);
}

/// The result where x is positive and finite; elsewhere -inf at 0, NaN below, x itself
/// at +inf and NaN.
static Expr withSpecialCases(Expr x, Expr result) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  Expr low = select(less(x, 0.0), x.splat(nan), x);
  low = select(equal(x, 0.0), x.splat(-inf), low);
  Expr proper = greater(x, 0.0).binary<mlir::arith::AndIOp>(less(x, inf));
  return select(proper, result, low);
}

mlir::Value log(Builder &b, mlir::Value v) {
  Expr x(b, v);
  // Subnormals have no exponent field to split: scale them up first.
  Expr tiny = less(x, x.pick(0x1p-126, 0x1p-1022));
  Expr scaled = select(tiny, x * x.pick(0x1p23, 0x1p52), x);
  Split s = split(scaled);
  Expr k = s.k + select(tiny, x.splat(x.pick(-23, -52)), x.splat(0));
  return withSpecialCases(x, sum(k, s.f));
}

mlir::Value log1p(Builder &b, mlir::Value v) {
  // u = 1 + x rounds; what it lost is small against u, and log(u + lost) = log u +
  // lost/u.
  Expr x(b, v);
  Expr u = x + 1.0;
  Expr lost = (x - (u - 1.0)) / u;
  Split s = split(u);
  Expr result = withSpecialCases(u, sum(s.k, s.f, &lost));
  return select(equal(x, 0.0), x, result); // keeps the sign of zero
}

} // namespace train::vmath
