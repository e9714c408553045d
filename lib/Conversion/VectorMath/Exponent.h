// The exponential's core, shared by all functions that contain one: e^x and 2^y as
// p * 2^n with p in [0.7, 1.42] and n kept as an integer, so that each function can
// apply the power of two where its own result neither overflows nor underflows early.
#ifndef TRAIN_LIB_CONVERSION_VECTORMATH_EXPONENT_H
#define TRAIN_LIB_CONVERSION_VECTORMATH_EXPONENT_H

#include "Expression.h"

#include <utility>

namespace train::vmath {

/// A rounded number n: as a float, and as an integer whose low bits are n. Adding
/// 1.5 * 2^(significand bits) leaves n in the low bits of the sum, which saves the
/// conversion instruction and works alike on every target. |n| < 2^21 (f32).
struct Rounded {
  Expr n;
  Expr bits;
};
/// Rounds x * scale to nearest, ties to even.
Rounded roundProduct(Expr x, Expr scale);

/// p * 2^n. `tail` is p - 1 to full relative accuracy.
struct Scaled {
  Expr tail;
  Expr bits; ///< low bits: n
  Expr p() const { return tail + 1.0; }
  /// factor * p, rounded once where factor * p() would round twice.
  Expr times(Expr factor) const { return fma(tail, factor, factor); }
};
/// e^x for |x| < 2^20, relative error about 2^-24 (f32).
Scaled expParts(Expr x);
/// 2^(high + low), |low| far below 1, |high| < 2^20: for exponents that would lose their
/// accuracy in one number.
Scaled exp2Parts(Expr high, Expr low);

/// p * 2^r on |r| <= 1/2 where r is what `n` leaves of an exponent.
Scaled exp2Fraction(Expr r, Expr bits);

/// 2^(n + offset), which must be a normal number.
Expr powerOfTwo(Expr bits, int64_t offset);
/// 2^(n/2) twice, rounded down and up: their product reaches the whole range of finite
/// and subnormal numbers and beyond. Multiply by the one and then the other: only the
/// second product rounds.
std::pair<Expr, Expr> powerOfTwoHalves(Expr bits);

/// numerator / (1 + e) for e = p * 2^n, with n from -90 to 158 (f32; f64: to 1087). Both
/// sides of the fraction are scaled down, so that e may exceed the largest float where
/// the quotient is still a number worth having. |numerator| < 2^90 where n < 64.
Expr overOnePlus(Expr numerator, Scaled e);

/// (1 + e m) / (1 + e)^2, the form that the derivatives of silu and gelu take at -t for
/// e = e^z(t), m = 1 - t z'(t): nothing cancels but the two terms on top, and there the
/// errors of e above and below the line cancel too. e^2 must be finite.
Expr reflectedSlope(Expr e, Expr m);

/// exp(-t^2/2) for 0 <= t < 19 (f32; f64: 52), accurate although the exponent is large.
Scaled gaussian(Expr t);

} // namespace train::vmath

#endif // TRAIN_LIB_CONVERSION_VECTORMATH_EXPONENT_H
