// Elementwise ops: one scalar function each, under NumPy broadcasting.
#include "Indexing.h"
#include "Models.h"

#include <cmath>

using namespace mlir;

namespace train::reference {
namespace {

//===-- Scalar functions of floats --------------------------------------------===//

double neg(double x) { return -x; }
double absolute(double x) { return std::fabs(x); }
double exponential(double x) { return std::exp(x); }
double logarithm(double x) { return std::log(x); }
double squareRoot(double x) { return std::sqrt(x); }
double inverseRoot(double x) { return 1 / std::sqrt(x); }
double sine(double x) { return std::sin(x); }
double cosine(double x) { return std::cos(x); }
double hyperbolicTangent(double x) { return std::tanh(x); }
double errorFunction(double x) { return std::erf(x); }
// Not std::max, which would drop a NaN.
double relu(double x) { return x > 0 || std::isnan(x) ? x : 0.0; }

// The exponential's argument is never positive, so neither branch overflows.
double sigmoid(double x) {
  if (x >= 0)
    return 1 / (1 + std::exp(-x));
  double e = std::exp(x);
  return e / (1 + e);
}

// x times a factor that falls to 0 with x, faster than x grows: -0 at -inf.
double damped(double x, double factor) {
  return std::isinf(x) && x < 0 ? -0.0 : x * factor;
}
double silu(double x) { return damped(x, sigmoid(x)); }
// silu' = s + x s (1 - s), with 1 - s = sigmoid(-x) to keep its digits for large x.
double siluSlope(double x) { return sigmoid(x) * (1 + x * sigmoid(-x)); }

// Phi(x) by erfc, which keeps its relative precision in the left tail where 1 + erf(x)
// has none.
double normalCdf(double x) { return 0.5 * std::erfc(-x * M_SQRT1_2); }
double geluErf(double x) { return damped(x, normalCdf(x)); }
// Phi(x) + x phi(x)
double geluErfSlope(double x) {
  constexpr double inverseRootTwoPi = 0.39894228040143267794;
  return normalCdf(x) + x * inverseRootTwoPi * std::exp(-0.5 * x * x);
}

constexpr double kRootTwoOverPi = 0.79788456080286535588;
constexpr double kGeluCubic = 0.044715;
// (1 + tanh u) / 2 = sigmoid(2u), again for the left tail; u = sqrt(2/pi) (x + 0.044715
// x^3).
double geluTanhArgument(double x) {
  return 2 * kRootTwoOverPi * (x + kGeluCubic * x * x * x);
}
double geluTanh(double x) { return damped(x, sigmoid(geluTanhArgument(x))); }
double geluTanhSlope(double x) {
  double z = geluTanhArgument(x), s = sigmoid(z);
  double dz = 2 * kRootTwoOverPi * (1 + 3 * kGeluCubic * x * x);
  return s + x * s * sigmoid(-z) * dz;
}

// -0 counts as smaller than +0.
double minimum(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return a + b;
  return a == b ? (std::signbit(a) ? a : b) : (a < b ? a : b);
}
double maximum(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return a + b;
  return a == b ? (std::signbit(a) ? b : a) : (a > b ? a : b);
}
double add(double a, double b) { return a + b; }
double subtract(double a, double b) { return a - b; }
double multiply(double a, double b) { return a * b; }
double divide(double a, double b) { return a / b; }
double power(double a, double b) { return std::pow(a, b); }

//===-- Scalar functions of integers, which wrap ------------------------------===//

int64_t addInt(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
int64_t subtractInt(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
int64_t multiplyInt(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}
int64_t minimumInt(int64_t a, int64_t b) { return a < b ? a : b; }
int64_t maximumInt(int64_t a, int64_t b) { return a > b ? a : b; }
// The divisor is checked before; the most negative number over -1 wraps.
int64_t divideInt(int64_t a, int64_t b) { return b == -1 ? subtractInt(0, a) : a / b; }

//===-- Models ----------------------------------------------------------------===//

template <double (*function)(double)> struct Unary {
  template <typename OpT>
  static LogicalResult evaluate(OpT, Operands operands, Results results, EvalContext &) {
    const std::vector<double> &x = operands[0]->f;
    std::vector<double> &y = results[0].f;
    for (size_t e = 0; e < x.size(); ++e)
      y[e] = function(x[e]);
    return success();
  }
};

/// dx = dy * slope(x); operands are dy and x.
template <double (*slope)(double)>
void multiplyBySlope(Operands operands, Tensor &result) {
  for (size_t e = 0; e < result.f.size(); ++e)
    result.f[e] = operands[0]->f[e] * slope(operands[1]->f[e]);
}

LogicalResult evaluateGelu(GeluOp op, Operands operands, Results results,
                           EvalContext &context) {
  return op.getKind() == GeluKind::Erf
             ? Unary<geluErf>::evaluate(op, operands, results, context)
             : Unary<geluTanh>::evaluate(op, operands, results, context);
}

LogicalResult evaluateGeluBackward(GeluBackwardOp op, Operands operands, Results results,
                                   EvalContext &) {
  if (op.getKind() == GeluKind::Erf)
    multiplyBySlope<geluErfSlope>(operands, results[0]);
  else
    multiplyBySlope<geluTanhSlope>(operands, results[0]);
  return success();
}

LogicalResult evaluateSiluBackward(SiluBackwardOp, Operands operands, Results results,
                                   EvalContext &) {
  multiplyBySlope<siluSlope>(operands, results[0]);
  return success();
}

/// Calls visit(result element, element of each operand) over the broadcast shape.
template <size_t N, typename Visit>
void walkBroadcast(Operands operands, const Tensor &result, Visit visit) {
  std::array<Strides, N + 1> strides;
  strides[0] = denseStrides(result.shape);
  for (size_t n = 0; n < N; ++n)
    strides[n + 1] = broadcastStrides(operands[n]->shape, result.shape);
  walkStrided<N + 1>(result.shape, strides, visit);
}

template <auto onFloats, auto onInts> struct Binary {
  template <typename OpT>
  static LogicalResult evaluate(OpT, Operands operands, Results results,
                                EvalContext &context) {
    const Tensor &lhs = *operands[0], &rhs = *operands[1];
    Tensor &result = results[0];
    if (result.isFloat()) {
      walkBroadcast<2>(operands, result, [&](auto at) {
        result.f[at[0]] = onFloats(lhs.f[at[1]], rhs.f[at[2]]);
      });
      return success();
    }
    if constexpr (std::is_same_v<decltype(onInts), std::nullptr_t>) {
      return context.emitError()
             << "is defined on floats only, got " << result.elementType;
    } else {
      if (std::is_same_v<OpT, DivOp> && llvm::is_contained(rhs.i, 0))
        return context.emitError() << "divides an integer by zero";
      walkBroadcast<2>(operands, result, [&](auto at) {
        result.i[at[0]] =
            wrapToType(onInts(lhs.i[at[1]], rhs.i[at[2]]), result.elementType);
      });
      return success();
    }
  }
};

template <typename T> bool compare(Predicate predicate, T lhs, T rhs) {
  switch (predicate) {
  case Predicate::EQ:
    return lhs == rhs;
  case Predicate::NE:
    return lhs != rhs;
  case Predicate::LT:
    return lhs < rhs;
  case Predicate::LE:
    return lhs <= rhs;
  case Predicate::GT:
    return lhs > rhs;
  case Predicate::GE:
    return lhs >= rhs;
  }
  return false;
}

LogicalResult evaluateCompare(CompareOp op, Operands operands, Results results,
                              EvalContext &) {
  const Tensor &lhs = *operands[0], &rhs = *operands[1];
  Predicate predicate = op.getPredicate();
  walkBroadcast<2>(operands, results[0], [&](auto at) {
    results[0].i[at[0]] = lhs.isFloat() ? compare(predicate, lhs.f[at[1]], rhs.f[at[2]])
                                        : compare(predicate, lhs.i[at[1]], rhs.i[at[2]]);
  });
  return success();
}

LogicalResult evaluateSelect(SelectOp, Operands operands, Results results,
                             EvalContext &) {
  Tensor &result = results[0];
  walkBroadcast<3>(operands, result, [&](auto at) {
    bool first = operands[0]->i[at[1]] != 0;
    const Tensor &chosen = *operands[first ? 1 : 2];
    int64_t element = first ? at[2] : at[3];
    if (result.isFloat())
      result.f[at[0]] = chosen.f[element];
    else
      result.i[at[0]] = chosen.i[element];
  });
  return success();
}

LogicalResult evaluateClamp(ClampOp op, Operands operands, Results results,
                            EvalContext &) {
  double low = op.getLow().convertToDouble(), high = op.getHigh().convertToDouble();
  for (size_t e = 0; e < results[0].f.size(); ++e)
    results[0].f[e] = minimum(maximum(operands[0]->f[e], low), high);
  return success();
}

template <typename OpT, double (*function)(double)>
void attachUnary(MLIRContext *context) {
  attach<OpT, &Unary<function>::template evaluate<OpT>>(context);
}
template <typename OpT, auto onFloats, auto onInts>
void attachBinary(MLIRContext *context) {
  attach<OpT, &Binary<onFloats, onInts>::template evaluate<OpT>>(context);
}

} // namespace

void attachElementwise(MLIRContext *context) {
  attachUnary<NegOp, neg>(context);
  attachUnary<AbsOp, absolute>(context);
  attachUnary<ExpOp, exponential>(context);
  attachUnary<LogOp, logarithm>(context);
  attachUnary<SqrtOp, squareRoot>(context);
  attachUnary<RsqrtOp, inverseRoot>(context);
  attachUnary<SinOp, sine>(context);
  attachUnary<CosOp, cosine>(context);
  attachUnary<TanhOp, hyperbolicTangent>(context);
  attachUnary<SigmoidOp, sigmoid>(context);
  attachUnary<ErfOp, errorFunction>(context);
  attachUnary<ReluOp, relu>(context);
  attachUnary<SiluOp, silu>(context);
  attach<GeluOp, evaluateGelu>(context);
  attach<GeluBackwardOp, evaluateGeluBackward>(context);
  attach<SiluBackwardOp, evaluateSiluBackward>(context);
  attachBinary<AddOp, add, addInt>(context);
  attachBinary<SubOp, subtract, subtractInt>(context);
  attachBinary<MulOp, multiply, multiplyInt>(context);
  attachBinary<DivOp, divide, divideInt>(context);
  attachBinary<PowOp, power, nullptr>(context);
  attachBinary<MinOp, minimum, minimumInt>(context);
  attachBinary<MaxOp, maximum, maximumInt>(context);
  attach<CompareOp, evaluateCompare>(context);
  attach<SelectOp, evaluateSelect>(context);
  attach<ClampOp, evaluateClamp>(context);
}

} // namespace train::reference
