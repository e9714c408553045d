//===- TypeFollower.h - new shapes through a block ---------------------------===//
//
// The walk that train-set-batch and models of another sequence length share: what an op
// infers, its results become; which sizes in its attributes follow is asked for.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_TYPEFOLLOWER_H
#define TRAIN_LIB_TRANSFORMS_TYPEFOLLOWER_H

#include "train/IR/TrainDialect.h"

namespace train {

class TypeFollower {
public:
  virtual ~TypeFollower() = default;

  /// Gives a value another type, if that is another one.
  void setType(mlir::Value value, mlir::Type type);

  /// Infers the types of all results anew, in scopes too. Fails with a diagnostic at the
  /// op that can't follow, and leaves the types as they are by then.
  llvm::LogicalResult visit(mlir::Block &block);

protected:
  /// Sets the sizes in the attributes of an op without regions whose operands have their
  /// new types, and those types of its results that follow from nothing else.
  virtual llvm::LogicalResult setSizes(mlir::Operation &op) = 0;
  /// Says that the op does not take what its operands have become.
  virtual void refuse(mlir::Operation &op) = 0;

  bool hasChanged(mlir::Value value) const { return old.contains(value); }
  /// The type before the first change.
  mlir::RankedTensorType getOldType(mlir::Value value) const;
  /// Remembers that the value had `before`, after somebody else has changed its type.
  void noteOldType(mlir::Value value, mlir::Type before);

private:
  llvm::LogicalResult visit(mlir::Operation &op);

  llvm::DenseMap<mlir::Value, mlir::RankedTensorType> old; ///< where it has changed
};

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_TYPEFOLLOWER_H
