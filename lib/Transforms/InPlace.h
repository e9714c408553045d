//===- InPlace.h - results that take the place of an operand ----------------===//
//
// After the order is fixed: which fusions overwrite an operand that nobody reads any
// more. The rule has two parts. What the kernel and the storages allow does not depend on
// the order, and planners ask for it; who reads what later does.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_INPLACE_H
#define TRAIN_LIB_TRANSFORMS_INPLACE_H

#include "train/IR/TrainDialect.h"

namespace train {

/// The storage below chains of views and in-place updates, named by the value that starts
/// it.
class StorageRoots {
public:
  /// Follows the storages of all ops in `block`.
  explicit StorageRoots(mlir::Block &block);

  mlir::Value lookup(mlir::Value value) const {
    auto found = roots.find(value);
    return found == roots.end() ? value : found->second;
  }

private:
  llvm::DenseMap<mlir::Value, mlir::Value> roots;
};

/// Whether the kernel of `fusion` may write result `result` over operand `operand`: it
/// reads that operand at the index that it writes, or in the same row before it writes
/// any of it.
bool canOverwrite(FusionOp fusion, unsigned result, unsigned operand);

/// Whether result `result` of `fusion`, an op of `block`, may take the place of operand
/// `operand` in any order of the block in which that operand has its last use there: the
/// operand is a whole storage that may be overwritten, no other operand lies in it, and
/// the kernel can do it.
bool mayTakePlace(FusionOp fusion, unsigned result, unsigned operand, mlir::Block &block,
                  const StorageRoots &roots);

/// Sets `aliases` of the fusions in `block`: each result without an alias, first to last,
/// takes the place of the first operand that mayTakePlace allows, that has its last use
/// there and that no other result has taken.
void markInPlace(mlir::Block &block);

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_INPLACE_H
