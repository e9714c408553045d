// Element types and loss scaling. In f64 mode a cast between floats changes nothing:
// rounding is what that mode leaves out. Saturation is not rounding, and happens in both
// modes.
#include "Models.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace train::reference {
namespace {

/// The smallest and largest value of an integer type; bools hold 0 and 1.
std::pair<int64_t, int64_t> integerRange(Type type) {
  unsigned width = type.getIntOrFloatBitWidth();
  if (width == 1)
    return {0, 1};
  if (width >= 64)
    return {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
  return {-(int64_t(1) << (width - 1)), (int64_t(1) << (width - 1)) - 1};
}

int64_t saturate(double value, Type type) {
  auto [low, high] = integerRange(type);
  if (std::isnan(value))
    return 0;
  if (value <= static_cast<double>(low))
    return low;
  // As a double, the largest i64 is 2^63, which does not fit: compare with >=.
  if (value >= static_cast<double>(high))
    return high;
  return static_cast<int64_t>(value);
}

LogicalResult evaluateCast(CastOp, Operands operands, Results results,
                           EvalContext &context) {
  const Tensor &x = *operands[0];
  Tensor &y = results[0];
  for (int64_t e = 0; e < x.size(); ++e) {
    if (y.isFloat() && x.isFloat()) {
      y.f[e] = x.f[e];
    } else if (y.isFloat()) {
      // Straight to f32, so that an i64 beyond 2^53 is rounded once and not twice.
      bool once = context.mode == Mode::Native && isa<Float32Type>(y.elementType);
      y.f[e] = once ? static_cast<double>(static_cast<float>(x.i[e]))
                    : static_cast<double>(x.i[e]);
    } else if (x.isFloat()) {
      y.i[e] = saturate(x.f[e], y.elementType);
    } else {
      auto [low, high] = integerRange(y.elementType);
      y.i[e] = std::clamp(x.i[e], low, high);
    }
  }
  return success();
}

LogicalResult evaluateScaleLoss(ScaleLossOp, Operands operands, Results results,
                                EvalContext &) {
  for (int64_t e = 0; e < results[0].size(); ++e)
    results[0].f[e] = operands[0]->f[e] * operands[1]->f[0];
  return success();
}

LogicalResult evaluateUnscale(UnscaleOp, Operands operands, Results results,
                              EvalContext &) {
  for (int64_t e = 0; e < results[0].size(); ++e)
    results[0].f[e] = operands[0]->f[e] / operands[1]->f[0];
  return success();
}

LogicalResult evaluateCheckFinite(CheckFiniteOp op, Operands operands, Results results,
                                  EvalContext &context) {
  const Tensor *previous = declaredOperand(op, 1, operands),
               *scale = declaredOperand(op, 2, operands);
  double factor = scale ? scale->f[0] : 1;
  // Executables multiply in f32 at least; real numbers know no overflow.
  bool rounds = context.mode != Mode::F64 && !isa<Float64Type>(operands[0]->elementType);
  bool finite = llvm::all_of(operands[0]->f, [&](double value) {
    double product = factor * value;
    return rounds ? std::isfinite(static_cast<float>(product)) : std::isfinite(product);
  });
  results[0].i[0] = finite && (!previous || previous->i[0] != 0);
  return success();
}

LogicalResult evaluateUpdateScale(UpdateScaleOp op, Operands operands, Results results,
                                  EvalContext &) {
  double scale = operands[0]->f[0];
  int64_t good = operands[1]->i[0], bad = operands[2]->i[0];
  if (operands[3]->i[0] != 0) {
    if (++good >= static_cast<int64_t>(op.getWindow())) {
      // As an f32, which the scale is.
      double grown = scale * op.getGrowth().convertToDouble();
      scale = std::isfinite(static_cast<float>(grown)) ? grown : scale;
      good = bad = 0;
    }
  } else {
    good = 0;
    if (++bad >= static_cast<int64_t>(op.getHysteresis())) {
      scale = std::max(scale * op.getBackoff().convertToDouble(),
                       op.getMinimum().convertToDouble());
      bad = 0;
    }
  }
  results[0].f[0] = scale;
  results[1].i[0] = good;
  results[2].i[0] = bad;
  return success();
}

} // namespace

void attachPrecision(MLIRContext *context) {
  attach<CastOp, evaluateCast>(context);
  attach<ScaleLossOp, evaluateScaleLoss>(context);
  attach<UnscaleOp, evaluateUnscale>(context);
  attach<CheckFiniteOp, evaluateCheckFinite>(context);
  attach<UpdateScaleOp, evaluateUpdateScale>(context);
}

} // namespace train::reference
