// Low-precision types with their scales: of a tensor, of blocks, and how scales follow
// what the tensors hold. In f64 mode nothing is rounded, scales included; saturation and
// powers of two are no rounding, and are the same in both modes.
#include "Models.h"
#include "train/Reference/Philox.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace train::reference {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// The numbers that an op with a key draws.
class Draws {
public:
  template <typename AnyQuantize>
  Draws(AnyQuantize op, const Tensor *key, int64_t size)
      : key(key), site(op.getSite().value_or(0)),
        perSample(key ? std::max<int64_t>(1, size / op.getSamples().value()) : 1) {}

  bool isRandom() const { return key != nullptr; }
  /// In (0, 1), for the element's place in the tensor.
  double uniform(int64_t element) const {
    uint32_t word = dropoutWord(key->i[0], site, key->i[1],
                                key->i[2] + element / perSample, element % perSample);
    return (word >> 16) * 0x1p-16 + 0x1p-17;
  }

private:
  const Tensor *key;
  int64_t site, perSample;
};

/// `value` in the element type of `result`, saturating.
double quantized(double value, const Tensor &result, int64_t element, const Draws &draws,
                 const EvalContext &context) {
  double largest = largestFinite(result.elementType);
  if (std::isnan(value))
    return value;
  value = std::clamp(value, -largest, largest);
  if (!draws.isRandom() || context.mode != Mode::Native)
    return value;
  // By magnitudes, so that a value and its negative have the same odds.
  double magnitude =
      roundToTypeRandomly(std::fabs(value), result.elementType, draws.uniform(element));
  return std::copysign(magnitude, value);
}

LogicalResult evaluateQuantize(QuantizeOp op, Operands operands, Results results,
                               EvalContext &context) {
  const Tensor &x = *operands[0];
  double scale = operands[1]->f[0];
  Tensor &result = results[0];
  Draws draws(op, declaredOperand(op, 2, operands), x.size());
  for (int64_t e = 0; e < x.size(); ++e) {
    double product = x.f[e] * scale;
    if (result.isFloat()) {
      result.f[e] = quantized(product, result, e, draws, context);
      continue;
    }
    // Integer storage has no fraction to keep, so the rounding belongs to the value here.
    double most = std::ldexp(1.0, result.elementType.getIntOrFloatBitWidth() - 1) - 1;
    double whole = std::nearbyint(product);
    result.i[e] =
        std::isnan(whole) ? 0 : static_cast<int64_t>(std::clamp(whole, -most - 1, most));
  }
  return success();
}

LogicalResult evaluateDequantize(DequantizeOp, Operands operands, Results results,
                                 EvalContext &) {
  for (int64_t e = 0; e < results[0].size(); ++e)
    results[0].f[e] = operands[0]->number(e) / operands[1]->f[0];
  return success();
}

//===-- Blocks ----------------------------------------------------------------===//

/// Which block each element of a tensor belongs to.
struct BlockMap {
  BlockSize size;
  int64_t columns, parts;
  BlockMap(const Tensor &tensor, const Tensor &scales)
      : size(getBlockSize(tensor.getType(), scales.getType())), columns(tensor.rowSize()),
        parts(scales.rowSize()) {}
  int64_t operator()(int64_t element) const {
    int64_t row = element / columns, column = element % columns;
    return row / size.rows * parts + column / size.columns;
  }
};

/// The smallest power of two that is at least 2^-127 and amax / largest.
double powerFor(double amax, double largest) {
  constexpr double least = 0x1p-127;
  if (!(amax > largest * least))
    return least;
  double power = std::ldexp(1.0, std::ilogb(amax) - std::ilogb(largest));
  return amax > largest * power ? 2 * power : power;
}

/// The larger magnitude; NaN if one is.
double larger(double largest, double value) {
  double magnitude = std::fabs(value);
  return magnitude <= largest || std::isnan(largest) ? largest : magnitude;
}

LogicalResult evaluateQuantizeBlocks(QuantizeBlocksOp op, Operands operands,
                                     Results results, EvalContext &context) {
  const Tensor &x = *operands[0];
  const Tensor *scale = declaredOperand(op, 1, operands);
  Tensor &q = results[0], &scales = results[1];
  Draws draws(op, declaredOperand(op, 2, operands), x.size());
  BlockMap blockOf(x, scales);
  bool native = context.mode == Mode::Native;
  // What kernels keep in f32.
  auto f32 = [native](double value) {
    return native ? static_cast<double>(static_cast<float>(value)) : value;
  };
  std::vector<double> amax(scales.size(), 0.0);
  for (int64_t e = 0; e < x.size(); ++e)
    amax[blockOf(e)] = larger(amax[blockOf(e)], x.f[e]);
  double largest = largestFinite(q.elementType);
  for (int64_t block = 0; block < scales.size(); ++block) {
    double &value = scales.f[block];
    if (!std::isfinite(amax[block])) {
      value = kNaN;
    } else if (!scale) {
      value = powerFor(amax[block], largest);
    } else {
      double wanted = f32(f32(amax[block] / largest) * scale->f[0]);
      value = std::isnan(wanted) ? wanted
                                 : std::min(wanted, largestFinite(scales.elementType));
      if (native)
        value = roundToType(value, scales.elementType);
    }
  }
  for (int64_t e = 0; e < x.size(); ++e) {
    double block = scales.f[blockOf(e)];
    double factor = block == 0 ? 0 : f32((scale ? scale->f[0] : 1.0) / block);
    q.f[e] = quantized(x.f[e] * factor, q, e, draws, context);
  }
  return success();
}

LogicalResult evaluateDequantizeBlocks(DequantizeBlocksOp op, Operands operands,
                                       Results results, EvalContext &context) {
  const Tensor &q = *operands[0], &scales = *operands[1];
  const Tensor *scale = declaredOperand(op, 2, operands);
  BlockMap blockOf(q, scales);
  for (int64_t e = 0; e < q.size(); ++e) {
    double value = q.f[e] * scales.f[blockOf(e)];
    if (context.mode == Mode::Native) // exact, but for what overflows
      value = static_cast<double>(static_cast<float>(value));
    results[0].f[e] = scale ? value / scale->f[0] : value;
  }
  return success();
}

//===-- Choosing scales -------------------------------------------------------===//

LogicalResult evaluateAmax(AmaxOp op, Operands operands, Results results, EvalContext &) {
  const Tensor *previous = declaredOperand(op, 1, operands);
  double &amax = results[0].f[0];
  amax = 0;
  for (double value : operands[0]->f)
    amax = larger(amax, value);
  if (previous && (std::isnan(previous->f[0]) || previous->f[0] > amax))
    amax = previous->f[0];
  return success();
}

LogicalResult evaluateDelayedScale(DelayedScaleOp op, Operands operands, Results results,
                                   EvalContext &context) {
  const Tensor &history = *operands[0];
  double amax = operands[2]->f[0], largest = op.getLargest().convertToDouble();
  Tensor &moved = results[0];
  moved.f[0] = std::isfinite(amax) ? amax : 0.0;
  std::copy(history.f.begin(), history.f.end() - 1, moved.f.begin() + 1);
  double top = -std::numeric_limits<double>::infinity();
  for (double value : moved.f)
    if (!std::isnan(top) && !(value <= top))
      top = value;
  double quotient = largest / top;
  if (context.mode == Mode::Native)
    quotient = static_cast<float>(largest) / static_cast<float>(top);
  double wanted = std::ldexp(quotient, -static_cast<int>(op.getMargin()));
  float stored = static_cast<float>(wanted);
  bool usable = std::isfinite(amax) && top > 0 && stored > 0 && std::isfinite(stored);
  results[1].f[0] = usable ? wanted : operands[1]->f[0];
  return success();
}

} // namespace

void attachQuantization(MLIRContext *context) {
  attach<QuantizeOp, evaluateQuantize>(context);
  attach<DequantizeOp, evaluateDequantize>(context);
  attach<QuantizeBlocksOp, evaluateQuantizeBlocks>(context);
  attach<DequantizeBlocksOp, evaluateDequantizeBlocks>(context);
  attach<AmaxOp, evaluateAmax>(context);
  attach<DelayedScaleOp, evaluateDelayedScale>(context);
}

} // namespace train::reference
