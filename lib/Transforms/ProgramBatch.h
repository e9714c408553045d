//===- ProgramBatch.h - programs of another batch size ----------------------===//
//
// What train-set-batch does to the user's graph and train-derive-programs to the
// prediction.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_PROGRAMBATCH_H
#define TRAIN_LIB_TRANSFORMS_PROGRAMBATCH_H

#include "train/IR/TrainDialect.h"

namespace train {

/// The samples of one micro-batch: the size of the dimensions that inputs mark as batch;
/// nothing where none does.
std::optional<int64_t> getBatch(ProgramOpInterface program);

/// Sets that size and infers all types anew. The program marks a batch. Fails with a
/// diagnostic at the op that can't follow, and leaves the types as they are by then.
llvm::LogicalResult setBatch(ProgramOpInterface program, int64_t batch);

/// Whether each sample's part of the outputs depends on that sample alone. `single` is
/// `whole` after setBatch(1). The safe answer is no, and it is given where the batch is
/// anything but the leading dimension of an op that computes across elements.
bool keepsSamplesApart(ProgramOpInterface whole, ProgramOpInterface single);

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_PROGRAMBATCH_H
