//===- InPlace.h - results that take the place of an operand ----------------===//
//
// After the order is fixed: which fusions overwrite an operand that nobody reads any
// more.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_SCHEDULE_INPLACE_H
#define TRAIN_LIB_TRANSFORMS_SCHEDULE_INPLACE_H

#include "train/IR/TrainDialect.h"

namespace train {

/// Whether the kernel of `fusion` may write result `result` over operand `operand`: it
/// reads that operand at the index that it writes, or in the same row before it writes
/// any of it.
bool canOverwrite(FusionOp fusion, unsigned result, unsigned operand);

/// Sets `aliases` of the fusions in `block`, where the operand's last use is the fusion
/// and its bytes are free to be overwritten: fresh ones, inputs of the program, and a
/// carried accumulator by what is yielded for it.
void markInPlace(mlir::Block &block);

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_SCHEDULE_INPLACE_H
