//===- PersistentMemory.h - what lives across steps and programs ------------===//
//
// Parameters, states, the random key and literal constants: one contiguous region at
// the start of the arena, the same for every program of the module.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_ANALYSIS_PERSISTENTMEMORY_H
#define TRAIN_ANALYSIS_PERSISTENTMEMORY_H

#include "train/Analysis/Storage.h"

#include <optional>

namespace train {

/// The persistent storages in arena order: parameters, states, literals, the random
/// key. Their offsets are the sums of the sizes before them.
class PersistentMemory {
public:
  explicit PersistentMemory(mlir::ModuleOp module);

  llvm::ArrayRef<Storage> getStorages() const { return storages; }
  int64_t getOffset(unsigned index) const { return offsets[index]; }

  /// Bytes of the whole region.
  int64_t getBytes() const { return bytes; }

  /// The index of a symbol's storage.
  unsigned lookupSymbol(mlir::StringAttr symbol) const { return symbols.at(symbol); }

  /// The index of a literal's storage. Equal literals share one.
  unsigned lookupLiteral(mlir::Attribute value) const { return literals.at(value); }

  /// The index of the random key's storage; nothing if no program draws.
  std::optional<unsigned> getRandomKey() const { return randomKey; }

private:
  unsigned add(Storage storage);

  llvm::SmallVector<Storage> storages;
  llvm::SmallVector<int64_t> offsets;
  int64_t bytes = 0;
  llvm::DenseMap<mlir::Attribute, unsigned> symbols, literals;
  std::optional<unsigned> randomKey;
};

/// The literal of an op that is a constant but no splat, else null. Splats need no
/// literal: kernels contain them, library ops get them filled in.
mlir::Attribute getLiteral(mlir::Operation *op);

} // namespace train

#endif // TRAIN_ANALYSIS_PERSISTENTMEMORY_H
