//===- Registration.h - attach the adjoint of every differentiable op ---------===//
//
// Differentiation asks ops through DifferentiableOpInterface; the dialect itself does not
// know how. A context that differentiates calls this function on its registry first.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_GRADIENTS_REGISTRATION_H
#define TRAIN_GRADIENTS_REGISTRATION_H

#include "mlir/IR/DialectRegistry.h"

namespace train {

/// Adds the external models of DifferentiableOpInterface for all op families to
/// `registry`. They take effect when the `train` dialect is loaded.
void registerGradients(mlir::DialectRegistry &registry);

} // namespace train

#endif // TRAIN_GRADIENTS_REGISTRATION_H
