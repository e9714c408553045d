//===- ClipGradients.cpp - train-clip-gradients -----------------------------===//
//
// Clipping by the global norm (Pascanu, Mikolov and Bengio, ICML 2013) without a
// pass over the gradients: the coefficient goes to the optimizer.
//
//===----------------------------------------------------------------------===//
#include "GradientNorm.h"
#include "train/Transforms/Passes.h"

#include <cmath>

namespace train {
#define GEN_PASS_DEF_TRAINCLIPGRADIENTS
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

ClipCoefficientOp train::buildGradientNorm(OpBuilder &builder, const StepOutputs &outputs,
                                           double maxNorm) {
  auto scalar = RankedTensorType::get({}, builder.getF32Type());
  SmallVector<Value> squares;
  Value scale = outputs.lookup(kGradScaleOutput);
  for (const StepOutputs::Output &gradient : outputs.gradients())
    squares.push_back(SumSquaresOp::create(builder, gradient.value.getLoc(), scalar,
                                           gradient.value, scale));
  Location loc = builder.getInsertionPoint()->getLoc();
  return ClipCoefficientOp::create(builder, loc, scalar, scalar, squares,
                                   builder.getF64FloatAttr(maxNorm));
}

namespace {

struct ClipGradients : train::impl::TrainClipGradientsBase<ClipGradients> {
  using Base::Base;

  void runOnOperation() override {
    auto step = findProgram<StepOp>(getOperation());
    if (!step) {
      getOperation().emitError("there is no train.step to clip gradients in");
      return signalPassFailure();
    }
    if (!(maxNorm > 0) || !std::isfinite(maxNorm)) {
      step.emitOpError("can't clip gradients to a norm of ")
          << maxNorm.getValue() << ": it must be positive";
      return signalPassFailure();
    }
    StepOutputs outputs(step);
    if (outputs.gradients().empty()) {
      step.emitOpError(
          "has no gradients to clip: clipping comes after differentiation and "
          "before the optimizer");
      return signalPassFailure();
    }
    if (Value norm = outputs.lookup(kGradNormOutput)) {
      InFlightDiagnostic diagnostic =
          step.emitOpError("has its gradients clipped already");
      diagnostic.attachNote(norm.getLoc()) << "the coefficient is computed here";
      return signalPassFailure();
    }
    OpBuilder builder(step.getBodyBlock()->getTerminator());
    ClipCoefficientOp clip = buildGradientNorm(builder, outputs, maxNorm);
    Value coefficient = clip.getCoefficient();
    if (Value scale = outputs.lookup(kGradScaleOutput))
      coefficient = MulOp::create(builder, clip.getLoc(), coefficient, scale);
    outputs.set(kGradScaleOutput, coefficient);
    outputs.append(kGradNormOutput, clip.getNorm());
    outputs.commit();
  }
};

} // namespace
