// Elementary functions for generated kernels. Row kernels run at memory speed only
// when no element calls libm, so each function here expands in place into `arith` and
// `math.fma`/`math.sqrt`/`math.roundeven` on scalars or vectors of f32 or f64.
//
// Promises:
//  * f32 results are within 4 ULP of the correctly rounded value, f64 results within
//    about 1e-13 relative (pow: 3e-13); docs/numerics.md has the measured figures,
//    function by function, and the two derivatives whose bound is absolute near their
//    zero.
//  * No branches, no tables, no fast-math flags, no contraction left to the backend:
//    the bits of an element depend on its value alone, not on the lane, the vector
//    width or the code around it.
//  * NaN in, NaN out. Infinities, signed zeros and subnormals get the C result;
//    subnormal results are not flushed.
// The target must have a fused multiply-add (any x86-64-v3 or NVIDIA GPU): elsewhere
// the backend would call fma() for each element.
#ifndef TRAIN_CONVERSION_VECTORMATH_H
#define TRAIN_CONVERSION_VECTORMATH_H

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Value.h"

namespace train::vmath {

/// Every function inserts at the builder's insertion point and returns a value of the
/// type of `x`: f32, f64 or a fixed-size vector of them. Narrower types are the
/// caller's to extend and truncate.
using Builder = mlir::ImplicitLocOpBuilder;

mlir::Value exp(Builder &b, mlir::Value x);
mlir::Value expm1(Builder &b, mlir::Value x);
/// Natural logarithm: -inf at 0, NaN below.
mlir::Value log(Builder &b, mlir::Value x);
/// log(1 + x), accurate for small x.
mlir::Value log1p(Builder &b, mlir::Value x);
mlir::Value tanh(Builder &b, mlir::Value x);
/// 1 / (1 + exp(-x)).
mlir::Value sigmoid(Builder &b, mlir::Value x);
mlir::Value erf(Builder &b, mlir::Value x);
/// sin and cos keep their accuracy up to |x| = 2^48 in f32 and 2^30 in f64. Beyond, the
/// argument reduction runs out of digits of pi and the result means nothing.
mlir::Value sin(Builder &b, mlir::Value x);
mlir::Value cos(Builder &b, mlir::Value x);
/// x to the power y with the special cases of C (Annex F.10.4.4): pow(x, 0) and
/// pow(1, y) are 1 even for NaN; a negative base with a non-integer exponent is NaN.
mlir::Value pow(Builder &b, mlir::Value x, mlir::Value y);
/// Correctly rounded.
mlir::Value sqrt(Builder &b, mlir::Value x);
/// 1 / sqrt(x), both steps correctly rounded: less than 1.5 ULP.
mlir::Value rsqrt(Builder &b, mlir::Value x);

/// x / (1 + exp(-x)); -0 at -inf, the limit.
mlir::Value silu(Builder &b, mlir::Value x);
/// dy * d silu(x) / dx. Its zero is at x = -1.278: where |result| < |dy| / 16, the bound
/// is 4 ULP of |dy| / 16. Below x = -40 (f32) the factor of dy stays at its value there,
/// which is under 2^-52.
mlir::Value siluGrad(Builder &b, mlir::Value x, mlir::Value dy);
/// x * erfc(-x / sqrt(2)) / 2, to full relative accuracy down to the underflow at
/// x = -14.4 (f32); -0 at -inf, the limit.
mlir::Value geluErf(Builder &b, mlir::Value x);
/// dy * d geluErf(x) / dx, relative accuracy at its zero included.
mlir::Value geluErfGrad(Builder &b, mlir::Value x, mlir::Value dy);
/// x / 2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))), to full relative accuracy down
/// to the underflow at x = -10.8 (f32); -0 at -inf, the limit.
mlir::Value geluTanh(Builder &b, mlir::Value x);
/// dy * d geluTanh(x) / dx. Its zero is at x = -0.752: where |result| < |dy| / 16, the
/// bound is 4 ULP of |dy| / 16. Below x = -7.25 (f32) the factor of dy stays at its value
/// there, which is under 2^-48.
mlir::Value geluTanhGrad(Builder &b, mlir::Value x, mlir::Value dy);

} // namespace train::vmath

#endif // TRAIN_CONVERSION_VECTORMATH_H
