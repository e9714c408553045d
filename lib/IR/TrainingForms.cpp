//===- TrainingForms.cpp - ops that mean more, or other things, in training ===//
//
// Dropout and batch_norm change outside training, batch_norm feeds running
// statistics and normalizes again without summing again. These facts are answered
// here, so that the passes that build programs and plans know no op by name.
//
//===----------------------------------------------------------------------===//
#include "train/IR/TrainDialect.h"

using namespace mlir;
using namespace train;

void DropoutOp::buildEvalForm(OpBuilder &builder, MutableArrayRef<Value> results) {
  results[0] = getX();
}

// Without running statistics the op keeps using those of the batch, as torch's
// BatchNorm does under track_running_stats=False.
void BatchNormOp::buildEvalForm(OpBuilder &builder, MutableArrayRef<Value> results) {
  if (!getRunningMeanAttr())
    return;
  Value mean =
      ReadOp::create(builder, getLoc(), getMean().getType(), getRunningMeanAttr());
  Value var = ReadOp::create(builder, getLoc(), getVar().getType(), getRunningVarAttr());
  results[0] =
      BatchNormInferenceOp::create(builder, getLoc(), getY().getType(), getX(),
                                   getGamma(), getBeta(), mean, var, getEpsAttr());
  results[1] = mean;
  results[2] = var;
}

// The kernel of batch_norm normalizes with the statistics that it has stored, by the same
// arithmetic as this op.
Operation *BatchNormOp::buildResidualForm(OpBuilder &builder) {
  return BatchNormInferenceOp::create(builder, getLoc(), getY().getType(), getX(),
                                      getGamma(), getBeta(), getMean(), getVar(),
                                      getEpsAttr());
}

// The running variance follows the unbiased estimate: n / (n - 1) times the
// biased one (Ioffe and Szegedy, ICML 2015, section 3.1).
SmallVector<RunningStatistic> BatchNormOp::getRunningStatistics() {
  if (!getRunningMeanAttr())
    return {};
  auto type = cast<RankedTensorType>(getX().getType());
  double perChannel = static_cast<double>(type.getNumElements() / type.getDimSize(1));
  double momentum = getMomentum().convertToDouble();
  return {{getRunningMeanAttr(), getMean(), momentum, 1.0},
          {getRunningVarAttr(), getVar(), momentum, perChannel / (perChannel - 1.0)}};
}
