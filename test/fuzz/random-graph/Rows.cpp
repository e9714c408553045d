// Bricks that reduce and normalize.
#include "Bricks.h"
#include <cmath>

using namespace mlir;
using namespace train;
using namespace train::fuzz;

Term Bricks::reduceSome(Term x, ArrayRef<int64_t> dims, bool keepDims) {
  int64_t n = 1;
  for (int64_t d : dims)
    n *= x.dim(d);
  switch (draw.below(3)) {
  case 0:
    return b.term<ReduceMeanOp>(x.size, {x}, x.value, dims, keepDims);
  case 1:
    return b.term<ReduceMaxOp>(x.size, {x}, x.value, dims, keepDims);
  default: {
    Term sum = b.term<ReduceSumOp>(x.size * n, {x}, x.value, dims, keepDims);
    return n > 4 ? scaled(sum, draw.chance(50) ? 1.0 / n : 1 / std::sqrt(n)) : sum;
  }
  }
}

Term Bricks::reduceAndUse(Term x) {
  Shape dims;
  // The batch too, now and then: statistics over samples.
  for (int64_t d = 0; d < x.rank(); ++d)
    if (draw.chance(d == 0 ? 25 : 60))
      dims.push_back(d);
  if (dims.empty())
    dims = {draw.below(x.rank())};
  // Leading dimensions that go away broadcast back by themselves.
  bool prefix = true;
  for (auto [i, d] : llvm::enumerate(dims))
    prefix &= d == static_cast<int64_t>(i);
  bool keepDims = !prefix || draw.chance(50);
  Term r = reduceSome(x, dims, keepDims);
  switch (draw.below(4)) {
  case 0:
    return b.term<SubOp>(x.size + r.size, {x, r}, x.value, r.value);
  case 1:
    return b.term<AddOp>(x.size + r.size, {x, r}, r.value, x.value);
  case 2:
    return b.term<MulOp>(x.size * r.size, {x, r}, x.value, r.value);
  default: { // root mean square, spelt out
    Term square = b.term<MulOp>(x.size * x.size, {x}, x.value, x.value);
    Term mean = b.term<ReduceMeanOp>(square.size, {square}, square.value, dims, true);
    Term shifted =
        b.term<AddOp>(mean.size + 0.01, {mean}, mean.value, b.scalar(0.01).value);
    Term scale = b.term<RsqrtOp>(1, {shifted}, shifted.value);
    return b.term<MulOp>(4, {x, scale}, x.value, scale.value);
  }
  }
}

Term Bricks::reduceAway(Term x) {
  Shape dims;
  for (int64_t d = 1; d < x.rank(); ++d)
    if (static_cast<int64_t>(dims.size()) + 2 < x.rank() && draw.chance(60))
      dims.push_back(d);
  if (dims.empty())
    dims = {x.rank() - 1};
  return reduceSome(x, dims, /*keepDims=*/false);
}

Term Bricks::gain(int64_t n, double value) {
  bool frozen = draw.chance(10), noDecay = draw.chance(80);
  return b.param({n}, b.constantInit(value), std::max(value, 0.1), frozen, noDecay);
}

Term Bricks::normalize(Term x) {
  int64_t last = x.dim(-1);
  double size = std::min(4.0, std::sqrt(static_cast<double>(last)) + 1);
  APFloat eps(draw.one({1e-5, 1e-3, 1e-2}));
  bool channels = x.rank() >= 2 && x.elements() / x.dim(1) > 1;
  switch (draw.below(channels ? 8 : 5)) {
  case 0:
    return b.term<SoftmaxOp>(1, {x}, x.value);
  case 1:
    return b.term<LogSoftmaxOp>(2 * x.size + std::log(static_cast<double>(last)), {x},
                                x.value);
  case 2:
  case 3: {
    Term gamma = gain(last, 1), beta = gain(last, 0);
    return b.term<LayerNormOp>(size, {x, gamma, beta}, x.value, gamma.value, beta.value,
                               eps);
  }
  case 4: {
    Term gamma = gain(last, draw.one({1.0, 0.5}));
    return b.term<RmsNormOp>(size, {x, gamma}, x.value, gamma.value, eps);
  }
  case 5: {
    Term gamma = gain(x.dim(1), 1), beta = gain(x.dim(1), 0);
    FlatSymbolRefAttr mean = b.statistic(x.dim(1), 0), var = b.statistic(x.dim(1), 1);
    return b.term<BatchNormInferenceOp>(x.size + 1, {x, gamma, beta}, x.value,
                                        gamma.value, beta.value, b.readState(mean).value,
                                        b.readState(var).value, eps);
  }
  default: {
    Term gamma = gain(x.dim(1), 1), beta = gain(x.dim(1), 0);
    FlatSymbolRefAttr mean, var;
    if (draw.chance(70)) {
      mean = b.statistic(x.dim(1), 0);
      var = b.statistic(x.dim(1), 1);
    }
    APFloat momentum(draw.one({0.1, 0.5}));
    return b.term<BatchNormOp>(4, {x, gamma, beta}, x.value, gamma.value, beta.value, eps,
                               momentum, mean, var);
  }
  }
}

Term Bricks::tame(Term x) {
  if (x.size <= 6)
    return x;
  switch (draw.below(x.dim(-1) > 1 ? 6 : 4)) {
  case 0:
    return b.term<TanhOp>(1, {x}, x.value);
  case 1:
    return b.term<ClampOp>(3, {x}, x.value, APFloat(-3.0), APFloat(3.0));
  case 2:
    return scaled(x, 1 / x.size);
  case 3: { // x / (1 + |x|)
    Term below = b.term<AbsOp>(x.size, {x}, x.value);
    below = b.term<AddOp>(x.size + 1, {below}, below.value, b.scalar(1).value);
    return b.term<DivOp>(1, {x, below}, x.value, below.value);
  }
  case 4: {
    Term gamma = gain(x.dim(-1), 1);
    return b.term<RmsNormOp>(4, {x, gamma}, x.value, gamma.value, APFloat(1e-5));
  }
  default: {
    Term gamma = gain(x.dim(-1), 1), beta = gain(x.dim(-1), 0);
    return b.term<LayerNormOp>(4, {x, gamma, beta}, x.value, gamma.value, beta.value,
                               APFloat(1e-5));
  }
  }
}
