// Adjoints of casts and of the loss scale.
#include "Adjoint.h"

using namespace mlir;
using namespace train;

// y = x in another type: dx = dy in x's type; integers carry no derivative
static void castRule(CastOp op, Adjoint &d) {
  Type type = tensorType(op.getX()).getElementType();
  if (isa<FloatType>(type))
    d.set(0, d.castTo(d.dy(), type));
}

// y = loss * scale: dloss = dy * scale, by the same op, so that the analysis of scales
// sees where the scale enters backward
static void scaleLossRule(ScaleLossOp op, Adjoint &d) {
  if (d.wants(1)) {
    d.fail() << "has no derivative with respect to the loss scale";
    return;
  }
  d.set(0, d.make<ScaleLossOp>(d.dy(), op.getScale()));
}

// y = x / scale: dx = dy / scale
static void unscaleRule(UnscaleOp op, Adjoint &d) {
  if (d.wants(1)) {
    d.fail() << "has no derivative with respect to the loss scale";
    return;
  }
  d.set(0, d.make<UnscaleOp>(d.dy(), op.getScale()));
}

void train::attachPrecisionRules(MLIRContext *context) {
  attach<CastOp, castRule>(context);
  attach<ScaleLossOp, scaleLossRule>(context);
  attach<UnscaleOp, unscaleRule>(context);
}
