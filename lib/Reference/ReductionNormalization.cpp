// layer_norm and rms_norm over rows, batch_norm over channels, and their adjoints.
#include "Models.h"

#include <cmath>

using namespace mlir;

namespace train::reference {
namespace {

//===-- Rows ------------------------------------------------------------------===//

LogicalResult evaluateLayerNorm(LayerNormOp op, Operands operands, Results results,
                                EvalContext &) {
  const std::vector<double> &x = operands[0]->f, &gamma = operands[1]->f,
                            &beta = operands[2]->f;
  double eps = op.getEps().convertToDouble();
  int64_t size = operands[0]->rowSize();
  for (int64_t row = 0; row < results[1].size(); ++row) {
    double mean = 0, variance = 0;
    for (int64_t c = 0; c < size; ++c)
      mean += x[row * size + c];
    mean /= static_cast<double>(size);
    // Two passes: the mean of squares minus the square of the mean loses all digits for
    // large means.
    for (int64_t c = 0; c < size; ++c)
      variance += (x[row * size + c] - mean) * (x[row * size + c] - mean);
    variance /= static_cast<double>(size);
    double rstd = 1 / std::sqrt(variance + eps);
    for (int64_t c = 0; c < size; ++c)
      results[0].f[row * size + c] =
          (x[row * size + c] - mean) * rstd * gamma[c] + beta[c];
    results[1].f[row] = mean;
    results[2].f[row] = rstd;
  }
  return success();
}

LogicalResult evaluateLayerNormBackward(LayerNormBackwardOp, Operands operands,
                                        Results results, EvalContext &) {
  const std::vector<double> &dy = operands[0]->f, &x = operands[1]->f,
                            &gamma = operands[2]->f;
  const std::vector<double> &mean = operands[3]->f, &rstd = operands[4]->f;
  int64_t size = operands[1]->rowSize();
  for (size_t row = 0; row < mean.size(); ++row) {
    double sumH = 0, sumHX = 0;
    auto normalized = [&](int64_t c) {
      return (x[row * size + c] - mean[row]) * rstd[row];
    };
    for (int64_t c = 0; c < size; ++c) {
      double h = dy[row * size + c] * gamma[c];
      sumH += h;
      sumHX += h * normalized(c);
    }
    for (int64_t c = 0; c < size; ++c) {
      double h = dy[row * size + c] * gamma[c], count = static_cast<double>(size);
      results[0].f[row * size + c] =
          rstd[row] * (h - sumH / count - normalized(c) * sumHX / count);
    }
  }
  return success();
}

LogicalResult evaluateLayerNormParamGrad(LayerNormParamGradOp, Operands operands,
                                         Results results, EvalContext &) {
  const std::vector<double> &dy = operands[0]->f, &x = operands[1]->f,
                            &mean = operands[2]->f, &rstd = operands[3]->f;
  int64_t size = operands[1]->rowSize();
  for (size_t row = 0; row < mean.size(); ++row)
    for (int64_t c = 0; c < size; ++c) {
      results[0].f[c] += dy[row * size + c] * (x[row * size + c] - mean[row]) * rstd[row];
      results[1].f[c] += dy[row * size + c];
    }
  return success();
}

LogicalResult evaluateRmsNorm(RmsNormOp op, Operands operands, Results results,
                              EvalContext &) {
  const std::vector<double> &x = operands[0]->f, &gamma = operands[1]->f;
  double eps = op.getEps().convertToDouble();
  int64_t size = operands[0]->rowSize();
  for (int64_t row = 0; row < results[1].size(); ++row) {
    double squares = 0;
    for (int64_t c = 0; c < size; ++c)
      squares += x[row * size + c] * x[row * size + c];
    double rstd = 1 / std::sqrt(squares / static_cast<double>(size) + eps);
    for (int64_t c = 0; c < size; ++c)
      results[0].f[row * size + c] = x[row * size + c] * rstd * gamma[c];
    results[1].f[row] = rstd;
  }
  return success();
}

LogicalResult evaluateRmsNormBackward(RmsNormBackwardOp, Operands operands,
                                      Results results, EvalContext &) {
  const std::vector<double> &dy = operands[0]->f, &x = operands[1]->f,
                            &gamma = operands[2]->f, &rstd = operands[3]->f;
  int64_t size = operands[1]->rowSize();
  for (size_t row = 0; row < rstd.size(); ++row) {
    double sumHX = 0;
    for (int64_t c = 0; c < size; ++c)
      sumHX += dy[row * size + c] * gamma[c] * x[row * size + c] * rstd[row];
    for (int64_t c = 0; c < size; ++c) {
      double h = dy[row * size + c] * gamma[c],
             normalized = x[row * size + c] * rstd[row];
      results[0].f[row * size + c] =
          rstd[row] * (h - normalized * sumHX / static_cast<double>(size));
    }
  }
  return success();
}

LogicalResult evaluateRmsNormParamGrad(RmsNormParamGradOp, Operands operands,
                                       Results results, EvalContext &) {
  const std::vector<double> &dy = operands[0]->f, &x = operands[1]->f,
                            &rstd = operands[2]->f;
  int64_t size = operands[1]->rowSize();
  for (size_t row = 0; row < rstd.size(); ++row)
    for (int64_t c = 0; c < size; ++c)
      results[0].f[c] += dy[row * size + c] * x[row * size + c] * rstd[row];
  return success();
}

//===-- Channels --------------------------------------------------------------===//

/// x [N, C, ...]: calls visit(channel, element) for all elements, each channel's in
/// ascending order.
template <typename Visit> void walkChannels(const Tensor &x, Visit visit) {
  int64_t outer = x.shape[0], channels = x.shape[1],
          inner = countElements(ArrayRef<int64_t>(x.shape).drop_front(2));
  for (int64_t n = 0; n < outer; ++n)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t e = 0; e < inner; ++e)
        visit(c, (n * channels + c) * inner + e);
}

double elementsPerChannel(const Tensor &x) {
  return static_cast<double>(x.size()) / static_cast<double>(x.shape[1]);
}

/// y = (x - mean) / sqrt(var + eps) * gamma + beta, operands x, gamma, beta.
void normalizeChannels(Operands operands, const std::vector<double> &mean,
                       const std::vector<double> &variance, double eps, Tensor &y) {
  walkChannels(*operands[0], [&](int64_t c, int64_t e) {
    y.f[e] =
        (operands[0]->f[e] - mean[c]) / std::sqrt(variance[c] + eps) * operands[1]->f[c] +
        operands[2]->f[c];
  });
}

LogicalResult evaluateBatchNorm(BatchNormOp op, Operands operands, Results results,
                                EvalContext &context) {
  const Tensor &x = *operands[0];
  std::vector<double> &mean = results[1].f, &variance = results[2].f;
  double count = elementsPerChannel(x);
  walkChannels(x, [&](int64_t c, int64_t e) { mean[c] += x.f[e]; });
  for (double &value : mean)
    value /= count;
  walkChannels(x, [&](int64_t c, int64_t e) {
    variance[c] += (x.f[e] - mean[c]) * (x.f[e] - mean[c]);
  });
  for (double &value : variance)
    value /= count;
  // Normalizes with the statistics that it yields, so that whoever has them can do it
  // again.
  if (context.mode == Mode::Native)
    for (Tensor &statistic : results.drop_front())
      statistic.round();
  normalizeChannels(operands, mean, variance, op.getEps().convertToDouble(), results[0]);
  return success();
}

LogicalResult evaluateBatchNormInference(BatchNormInferenceOp op, Operands operands,
                                         Results results, EvalContext &) {
  normalizeChannels(operands, operands[3]->f, operands[4]->f,
                    op.getEps().convertToDouble(), results[0]);
  return success();
}

LogicalResult evaluateBatchNormParamGrad(BatchNormParamGradOp op, Operands operands,
                                         Results results, EvalContext &) {
  const std::vector<double> &dy = operands[0]->f, &x = operands[1]->f,
                            &mean = operands[2]->f, &variance = operands[3]->f;
  double eps = op.getEps().convertToDouble();
  walkChannels(*operands[1], [&](int64_t c, int64_t e) {
    results[0].f[c] += dy[e] * (x[e] - mean[c]) / std::sqrt(variance[c] + eps);
    results[1].f[c] += dy[e];
  });
  return success();
}

LogicalResult evaluateBatchNormBackward(BatchNormBackwardOp op, Operands operands,
                                        Results results, EvalContext &) {
  const std::vector<double> &dy = operands[0]->f, &x = operands[1]->f,
                            &gamma = operands[2]->f, &mean = operands[3]->f;
  const std::vector<double> &variance = operands[4]->f, &dgamma = operands[5]->f,
                            &dbeta = operands[6]->f;
  double eps = op.getEps().convertToDouble(), count = elementsPerChannel(*operands[1]);
  walkChannels(*operands[1], [&](int64_t c, int64_t e) {
    double rstd = 1 / std::sqrt(variance[c] + eps), normalized = (x[e] - mean[c]) * rstd;
    results[0].f[e] =
        gamma[c] * rstd * (dy[e] - dbeta[c] / count - normalized * dgamma[c] / count);
  });
  return success();
}

LogicalResult evaluateRunningAverage(RunningAverageOp op, Operands operands,
                                     Results results, EvalContext &) {
  double momentum = op.getMomentum().convertToDouble(),
         scale = op.getScale().convertToDouble();
  for (size_t e = 0; e < results[0].f.size(); ++e)
    results[0].f[e] =
        (1 - momentum) * operands[0]->f[e] + momentum * scale * operands[1]->f[e];
  return success();
}

} // namespace

void attachNormalization(MLIRContext *context) {
  attach<LayerNormOp, evaluateLayerNorm>(context);
  attach<LayerNormBackwardOp, evaluateLayerNormBackward>(context);
  attach<LayerNormParamGradOp, evaluateLayerNormParamGrad>(context);
  attach<RmsNormOp, evaluateRmsNorm>(context);
  attach<RmsNormBackwardOp, evaluateRmsNormBackward>(context);
  attach<RmsNormParamGradOp, evaluateRmsNormParamGrad>(context);
  attach<BatchNormOp, evaluateBatchNorm>(context);
  attach<BatchNormInferenceOp, evaluateBatchNormInference>(context);
  attach<BatchNormParamGradOp, evaluateBatchNormParamGrad>(context);
  attach<BatchNormBackwardOp, evaluateBatchNormBackward>(context);
  attach<RunningAverageOp, evaluateRunningAverage>(context);
}

} // namespace train::reference
