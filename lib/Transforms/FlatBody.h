//===- FlatBody.h - program bodies without scopes ---------------------------===//
//
// What the derived programs share: the ops of the graph in one block, layers and
// checkpoint regions dissolved into attributes, one read per symbol, nothing dead.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_FLATBODY_H
#define TRAIN_LIB_TRANSFORMS_FLATBODY_H

#include "mlir/IR/IRMapping.h"
#include "train/IR/TrainDialect.h"

namespace train {

/// Clones the ops of `from`, without its terminator, to the builder's position. Ops in
/// scopes come out with the attributes `train.layer` (names of nested layers joined by
/// '/') and `train.checkpoint`; a second read of a symbol becomes the first.
/// `mapping` maps block arguments on entry and all values of `from` on return.
void cloneFlat(mlir::Block &from, mlir::OpBuilder &builder, mlir::IRMapping &mapping);

/// Erases ops without effects whose results nobody uses, last to first.
void eraseDeadOps(mlir::Block &block);

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_FLATBODY_H
