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

/// On an op: an array of #train.recompute, executed inside of its kernel. What became of
/// the op carries kSunkAttr.
inline constexpr llvm::StringLiteral kSinkAttr = "train.sink";

/// On an op: a float type. An entry of kRecomputeBeforeAttr that has one result of this
/// op from that same result reads a copy with elements of the type, as Encoding.h says,
/// which is made right after the op.
inline constexpr llvm::StringLiteral kCompressAttr = "train.compress_to";

/// Whether an entry has a result from a copy of itself.
inline bool isCopyOfItself(RecomputeAttr entry) {
  return entry.getResults() && entry.getResults() == entry.getFrom();
}

/// The ops of a block by the numbers that plans give them; null for those that sinking
/// has left without a reader.
using NumberedOps = llvm::SmallVector<mlir::Operation *>;

/// A fusion at the builder's position that computes the results numbered `results` of
/// `fusion` and no others. Results numbered in `from` are read, not computed. `map` gives
/// the value to read for a value outside: an operand of `fusion`, or one of its results.
FusionOp cloneResults(mlir::OpBuilder &builder, FusionOp fusion,
                      llvm::ArrayRef<int64_t> results, llvm::ArrayRef<int64_t> from,
                      llvm::function_ref<mlir::Value(mlir::Value)> map);

/// Why an op can't be executed again: "is to recompute op `op`, which `what`".
struct Refusal {
  int64_t op = 0;
  std::string what;
};

/// Executes `entry` at the builder's position, with what it sinks in the same kernel, and
/// returns the op that does. `map` gives the value to read for a value of the block,
/// `bind` gets each result of the original with the new one. `end` is the number of the
/// op before which this happens. Null with a refusal, and nothing built, if that can't
/// be.
mlir::Operation *executeAgain(mlir::OpBuilder &builder,
                              llvm::ArrayRef<mlir::Operation *> ops, RecomputeAttr entry,
                              int64_t end,
                              llvm::function_ref<mlir::Value(mlir::Value)> map,
                              llvm::function_ref<void(mlir::Value, mlir::Value)> bind,
                              Refusal &refusal);

/// Obeys the kSinkAttr of `block`, which are gone afterwards. Results that nobody reads
/// any more are not computed any more either; from here on, numbers of results are those
/// that are left. Fails with a diagnostic at the op whose plan can't be obeyed, and
/// leaves the block half rewritten then.
mlir::FailureOr<NumberedOps> applySinking(mlir::Block &block);

/// Obeys the whole plan in `block`, sinking first; the attributes are gone afterwards.
/// Fails like applySinking.
llvm::LogicalResult applyRecomputation(mlir::Block &block);

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_RECOMPUTE_H
