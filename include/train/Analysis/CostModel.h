//===- CostModel.h - what ops cost to execute -------------------------------===//
//
// FLOPs and bytes of ops, from the interfaces. Predictions for reports and
// planners; no timing.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_ANALYSIS_COSTMODEL_H
#define TRAIN_ANALYSIS_COSTMODEL_H

#include "train/IR/TrainDialect.h"

namespace train {

struct OpCost {
  /// Multiplies and adds, a fused multiply-add counted as two.
  int64_t flops = 0;
  /// Bytes of operands read plus bytes of results written, each tensor once. Zero for
  /// ops that issue no command.
  int64_t bytes = 0;
};

/// The cost of one execution of `op`. A fusion costs the FLOPs of its body and the bytes
/// of its own operands and results; a micro-batch loop costs its body times its count.
OpCost getOpCost(mlir::Operation *op);

/// FLOPs of the library ops (contractions and the like) of one run of the program, all
/// micro-batches included: what `mfu` divides by.
double getLibraryFlops(ProgramOpInterface program);

} // namespace train

#endif // TRAIN_ANALYSIS_COSTMODEL_H
