// Adjoints of reductions, normalizations and pooling.
#include "Adjoint.h"

using namespace mlir;
using namespace train;

/// A reduced tensor with its reduced dimensions back, at size 1, so that it broadcasts
/// against x.
static Value keepDims(Adjoint &d, Value reduced, Value x, ArrayRef<int64_t> dims) {
  SmallVector<int64_t> shape(tensorType(x).getShape());
  for (int64_t dim : dims)
    shape[dim] = 1;
  return d.reshape(reduced, shape);
}

/// The sum of x over its last dimension, which stays with size 1.
static Value sumRows(Adjoint &d, Value x) {
  return d.make<ReduceSumOp>(x, ArrayRef<int64_t>{tensorType(x).getRank() - 1}, true);
}

// y = sum x: dx = dy, repeated
static void reduceSumRule(ReduceSumOp op, Adjoint &d) {
  Value dy = keepDims(d, d.dy(), op.getX(), op.getDims());
  d.set(0, d.mul(dy, d.splat(1, op.getX())));
}

// y = sum x / n: dx = dy / n, repeated
static void reduceMeanRule(ReduceMeanOp op, Adjoint &d) {
  double n = 1;
  for (int64_t dim : op.getDims())
    n *= tensorType(op.getX()).getDimSize(dim);
  Value dy = keepDims(d, d.dy(), op.getX(), op.getDims());
  d.set(0, d.mul(dy, d.splat(1 / n, op.getX())));
}

// y = max x: dx = dy / m where x = y, m elements being equal to y
static void reduceMaxRule(ReduceMaxOp op, Adjoint &d) {
  Value x = op.getX(), y = keepDims(d, op.getResult(), x, op.getDims());
  Value isMax = d.castTo(d.compare(Predicate::EQ, x, y), tensorType(x).getElementType());
  Value count = d.make<ReduceSumOp>(isMax, op.getDims(), true);
  Value dy = keepDims(d, d.dy(), x, op.getDims());
  d.set(0, d.mul(isMax, d.div(dy, count)));
}

// y = softmax x: dx = y * (dy - sum(dy * y))
static void softmaxRule(SoftmaxOp op, Adjoint &d) {
  Value y = op.getY();
  d.set(0, d.mul(y, d.sub(d.dy(), sumRows(d, d.mul(d.dy(), y)))));
}

// y = x - log sum e^x: dx = dy - e^y * sum(dy)
static void logSoftmaxRule(LogSoftmaxOp op, Adjoint &d) {
  Value softmax = d.make<ExpOp>(op.getY());
  d.set(0, d.sub(d.dy(), d.mul(softmax, sumRows(d, d.dy()))));
}

// y = xhat * gamma + beta: dx in one kernel per row, dgamma and dbeta in one over the
// rows
static void layerNormRule(LayerNormOp op, Adjoint &d) {
  if (d.wants(0))
    d.set(0, d.make<LayerNormBackwardOp>(d.dy(), op.getX(), op.getGamma(), op.getMean(),
                                         op.getRstd()));
  if (d.wants(1) || d.wants(2)) {
    auto sums = d.make<LayerNormParamGradOp>(d.unwidened(d.dy()), op.getX(), op.getMean(),
                                             op.getRstd());
    d.set(1, sums.getDgamma());
    d.set(2, sums.getDbeta());
  }
}

// y = x * rstd * gamma: as layer_norm, without the mean
static void rmsNormRule(RmsNormOp op, Adjoint &d) {
  if (d.wants(0))
    d.set(0, d.make<RmsNormBackwardOp>(d.dy(), op.getX(), op.getGamma(), op.getRstd()));
  if (d.wants(1))
    d.set(1, d.make<RmsNormParamGradOp>(d.unwidened(d.dy()), op.getX(), op.getRstd()));
}

// y = xhat * gamma + beta per channel: dx needs the sums dgamma and dbeta even if nobody
// else does
static void batchNormRule(BatchNormOp op, Adjoint &d) {
  auto sums = d.make<BatchNormParamGradOp>(d.dy(), op.getX(), op.getMean(), op.getVar(),
                                           op.getEpsAttr());
  if (d.wants(0))
    d.set(0, d.make<BatchNormBackwardOp>(d.dy(), op.getX(), op.getGamma(), op.getMean(),
                                         op.getVar(), sums.getDgamma(), sums.getDbeta(),
                                         op.getEpsAttr()));
  d.set(1, sums.getDgamma());
  d.set(2, sums.getDbeta());
}

// y = (x - mean) / sqrt(var + eps) * gamma + beta, mean and var given: linear in x, so dx
// is the same op on dy without mean and beta
static void batchNormInferenceRule(BatchNormInferenceOp op, Adjoint &d) {
  if (d.wants(3) || d.wants(4)) {
    d.fail() << "has no derivative with respect to its statistics";
    return;
  }
  if (d.wants(0))
    d.set(0, d.make<BatchNormInferenceOp>(d.dy(), op.getGamma(), d.splat(0, op.getBeta()),
                                          d.splat(0, op.getMean()), op.getVar(),
                                          op.getEpsAttr()));
  if (d.wants(1) || d.wants(2)) {
    auto sums = d.make<BatchNormParamGradOp>(d.dy(), op.getX(), op.getMean(), op.getVar(),
                                             op.getEpsAttr());
    d.set(1, sums.getDgamma());
    d.set(2, sums.getDbeta());
  }
}

// y = the maximum of each window: dy goes to where it was
static void maxPool2dRule(MaxPool2dOp op, Adjoint &d) {
  d.set(0, d.make<MaxPool2dBackwardOp>(d.dy(), op.getIndices(),
                                       tensorType(op.getX()).getShape().take_back(2),
                                       op.getWindow(), op.getStrides(), op.getPadding()));
}

// y = the mean of each window: dy goes to all of it in equal parts
static void avgPool2dRule(AvgPool2dOp op, Adjoint &d) {
  d.set(0,
        d.make<AvgPool2dBackwardOp>(d.dy(), tensorType(op.getX()).getShape().take_back(2),
                                    op.getWindow(), op.getStrides(), op.getPadding()));
}

void train::attachReductionRules(MLIRContext *context) {
  attach<ReduceSumOp, reduceSumRule>(context);
  attach<ReduceMeanOp, reduceMeanRule>(context);
  attach<ReduceMaxOp, reduceMaxRule>(context);
  attach<SoftmaxOp, softmaxRule>(context);
  attach<LogSoftmaxOp, logSoftmaxRule>(context);
  attach<LayerNormOp, layerNormRule>(context);
  attach<RmsNormOp, rmsNormRule>(context);
  attach<BatchNormOp, batchNormRule>(context);
  attach<BatchNormInferenceOp, batchNormInferenceRule>(context);
  attach<MaxPool2dOp, maxPool2dRule>(context);
  attach<AvgPool2dOp, avgPool2dRule>(context);
}
