//===- Head.h - what stands between hidden rows and their loss --------------===//
//
// Finds the contraction whose rows a cross-entropy reads, through whatever treats each
// row by itself. Decides nothing and changes nothing.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_CHUNKLOSS_HEAD_H
#define TRAIN_LIB_TRANSFORMS_CHUNKLOSS_HEAD_H

#include "train/IR/TrainDialect.h"

namespace train {

/// logits = f(hidden x weight), loss = cross_entropy(logits, labels), where each row of
/// the logits depends on one row of hidden.
struct Head {
  CrossEntropyOp loss;
  MatmulOp matmul;
  /// The ops between matmul and loss, the one next to the matmul first: reshapes and
  /// slices that leave the classes whole, and elementwise ops that treat all rows alike.
  llvm::SmallVector<mlir::Operation *> between;
  /// The layers that the matmul or ops in `between` stand in and the loss does not,
  /// outermost first.
  llvm::SmallVector<LayerOp> layers;

  int64_t getClasses() const;
  /// The columns of hidden, which the matmul sums over.
  int64_t getWidth() const;
  /// The rows of the loss.
  int64_t getRows() const;
  /// Bytes of one row of the matmul's result.
  int64_t getRowBytes() const;
};

/// The head that ends in `loss`; or nothing, with the reason in `why`, a sentence without
/// subject ("reads logits that ...").
std::optional<Head> findHead(CrossEntropyOp loss, std::string &why);

/// The operand of an elementwise op of a head that carries the rows; the others are the
/// same for each row.
unsigned getRowOperand(mlir::Operation *op);

/// Whether the op belongs into a head as an elementwise op.
bool isRowwise(mlir::Operation *op);

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_CHUNKLOSS_HEAD_H
