//===- OneKernel.h - two ops as one kernel ----------------------------------===//
//
// Which ops one row program computes together, and the rewrite that makes them one.
// train-fuse asks about ops as they stand, residency planning about ops that are executed
// again inside of who reads them.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_ONEKERNEL_H
#define TRAIN_LIB_TRANSFORMS_ONEKERNEL_H

#include "train/IR/TrainDialect.h"

namespace train {

/// Buffers of one kernel: beyond, address arithmetic spills.
inline constexpr size_t kMaxKernelBuffers = 12;

/// Whether computing `op` once per walk over a row costs less than storing its result: a
/// walk over a row for a reduction computes its inputs anew.
bool isCheapInKernel(mlir::Operation *op);

/// Whether one kernel can compute all of `producer` and then `consumer`, both fusions or
/// single ops. They walk the same domain; a reduction along rows in `consumer` has a
/// cheap `producer`. Library calls, kernels in several parts (sums over rows, statistics
/// of batch_norm) and whole-tensor updates take nothing in and go nowhere.
bool canShareKernel(mlir::Operation *producer, mlir::Operation *consumer);

/// Makes one fusion of both at the place of `consumer`, with its results and attributes.
/// `producer` stands before it, and nobody else reads its results, which are gone.
/// Both have to share a kernel.
FusionOp mergeIntoConsumer(mlir::Operation *producer, mlir::Operation *consumer);

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_ONEKERNEL_H
