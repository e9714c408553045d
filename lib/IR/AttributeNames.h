// Attributes that mean nothing, because their names are misspelt.
#ifndef TRAIN_LIB_IR_ATTRIBUTENAMES_H
#define TRAIN_LIB_IR_ATTRIBUTENAMES_H

#include "mlir/IR/Operation.h"

namespace train {

/// Fails with a diagnostic if `op` is of the train dialect and has an attribute that is
/// neither its own nor named with a dialect's prefix. MLIR would keep one for whoever may
/// understand it, and a misspelt `causal` would change nothing. The caller walks.
llvm::LogicalResult verifyAttributeNames(mlir::Operation *op);

} // namespace train

#endif // TRAIN_LIB_IR_ATTRIBUTENAMES_H
