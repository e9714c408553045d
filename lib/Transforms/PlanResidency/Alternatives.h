//===- Alternatives.h - what can become of a tensor between two uses --------===//
//
// The one place that knows which ways there are to do without a tensor's bytes for a
// while. Each is a kind, the text that says it in the IR, and what it costs. What offers
// another one (a transfer, an all_gather, fewer bits) adds a kind, a way to write it down
// with what obeys that, and a line in the table of docs/rationale/residency.md.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_PLANRESIDENCY_ALTERNATIVES_H
#define TRAIN_LIB_TRANSFORMS_PLANRESIDENCY_ALTERNATIVES_H

#include "../Recompute.h"
#include "train/Analysis/CostModel.h"

namespace train {

/// Keeping is always possible, and is what a plan does that says nothing.
enum class Residence {
  Recompute, ///< an op before the use makes the bytes again
  Sink,      ///< the user computes the values in its own kernel: no bytes at all
};

/// A way to have one result again without having kept it.
struct Alternative {
  Residence residence = Residence::Recompute;
  /// What is executed again: before the user, or in its kernel.
  RecomputeAttr recipe;
  /// The seconds of one use: those of the op that is added, or what they add to the
  /// user's. These may be negative, where the user reads less than before.
  double seconds = 0;
};

/// The alternatives in one block, whose ops stand in their final order.
class Alternatives {
public:
  Alternatives(mlir::Block &block, const NumberedOps &ops, int threads);

  /// Sees the op that an alternative would add or change. It is gone afterwards.
  using Visitor = llvm::function_ref<void(const Alternative &, mlir::Operation *)>;

  /// Visits the ways to compute `result` alone: from the operands of its op, from other
  /// results of its op, and both also with what makes operands from what backward keeps
  /// anyway in the same kernel. Not the op as a whole, if that computes something else
  /// too.
  void visitRecipes(mlir::OpResult result, Visitor visit) const;

  /// Visits the ways of op `user` to compute `result`, which it reads, in its own kernel,
  /// where it computes `inside` already.
  void visitSinks(mlir::OpResult result, int64_t user,
                  llvm::ArrayRef<RecomputeAttr> inside, Visitor visit) const;

  int64_t getNumber(mlir::Operation *op) const { return numbers.lookup(op); }

private:
  llvm::SmallVector<RecomputeAttr> getRecipes(mlir::OpResult result) const;
  /// The recipe with all in its kernel that can be; null if there is nothing.
  RecomputeAttr withResidualForms(RecomputeAttr recipe) const;
  mlir::Operation *build(mlir::OpBuilder &builder, RecomputeAttr recipe) const;
  mlir::Operation *absorb(mlir::Operation *user, RecomputeAttr recipe) const;

  mlir::Block &block;
  const NumberedOps &ops;
  llvm::DenseMap<mlir::Operation *, int64_t> numbers;
  MachineModel machine;
};

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_PLANRESIDENCY_ALTERNATIVES_H
