// Adjoint of dropout: the same mask, because key, site and samples are the same.
#include "Adjoint.h"

using namespace mlir;
using namespace train;

// y = x * mask / (1 - rate): dx = dy * mask / (1 - rate)
static void dropoutRule(DropoutOp op, Adjoint &d) {
  d.set(0, d.make<DropoutOp>(d.dy(), op.getKey(), op.getRateAttr(), op.getSiteAttr(),
                             op.getSamplesAttr()));
}

void train::attachRandomRules(MLIRContext *context) {
  attach<DropoutOp, dropoutRule>(context);
}
