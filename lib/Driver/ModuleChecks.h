// What a model has to be beyond valid IR to become an executable: its names go into
// files, tables of C strings and JSON, and its inputs are filled sample by sample.
#ifndef TRAIN_LIB_DRIVER_MODULECHECKS_H
#define TRAIN_LIB_DRIVER_MODULECHECKS_H

#include "mlir/IR/BuiltinOps.h"

namespace train {

/// All names, locations and other texts of the module are UTF-8 without zero bytes, and
/// safetensors can hold the names of params and states. One error, at the op.
llvm::LogicalResult checkTexts(mlir::ModuleOp module);

/// No input has a batch of 0.
llvm::LogicalResult checkBatches(mlir::ModuleOp module);

} // namespace train

#endif // TRAIN_LIB_DRIVER_MODULECHECKS_H
