//===- BlockOrder.h - an order of issue for one block -----------------------===//
//
// Decides, without touching the IR: list scheduling by the bytes that an op frees.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_SCHEDULE_BLOCKORDER_H
#define TRAIN_LIB_TRANSFORMS_SCHEDULE_BLOCKORDER_H

#include "train/IR/TrainDialect.h"

namespace train {

/// An order of all ops of `block` but its terminator, legal with respect to operands and
/// to overwriting: every reader of bytes comes before the op that overwrites them, writes
/// of symbols come last, constants directly before their first user. Of the ops that are
/// ready, one that frees more bytes than it allocates goes first (the most first), else
/// the one that stands first; what an op frees counts for the few that it still waits
/// for. Empty if no such order exists, because two ops have to come before each other.
llvm::SmallVector<mlir::Operation *> orderBlock(mlir::Block &block);

/// Moves the ops of `block` into `order`.
void applyOrder(mlir::Block &block, llvm::ArrayRef<mlir::Operation *> order);

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_SCHEDULE_BLOCKORDER_H
