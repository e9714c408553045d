// Losses and their adjoints.
#include "Models.h"

#include <cmath>

using namespace mlir;

namespace train::reference {
namespace {

/// Fails at the op for the first label that is neither in [0, classes) nor the ignored
/// one.
LogicalResult checkLabels(const Tensor &labels, int64_t classes, int64_t ignored,
                          EvalContext &context) {
  for (auto [position, label] : llvm::enumerate(labels.i))
    if (label != ignored && (label < 0 || label >= classes))
      return context.emitError()
             << "got label " << label << " at position " << position << ", expected 0 to "
             << classes - 1 << " or ignore_index " << ignored;
  return success();
}

// loss = sum over valid rows of (lse - logits[label]) / count, or / max(divisor, 1); lse
// = max + log sum exp(logits - max).
LogicalResult evaluateCrossEntropy(CrossEntropyOp op, Operands operands, Results results,
                                   EvalContext &context) {
  const Tensor &logits = *operands[0], &labels = *operands[1];
  Tensor &loss = results[0], &lse = results[1], &count = results[2];
  int64_t classes = logits.rowSize(), ignored = op.getIgnoreIndex();
  if (failed(checkLabels(labels, classes, ignored, context)))
    return failure();
  double total = 0, valid = 0;
  for (int64_t row = 0; row < labels.size(); ++row) {
    const double *x = logits.f.data() + row * classes;
    double largest = -INFINITY;
    for (int64_t c = 0; c < classes; ++c)
      largest = std::fmax(largest, x[c]);
    double sum = 0;
    for (int64_t c = 0; c < classes; ++c)
      sum += std::exp(x[c] - largest);
    lse.f[row] = largest + std::log(sum);
    if (labels.i[row] == ignored)
      continue;
    // (max - x) + log(sum) rather than lse - x: the first difference is exact where it is
    // small.
    total += (largest - x[labels.i[row]]) + std::log(sum);
    valid += 1;
  }
  double divisor = operands.size() > 2 ? operands[2]->f[0] : valid;
  loss.f[0] = total / std::fmax(divisor, 1);
  count.f[0] = valid;
  return success();
}

LogicalResult evaluateCrossEntropyBackward(CrossEntropyBackwardOp op, Operands operands,
                                           Results results, EvalContext &context) {
  const Tensor &dloss = *operands[0], &logits = *operands[1], &labels = *operands[2],
               &lse = *operands[3], &count = *operands[4];
  int64_t classes = logits.rowSize(), ignored = op.getIgnoreIndex();
  if (failed(checkLabels(labels, classes, ignored, context)))
    return failure();
  for (int64_t row = 0; row < labels.size(); ++row) {
    if (labels.i[row] == ignored)
      continue;
    double weight = dloss.f[0] / count.f[0];
    for (int64_t c = 0; c < classes; ++c) {
      int64_t at = row * classes + c;
      results[0].f[at] =
          weight * (std::exp(logits.f[at] - lse.f[row]) - (c == labels.i[row] ? 1 : 0));
    }
  }
  return success();
}

LogicalResult evaluateMse(MseOp, Operands operands, Results results, EvalContext &) {
  const std::vector<double> &prediction = operands[0]->f, &target = operands[1]->f;
  double sum = 0;
  for (size_t e = 0; e < prediction.size(); ++e)
    sum += (prediction[e] - target[e]) * (prediction[e] - target[e]);
  results[0].f[0] = sum / static_cast<double>(prediction.size());
  return success();
}

} // namespace

void attachLoss(MLIRContext *context) {
  attach<CrossEntropyOp, evaluateCrossEntropy>(context);
  attach<CrossEntropyBackwardOp, evaluateCrossEntropyBackward>(context);
  attach<MseOp, evaluateMse>(context);
}

} // namespace train::reference
