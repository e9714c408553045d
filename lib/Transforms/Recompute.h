//===- Recompute.h - executing ops of a block again --------------------------===//
//
// How a residency plan is written in the IR, and what it means: the rewrite that
// train-apply-residency does, and that train-plan-residency tries plans with.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_RECOMPUTE_H
#define TRAIN_LIB_TRANSFORMS_RECOMPUTE_H

#include "train/Analysis/PlanAttributes.h"
#include "train/IR/TrainDialect.h"

namespace train {

/// On an op: an array of #train.recompute, executed in order just before it. What such an
/// entry became carries kCloneAttr.
inline constexpr llvm::StringLiteral kRecomputeBeforeAttr = "train.recompute_before";

/// A fusion at the builder's position that computes the results numbered `results` of
/// `fusion` and no others. Results numbered in `from` are read, not computed. `map` gives
/// the value to read for a value outside: an operand of `fusion`, or one of its results.
FusionOp cloneResults(mlir::OpBuilder &builder, FusionOp fusion,
                      llvm::ArrayRef<int64_t> results, llvm::ArrayRef<int64_t> from,
                      llvm::function_ref<mlir::Value(mlir::Value)> map);

/// Obeys the plan in `block`; the attributes are gone afterwards. Fails with a diagnostic
/// at the op whose plan can't be obeyed, and leaves the block half rewritten then.
llvm::LogicalResult applyRecomputation(mlir::Block &block);

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_RECOMPUTE_H
