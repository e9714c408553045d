//===- GradientNorm.h - the norm over all gradients of a step ---------------===//
//
// One place that builds it, for clipping and for reporting alone.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_CLIPGRADIENTS_GRADIENTNORM_H
#define TRAIN_LIB_TRANSFORMS_CLIPGRADIENTS_GRADIENTNORM_H

#include "train/Transforms/StepOutputs.h"

namespace train {

/// Builds the sums of squares of all gradients, in the outputs' order and times the
/// factor that they still have to be multiplied by, and the op that gives the clipping
/// coefficient and the norm.
ClipCoefficientOp buildGradientNorm(mlir::OpBuilder &builder, const StepOutputs &outputs,
                                    double maxNorm);

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_CLIPGRADIENTS_GRADIENTNORM_H
