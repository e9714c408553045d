// See References.h.
#include "References.h"

#include <cmath>

namespace train::vmath::test {

using Real = long double;
static const Real rootTwo = sqrtl(2), pi = acosl(-1);
static const Real linear = 2 * sqrtl(2 / pi), cubic = linear * 0.044715L;

static Real sigmoidOf(Real x) { return 1 / (1 + expl(-x)); }
static Real tanhArgument(Real x) { return x * (linear + cubic * x * x); }

static Real siluGradient(Real x, Real dy) {
  return dy * sigmoidOf(x) * (1 + x * sigmoidOf(-x));
}
static Real geluErfOf(Real x, Real) {
  return std::isinf(x) ? (x > 0 ? x : -0.0L) : x * erfcl(-x / rootTwo) / 2;
}
static Real geluErfGradient(Real x, Real dy) {
  if (std::isinf(x))
    return dy * (x > 0);
  return dy * (erfcl(-x / rootTwo) / 2 + x * expl(-x * x / 2) / sqrtl(2 * pi));
}
static Real geluTanhOf(Real x, Real) {
  return x < -100 ? -0.0L : x / (1 + expl(-tanhArgument(x)));
}
static Real geluTanhGradient(Real x, Real dy) {
  if (fabsl(x) > 100)
    return dy * (x > 0);
  Real z = tanhArgument(x);
  return dy * sigmoidOf(z) * (1 + x * (linear + 3 * cubic * x * x) * sigmoidOf(-z));
}

template <mlir::Value (*f)(Builder &, mlir::Value)>
static mlir::Value one(Builder &b, mlir::Value x, mlir::Value) {
  return f(b, x);
}

const std::vector<Case> &cases() {
  static const std::vector<Case> list = {
      {"exp", one<exp>, [](Real x, Real) { return expl(x); }},
      {"expm1", one<expm1>, [](Real x, Real) { return expm1l(x); }},
      {"log", one<log>, [](Real x, Real) { return logl(x); }},
      {"log1p", one<log1p>, [](Real x, Real) { return log1pl(x); }},
      {"tanh", one<tanh>, [](Real x, Real) { return tanhl(x); }},
      {"sigmoid", one<sigmoid>, [](Real x, Real) { return sigmoidOf(x); }},
      {"erf", one<erf>, [](Real x, Real) { return erfl(x); }},
      {"sin", one<sin>, [](Real x, Real) { return sinl(x); }, Case::None, 4.5, 0, 0x1p48,
       0x1p30},
      {"cos", one<cos>, [](Real x, Real) { return cosl(x); }, Case::None, 4.5, 0, 0x1p48,
       0x1p30},
      {"pow", pow, [](Real x, Real y) { return powl(x, y); }, Case::Exponent},
      {"sqrt", one<sqrt>, [](Real x, Real) { return sqrtl(x); }, Case::None, 0.5001},
      {"rsqrt", one<rsqrt>, [](Real x, Real) { return 1 / sqrtl(x); }, Case::None, 1.5},
      {"silu", one<silu>,
       [](Real x, Real) { return std::isinf(x) && x < 0 ? -0.0L : x * sigmoidOf(x); }},
      {"siluGrad", siluGrad, siluGradient, Case::Gradient, 4.5, 0x1p-4},
      {"geluErf", one<geluErf>, geluErfOf},
      {"geluErfGrad", geluErfGrad, geluErfGradient, Case::Gradient},
      {"geluTanh", one<geluTanh>, geluTanhOf},
      {"geluTanhGrad", geluTanhGrad, geluTanhGradient, Case::Gradient, 4.5, 0x1p-4},
  };
  return list;
}

} // namespace train::vmath::test
