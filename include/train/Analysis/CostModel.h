//===- CostModel.h - what ops cost to execute -------------------------------===//
//
// FLOPs and bytes of ops, from the interfaces, and the seconds that they take on a
// machine described by four constants. Predictions for reports and planners: nothing is
// timed at compile time, so equal inputs give equal plans.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_ANALYSIS_COSTMODEL_H
#define TRAIN_ANALYSIS_COSTMODEL_H

#include "train/IR/TrainDialect.h"

namespace train {

struct OpCost {
  /// Multiplies and adds, a fused multiply-add counted as two.
  int64_t flops = 0;
  /// Bytes of operands read plus bytes of results written, each tensor once. Library ops
  /// without arithmetic touch less: slices and look-ups read no more of an operand than
  /// they write, sums into an operand no more of it than they are given. Zero for ops
  /// that issue no command.
  int64_t bytes = 0;
};

/// The cost of one execution of `op`. A fusion costs the FLOPs of its body and the bytes
/// of its own operands and results; a micro-batch loop costs its body times its count.
OpCost getOpCost(mlir::Operation *op);

/// FLOPs of the library ops (contractions and the like) of one run of the program, all
/// micro-batches included: what `mfu` divides by.
double getLibraryFlops(ProgramOpInterface program);

/// What a machine does in a second. docs/rationale/cost-model.md says where the constants
/// come from and how far predictions are from measurements.
struct MachineModel {
  /// FLOPs per second of products in long loops: what matrices, convolutions and
  /// attention come down to.
  double libraryFlopsPerSecond;
  /// FLOPs per second of everything else. The FLOPs of transcendental functions count
  /// the arithmetic of their vector code.
  double kernelFlopsPerSecond;
  /// Bytes per second between memory and all threads together. What is written without
  /// having been read moves twice.
  double bytesPerSecond;
  /// Seconds that a command takes before and after its work.
  double secondsPerLaunch;
};

/// The machine that executables for `threads` (1 or more) threads are planned for. The
/// same for every CPU: only the ratios between the constants matter to a planner.
MachineModel getMachineModel(int threads);

/// Predicted seconds of one execution of `op`: the longer of its arithmetic and its
/// memory traffic, plus its launches. Zero for ops that issue no command; a micro-batch
/// loop takes its body times its count.
double getSeconds(mlir::Operation *op, const MachineModel &machine);

} // namespace train

#endif // TRAIN_ANALYSIS_COSTMODEL_H
