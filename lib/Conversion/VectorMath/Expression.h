// A value with operators, so that the numerics read as formulas. Each operator emits
// exactly one op: nothing is folded, fused or reordered here, because the error bounds
// are those of the formula as written.
#ifndef TRAIN_LIB_CONVERSION_VECTORMATH_EXPRESSION_H
#define TRAIN_LIB_CONVERSION_VECTORMATH_EXPRESSION_H

#include "Coefficients.h"
#include "train/Conversion/VectorMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/TypeUtilities.h"

namespace train::vmath {

/// A scalar or vector SSA value and the builder that extends it. Float operations take
/// doubles for splat constants, integer operations int64_t.
class Expr {
public:
  Expr(Builder &b, mlir::Value v) : builder(&b), value(v) {}

  operator mlir::Value() const { return value; }
  Builder &b() const { return *builder; }
  mlir::Type type() const { return value.getType(); }
  bool isF64() const { return mlir::getElementTypeOrSelf(type()).isF64(); }
  /// The constant for this precision.
  double pick(double f32, double f64) const { return isF64() ? f64 : f32; }
  llvm::ArrayRef<double> pick(const Table &t) const { return isF64() ? t.f64 : t.f32; }
  /// Bits of the stored significand, and the exponent bias.
  int64_t significandBits() const { return isF64() ? 52 : 23; }
  int64_t bias() const { return isF64() ? 1023 : 127; }

  /// This type with another element type.
  mlir::Type with(mlir::Type element) const {
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(type()))
      return vector.clone(element);
    return element;
  }
  Expr splat(double d) const {
    return constant(mlir::FloatAttr::get(mlir::getElementTypeOrSelf(type()), d));
  }
  Expr splatInt(int64_t i) const {
    return constant(mlir::IntegerAttr::get(mlir::getElementTypeOrSelf(type()), i));
  }
  Expr lift(Expr e) const { return e; }
  Expr lift(double d) const { return splat(d); }

  /// The same bits as an integer, and back.
  Expr bits() const {
    return cast<mlir::arith::BitcastOp>(isF64() ? builder->getI64Type()
                                                : builder->getI32Type());
  }
  Expr asFloat() const {
    bool wide = mlir::getElementTypeOrSelf(type()).isInteger(64);
    return cast<mlir::arith::BitcastOp>(wide ? mlir::Type(builder->getF64Type())
                                             : mlir::Type(builder->getF32Type()));
  }
  Expr toF64() const {
    return isF64() ? *this : cast<mlir::arith::ExtFOp>(builder->getF64Type());
  }
  Expr toF32() const {
    return isF64() ? cast<mlir::arith::TruncFOp>(builder->getF32Type()) : *this;
  }
  Expr toI32() const { return cast<mlir::arith::TruncIOp>(builder->getI32Type()); }

  template <typename Op> Expr binary(Expr o) const {
    return Expr(*builder, Op::create(*builder, value, o.value).getResult());
  }
  Expr shl(int64_t n) const { return binary<mlir::arith::ShLIOp>(splatInt(n)); }
  /// Logical: enough wherever the operand is known to be positive, and the arithmetic
  /// shift of 64-bit lanes is missing before AVX-512.
  Expr shr(int64_t n) const { return binary<mlir::arith::ShRUIOp>(splatInt(n)); }
  Expr plus(Expr o) const { return binary<mlir::arith::AddIOp>(o); }
  Expr plus(int64_t i) const { return plus(splatInt(i)); }
  Expr minus(Expr o) const { return binary<mlir::arith::SubIOp>(o); }
  Expr bitAnd(Expr o) const { return binary<mlir::arith::AndIOp>(o); }
  Expr bitAnd(int64_t i) const { return bitAnd(splatInt(i)); }
  Expr bitOr(Expr o) const { return binary<mlir::arith::OrIOp>(o); }
  Expr bitOr(int64_t i) const { return bitOr(splatInt(i)); }
  Expr bitXor(Expr o) const { return binary<mlir::arith::XOrIOp>(o); }

  /// Ordered comparisons: false when either side is NaN.
  Expr compare(mlir::arith::CmpFPredicate p, Expr o) const {
    return Expr(*builder,
                mlir::arith::CmpFOp::create(*builder, p, value, o.value).getResult());
  }
  Expr nonZero() const {
    return Expr(*builder,
                mlir::arith::CmpIOp::create(*builder, mlir::arith::CmpIPredicate::ne,
                                            value, splatInt(0).value)
                    .getResult());
  }

private:
  Expr constant(mlir::TypedAttr attr) const {
    if (auto shaped = mlir::dyn_cast<mlir::ShapedType>(type()))
      attr = mlir::DenseElementsAttr::get(shaped, mlir::Attribute(attr));
    return Expr(*builder, mlir::arith::ConstantOp::create(*builder, attr).getResult());
  }
  template <typename Op> Expr cast(mlir::Type element) const {
    return Expr(*builder, Op::create(*builder, with(element), value).getResult());
  }

  Builder *builder;
  mlir::Value value;
};

inline Expr operator+(Expr a, Expr b) { return a.binary<mlir::arith::AddFOp>(b); }
inline Expr operator-(Expr a, Expr b) { return a.binary<mlir::arith::SubFOp>(b); }
inline Expr operator*(Expr a, Expr b) { return a.binary<mlir::arith::MulFOp>(b); }
inline Expr operator/(Expr a, Expr b) { return a.binary<mlir::arith::DivFOp>(b); }
inline Expr operator+(Expr a, double b) { return a + a.splat(b); }
inline Expr operator-(Expr a, double b) { return a - a.splat(b); }
inline Expr operator*(Expr a, double b) { return a * a.splat(b); }
inline Expr operator-(double a, Expr b) { return b.splat(a) - b; }
inline Expr operator/(double a, Expr b) { return b.splat(a) / b; }
inline Expr operator-(Expr a) {
  return Expr(a.b(), mlir::arith::NegFOp::create(a.b(), mlir::Value(a)).getResult());
}

/// a * b + c, rounded once.
template <typename B, typename C> Expr fma(Expr a, B b, C c) {
  return Expr(a.b(),
              mlir::math::FmaOp::create(a.b(), mlir::Value(a), mlir::Value(a.lift(b)),
                                        mlir::Value(a.lift(c)))
                  .getResult());
}
template <typename B> Expr less(Expr a, B b) {
  return a.compare(mlir::arith::CmpFPredicate::OLT, a.lift(b));
}
template <typename B> Expr greater(Expr a, B b) {
  return a.compare(mlir::arith::CmpFPredicate::OGT, a.lift(b));
}
template <typename B> Expr equal(Expr a, B b) {
  return a.compare(mlir::arith::CmpFPredicate::OEQ, a.lift(b));
}
inline Expr select(Expr condition, Expr yes, Expr no) {
  return Expr(yes.b(), mlir::arith::SelectOp::create(yes.b(), mlir::Value(condition),
                                                     mlir::Value(yes), mlir::Value(no))
                           .getResult());
}
/// One max or min instruction on x86: the operand order is the one that lets NaN pass.
inline Expr atLeast(Expr x, double low) { return select(less(x, low), x.splat(low), x); }
inline Expr atMost(Expr x, double high) {
  return select(greater(x, high), x.splat(high), x);
}
inline Expr clamp(Expr x, double low, double high) {
  return atMost(atLeast(x, low), high);
}

inline int64_t signMask(Expr x) { return x.isF64() ? INT64_MIN : int64_t(INT32_MIN); }
inline Expr magnitude(Expr x) {
  return x.bits().bitAnd(x.isF64() ? INT64_MAX : int64_t(INT32_MAX)).asFloat();
}
/// The non-negative `x` with the sign of `sign`.
inline Expr withSign(Expr x, Expr sign) {
  return x.bits().bitOr(sign.bits().bitAnd(signMask(x))).asFloat();
}
inline Expr sqrtOf(Expr x) {
  return Expr(x.b(), mlir::math::SqrtOp::create(x.b(), mlir::Value(x)).getResult());
}
inline Expr roundEven(Expr x) {
  return Expr(x.b(), mlir::math::RoundEvenOp::create(x.b(), mlir::Value(x)).getResult());
}
/// The constant term comes first. Horner's scheme in x^2 over pairs of terms: one product
/// more than in x, and half the latency, which is what bounds a loop of long formulas.
inline Expr polynomial(Expr x, llvm::ArrayRef<double> c) {
  if (c.size() == 1)
    return x.splat(c[0]);
  auto pair = [&](size_t i) {
    return i + 1 < c.size() ? fma(x.splat(c[i + 1]), x, c[i]) : x.splat(c[i]);
  };
  size_t i = (c.size() - 1) & ~size_t(1);
  Expr sum = pair(i);
  if (i == 0)
    return sum;
  Expr square = x * x;
  while (i > 0) {
    i -= 2;
    sum = fma(sum, square, pair(i));
  }
  return sum;
}
/// The same in x alone: fewer roundings, for arguments that do not damp them.
inline Expr horner(Expr x, const Table &t) {
  auto c = x.pick(t);
  Expr sum = x.splat(c.back());
  for (double next : llvm::reverse(c.drop_back()))
    sum = fma(sum, x, next);
  return sum;
}
inline Expr polynomial(Expr x, const Table &t) { return polynomial(x, x.pick(t)); }

} // namespace train::vmath

#endif // TRAIN_LIB_CONVERSION_VECTORMATH_EXPRESSION_H
