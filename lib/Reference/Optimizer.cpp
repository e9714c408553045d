// Optimizer updates and their scalars.
#include "Models.h"

#include <cmath>

using namespace mlir;

namespace train::reference {
namespace {

/// What every update shares: whether it applies, lr, and the gradient times grad_scale.
struct Update {
  bool applies = true;
  double lr = 0;
  double scale = 1;

  /// `common` is the declared index of lr; grad_scale and apply follow it.
  template <typename OpT> Update(OpT op, unsigned common, Operands operands) {
    lr = declaredOperand(op, common, operands)->f[0];
    if (const Tensor *gradScale = declaredOperand(op, common + 1, operands))
      scale = gradScale->f[0];
    if (const Tensor *apply = declaredOperand(op, common + 2, operands))
      applies = apply->i[0] != 0;
  }
};

/// The copy of the new parameter, which is stored before it is rounded once more.
template <typename OpT>
void evaluateCopy(OpT op, Results results, const EvalContext &context) {
  if (!op.getNewCopy())
    return;
  bool rounds = context.mode == Mode::Native;
  for (auto [copy, value] : llvm::zip_equal(results.back().f, results[0].f))
    copy = rounds ? roundToType(value, results[0].elementType) : value;
}

LogicalResult evaluateSgd(SgdOp op, Operands operands, Results results,
                          EvalContext &context) {
  Update update(op, 2, operands);
  const std::vector<double> &param = operands[0]->f, &grad = operands[1]->f;
  double decay = op.getWeightDecay().convertToDouble();
  for (size_t e = 0; e < param.size(); ++e)
    results[0].f[e] =
        update.applies
            ? param[e] - update.lr * (update.scale * grad[e] + decay * param[e])
            : param[e];
  evaluateCopy(op, results, context);
  return success();
}

LogicalResult evaluateMomentum(MomentumOp op, Operands operands, Results results,
                               EvalContext &context) {
  Update update(op, 3, operands);
  const std::vector<double> &param = operands[0]->f, &grad = operands[1]->f,
                            &velocity = operands[2]->f;
  double beta = op.getBeta().convertToDouble(),
         decay = op.getWeightDecay().convertToDouble();
  for (size_t e = 0; e < param.size(); ++e) {
    double next = beta * velocity[e] + update.scale * grad[e] + decay * param[e];
    results[0].f[e] = update.applies ? param[e] - update.lr * next : param[e];
    results[1].f[e] = update.applies ? next : velocity[e];
  }
  evaluateCopy(op, results, context);
  return success();
}

LogicalResult evaluateAdamW(AdamWOp op, Operands operands, Results results,
                            EvalContext &context) {
  Update update(op, 6, operands);
  const std::vector<double> &param = operands[0]->f, &grad = operands[1]->f,
                            &m = operands[2]->f, &v = operands[3]->f;
  double correction1 = operands[4]->f[0], correction2 = operands[5]->f[0];
  double beta1 = op.getBeta1().convertToDouble(), beta2 = op.getBeta2().convertToDouble();
  double eps = op.getEps().convertToDouble(),
         decay = op.getWeightDecay().convertToDouble();
  if (!update.applies) {
    results[0].f = param;
    results[1].f = m;
    results[2].f = v;
    evaluateCopy(op, results, context);
    return success();
  }
  for (size_t e = 0; e < param.size(); ++e) {
    double g = update.scale * grad[e] + (op.getL2() ? decay * param[e] : 0);
    double p = op.getL2() ? param[e] : param[e] * (1 - update.lr * decay);
    double nextM = beta1 * m[e] + (1 - beta1) * g,
           nextV = beta2 * v[e] + (1 - beta2) * g * g;
    results[0].f[e] = p - update.lr / correction1 * nextM /
                              (std::sqrt(nextV) / std::sqrt(correction2) + eps);
    results[1].f[e] = nextM;
    results[2].f[e] = nextV;
  }
  evaluateCopy(op, results, context);
  return success();
}

LogicalResult evaluateIncrement(IncrementOp op, Operands operands, Results results,
                                EvalContext &) {
  const Tensor *apply = declaredOperand(op, 1, operands);
  results[0].i[0] = operands[0]->i[0] + (!apply || apply->i[0] != 0);
  return success();
}

LogicalResult evaluateBiasCorrection(BiasCorrectionOp op, Operands operands,
                                     Results results, EvalContext &) {
  results[0].f[0] = 1 - std::pow(op.getBeta().convertToDouble(),
                                 static_cast<double>(operands[0]->i[0]) + 1);
  return success();
}

LogicalResult evaluateSumSquares(SumSquaresOp, Operands operands, Results results,
                                 EvalContext &) {
  double sum = 0, scale = operands.size() > 1 ? operands[1]->f[0] : 1;
  for (double value : operands[0]->f)
    sum += (scale * value) * (scale * value);
  results[0].f[0] = sum;
  return success();
}

LogicalResult evaluateClipCoefficient(ClipCoefficientOp op, Operands operands,
                                      Results results, EvalContext &) {
  double sum = 0;
  for (const Tensor *squares : operands)
    sum += squares->f[0];
  double norm = std::sqrt(sum), ratio = op.getMaxNorm().convertToDouble() / (norm + 1e-6);
  // A NaN norm must reach the coefficient; std::min would hide it.
  results[0].f[0] = ratio > 1 ? 1 : ratio;
  results[1].f[0] = norm;
  return success();
}

} // namespace

void attachOptimizer(MLIRContext *context) {
  attach<SgdOp, evaluateSgd>(context);
  attach<MomentumOp, evaluateMomentum>(context);
  attach<AdamWOp, evaluateAdamW>(context);
  attach<IncrementOp, evaluateIncrement>(context);
  attach<BiasCorrectionOp, evaluateBiasCorrection>(context);
  attach<SumSquaresOp, evaluateSumSquares>(context);
  attach<ClipCoefficientOp, evaluateClipCoefficient>(context);
}

} // namespace train::reference
