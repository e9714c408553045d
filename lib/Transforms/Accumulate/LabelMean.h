//===- LabelMean.h - a loss that is a mean over valid labels ----------------===//
//
// A mean over micro-batches of unequal numbers of valid labels is not the mean of their
// means. Where the loss is one cross-entropy, in one piece or in chunks, its divisor can
// be taken out of the loop.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_ACCUMULATE_LABELMEAN_H
#define TRAIN_LIB_TRANSFORMS_ACCUMULATE_LABELMEAN_H

#include "train/IR/TrainDialect.h"

namespace train {

/// The cross-entropies that a loss adds up, all divided by one number of valid labels.
struct LabelMean {
  llvm::SmallVector<CrossEntropyOp> parts;
  /// The adjoints that divide by the same number.
  llvm::SmallVector<CrossEntropyBackwardOp> adjoints;
  /// The number of valid labels in this micro-batch, a float scalar.
  mlir::Value count;
  /// The number of labels, valid or not; of this micro-batch, until somebody adds others.
  int64_t rows = 0;

  /// Divides by `rows` instead: the loss and its derivatives are then those of the mean
  /// times count / rows.
  void divideByRows(mlir::OpBuilder &builder);
};

/// The mean that `loss` is, after train-differentiate; nothing where it is anything else:
/// a sum with other terms, a divisor that is no count of its labels, or a count that
/// somebody else reads. A factor that is constant, casts and reshapes may follow.
std::optional<LabelMean> findLabelMean(mlir::Value loss);

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_ACCUMULATE_LABELMEAN_H
