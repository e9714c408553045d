//===- Storage.h - a run of bytes with a lifetime ---------------------------===//
//
// The unit of all memory accounting: values are views of storages, plans give
// storages offsets, reports list them.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_ANALYSIS_STORAGE_H
#define TRAIN_ANALYSIS_STORAGE_H

#include "train/IR/TrainDialect.h"

#include <string>

namespace train {

/// What a storage is for, as memory reports name it.
enum class Category {
  Parameters,
  Gradients,
  Optimizer,
  Activations,
  Workspace,
  Communication,
  Inputs,
  State,
};
inline constexpr unsigned kNumCategories = 8;

/// "parameters", "gradients", ...
llvm::StringRef getCategoryName(Category category);

struct Storage {
  std::string name;
  mlir::Location loc;
  Category category = Category::Activations;
  /// Rounded up to TRAIN_ALIGNMENT.
  int64_t bytes = 0;
  /// The positions of the program where it is alive, both included.
  int64_t first = 0;
  int64_t last = 0;
  /// The value that starts it; null for symbols, literals and workspaces.
  mlir::Value value;
  /// The op that starts it or needs it as workspace; null for block arguments. The
  /// symbol's op for symbols.
  mlir::Operation *op = nullptr;
};

/// `bytes` rounded up to what an arena offset may be.
inline int64_t alignToArena(int64_t bytes) {
  return llvm::divideCeil(bytes, TRAIN_ALIGNMENT) * TRAIN_ALIGNMENT;
}

} // namespace train

#endif // TRAIN_ANALYSIS_STORAGE_H
