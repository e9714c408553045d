// Scaled dot-product attention and its adjoint, written out row by row.
#include "Models.h"

#include <cmath>

using namespace mlir;

namespace train::reference {
namespace {

/// q [B, T, H, D], k and v [B, S, G, D], lse [B, H, T]; query head h reads key head h /
/// (H / G).
struct Geometry {
  int64_t b, t, h, d, s, g;
  bool causal;
  double scale;

  template <typename OpT>
  Geometry(OpT op, const Tensor &q, const Tensor &k)
      : b(q.shape[0]), t(q.shape[1]), h(q.shape[2]), d(q.shape[3]), s(k.shape[1]),
        g(k.shape[2]), causal(op.getCausal()), scale(op.getScale().convertToDouble()) {}

  int64_t query(int64_t batch, int64_t head, int64_t position) const {
    return ((batch * t + position) * h + head) * d;
  }
  int64_t key(int64_t batch, int64_t head, int64_t position) const {
    return ((batch * s + position) * g + head / (h / g)) * d;
  }
  int64_t row(int64_t batch, int64_t head, int64_t position) const {
    return (batch * h + head) * t + position;
  }
  /// How many keys, from the first, query `position` sees.
  int64_t visible(int64_t position) const {
    return causal ? std::max<int64_t>(0, position + s - t + 1) : s;
  }

  template <typename Visit> void forEachQuery(Visit visit) const {
    for (int64_t batch = 0; batch < b; ++batch)
      for (int64_t head = 0; head < h; ++head)
        for (int64_t position = 0; position < t; ++position)
          visit(batch, head, position);
  }
};

double dot(const double *x, const double *y, int64_t size) {
  double sum = 0;
  for (int64_t e = 0; e < size; ++e)
    sum += x[e] * y[e];
  return sum;
}

void addScaled(double *target, double factor, const double *source, int64_t size) {
  for (int64_t e = 0; e < size; ++e)
    target[e] += factor * source[e];
}

// out = sum_s p_s v_s with p = softmax of the scaled scores; lse = max + log sum
// exp(score - max).
LogicalResult evaluateAttention(AttentionOp op, Operands operands, Results results,
                                EvalContext &) {
  Geometry geometry(op, *operands[0], *operands[1]);
  const double *q = operands[0]->f.data(), *k = operands[1]->f.data(),
               *v = operands[2]->f.data();
  std::vector<double> scores(geometry.s);
  geometry.forEachQuery([&](int64_t batch, int64_t head, int64_t position) {
    int64_t visible = geometry.visible(position), d = geometry.d,
            query = geometry.query(batch, head, position);
    double largest = -INFINITY, sum = 0;
    for (int64_t s = 0; s < visible; ++s) {
      scores[s] = geometry.scale * dot(q + query, k + geometry.key(batch, head, s), d);
      largest = std::fmax(largest, scores[s]);
    }
    for (int64_t s = 0; s < visible; ++s)
      sum += scores[s] = std::exp(scores[s] - largest);
    for (int64_t s = 0; s < visible; ++s)
      addScaled(results[0].f.data() + query, scores[s] / sum,
                v + geometry.key(batch, head, s), d);
    results[1].f[geometry.row(batch, head, position)] =
        visible == 0 ? -INFINITY : largest + std::log(sum);
  });
  return success();
}

// p = exp(score - lse), dp_s = dout . v_s, ds = p * (dp - dout . out);
// dv_s += p_s dout, dq += scale ds_s k_s, dk_s += scale ds_s q.
LogicalResult evaluateAttentionBackward(AttentionBackwardOp op, Operands operands,
                                        Results results, EvalContext &) {
  Geometry geometry(op, *operands[0], *operands[1]);
  const double *q = operands[0]->f.data(), *k = operands[1]->f.data(),
               *v = operands[2]->f.data();
  const double *out = operands[3]->f.data(), *lse = operands[4]->f.data(),
               *dout = operands[5]->f.data();
  double *dq = results[0].f.data(), *dk = results[1].f.data(), *dv = results[2].f.data();
  geometry.forEachQuery([&](int64_t batch, int64_t head, int64_t position) {
    int64_t d = geometry.d, query = geometry.query(batch, head, position);
    double total = dot(dout + query, out + query, d);
    for (int64_t s = 0; s < geometry.visible(position); ++s) {
      int64_t key = geometry.key(batch, head, s);
      double p = std::exp(geometry.scale * dot(q + query, k + key, d) -
                          lse[geometry.row(batch, head, position)]);
      double dscore = geometry.scale * p * (dot(dout + query, v + key, d) - total);
      addScaled(dv + key, p, dout + query, d);
      addScaled(dq + query, dscore, k + key, d);
      addScaled(dk + key, dscore, q + query, d);
    }
  });
  return success();
}

} // namespace

void attachAttention(MLIRContext *context) {
  attach<AttentionOp, evaluateAttention>(context);
  attach<AttentionBackwardOp, evaluateAttentionBackward>(context);
}

} // namespace train::reference
