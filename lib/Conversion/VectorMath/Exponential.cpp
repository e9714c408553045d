// exp and its plain relatives: expm1, sigmoid, tanh, silu and silu's derivative.
#include "Exponent.h"

namespace train::vmath {

mlir::Value exp(Builder &b, mlir::Value v) {
  // Outside this interval the result is 0 or infinite anyway, and n stays in range.
  Expr x(b, v);
  Scaled e = expParts(clamp(x, x.pick(-104, -746), x.pick(89, 710)));
  auto [first, second] = powerOfTwoHalves(e.bits);
  return e.p() * first * second;
}

mlir::Value expm1(Builder &b, mlir::Value v) {
  // 2^n (e^r - 1) + (2^n - 1), halved so that n = 128 is in range.
  Expr x(b, v);
  Scaled e = expParts(clamp(x, x.pick(-20, -40), x.pick(89, 710)));
  Expr half = powerOfTwo(e.bits, -1);
  Expr result = fma(half, e.tail, half - 0.5) * 2.0;
  return withSign(magnitude(result), x);
}

mlir::Value sigmoid(Builder &b, mlir::Value v) {
  Expr x(b, v);
  return overOnePlus(x.splat(1), expParts(-clamp(x, x.pick(-108, -746), 40)));
}

mlir::Value tanh(Builder &b, mlir::Value v) {
  // (e^2|x| - 1) / (e^2|x| + 1), where the numerator is an expm1 without cancellation.
  Expr x(b, v);
  Expr a = atMost(magnitude(x), x.pick(10, 22));
  Scaled e = expParts(a + a);
  Expr power = powerOfTwo(e.bits, 0);
  Expr numerator = fma(power, e.tail, power - 1.0);
  return withSign(numerator / (numerator + 2.0), x);
}

mlir::Value silu(Builder &b, mlir::Value v) {
  Expr x(b, v);
  Expr low = atLeast(x, x.pick(-109, -752));
  Expr result = overOnePlus(low, expParts(-atMost(low, 40)));
  // From here on sigmoid is 1, and huge values would overflow in overOnePlus.
  return select(greater(x, 40.0), x, result);
}

mlir::Value siluGrad(Builder &b, mlir::Value v, mlir::Value dyValue) {
  // With t = |x|, e = e^t and s' the derivative: s'(-t) = (1 + e (1 - t)) / (1 + e)^2 and
  // s'(t) = 1 - s'(-t).
  Expr x(b, v), dy(b, dyValue);
  Expr t = atMost(magnitude(x), x.pick(40, 300));
  Scaled e = expParts(t);
  Expr factor = reflectedSlope(e.times(powerOfTwo(e.bits, 0)), 1.0 - t);
  return dy * select(less(x, 0.0), factor, 1.0 - factor);
}

} // namespace train::vmath
