// Adjoints of the losses. Their dy is a scalar.
#include "Adjoint.h"

using namespace mlir;
using namespace train;

// loss = mean(lse - logits[label]): an op of its own, which reads lse instead of a
// softmax. A part of a mean is divided by what the whole mean is divided by.
static void crossEntropyRule(CrossEntropyOp op, Adjoint &d) {
  Value count = op.getDivisor() ? op.getDivisor() : op.getCount();
  d.set(0, d.make<CrossEntropyBackwardOp>(d.dy(), op.getLogits(), op.getLabels(),
                                          op.getLse(), count, op.getIgnoreIndexAttr()));
}

// loss = mean((p - t)^2): dp = dloss * 2 / n * (p - t), dt = -dp, in the type of the loss
static void mseRule(MseOp op, Adjoint &d) {
  Type type = tensorType(d.dy()).getElementType();
  double n = tensorType(op.getPrediction()).getNumElements();
  Value difference =
      d.sub(d.castTo(op.getPrediction(), type), d.castTo(op.getTarget(), type));
  Value dp = d.mul(d.scale(d.dy(), 2 / n), difference);
  d.set(0, dp);
  if (d.wants(1))
    d.set(1, d.neg(dp));
}

void train::attachLossRules(MLIRContext *context) {
  attach<CrossEntropyOp, crossEntropyRule>(context);
  attach<MseOp, mseRule>(context);
}
