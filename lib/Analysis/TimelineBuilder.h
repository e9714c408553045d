//===- TimelineBuilder.h - one walk from ops to storages --------------------===//
//
// The state of MemoryTimeline::build: which bytes each value names, and which version
// of them it means.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_ANALYSIS_TIMELINEBUILDER_H
#define TRAIN_LIB_ANALYSIS_TIMELINEBUILDER_H

#include "train/Analysis/MemoryTimeline.h"

namespace train {

class TimelineBuilder {
public:
  TimelineBuilder(MemoryTimeline &timeline, ProgramOpInterface program, int threads)
      : timeline(timeline), persistent(*timeline.persistent), program(program),
        threads(threads), symbolContents(persistent.getStorages().size()) {}

  llvm::LogicalResult run();

private:
  /// What a storage's bytes hold: each overwrite makes a new version.
  struct Contents {
    unsigned version = 0;
    mlir::Operation *overwriter = nullptr;
    /// The block that the storage belongs to; null for persistent ones.
    mlir::Block *owner = nullptr;
    /// The loop body that carries it as an accumulator; null if none does.
    mlir::Block *carriedBy = nullptr;
    /// For symbols: the write that makes an overwrite official.
    mlir::Operation *writer = nullptr;
  };

  void defineInputs();
  llvm::LogicalResult visitBlock(mlir::Block &block);
  llvm::LogicalResult visitOp(mlir::Operation &op);
  llvm::LogicalResult visitLoop(MicrobatchOp loop);
  llvm::LogicalResult visitYield(MicrobatchOp loop, mlir::ArrayRef<Place> accumulators);
  llvm::LogicalResult visitWrite(WriteOp write);
  llvm::LogicalResult defineResult(mlir::OpResult result);
  llvm::LogicalResult overwrite(mlir::OpResult result, unsigned operand);
  llvm::LogicalResult checkSymbolsWritten();
  void addWorkspace(mlir::Operation &op);
  void finish();

  /// Records that `user` reads the value: checks its version, extends its lifetime.
  llvm::LogicalResult use(mlir::Value value, mlir::Operation *user);
  void extend(unsigned storage, mlir::Block *user);

  /// A new storage at the current position.
  Place allocate(std::string name, mlir::Location loc, Category category, int64_t bytes,
                 mlir::Block *owner, mlir::Value value, mlir::Operation *op);
  void bind(mlir::Value value, Place place);
  Contents &contents(Place place) {
    return place.persistent ? symbolContents[place.storage]
                            : storageContents[place.storage];
  }
  /// Where an accumulator of `loop` lives: its init's storage if nobody else wants that.
  Place placeAccumulator(MicrobatchOp loop, unsigned index);

  MemoryTimeline &timeline;
  const PersistentMemory &persistent;
  ProgramOpInterface program;
  int threads;
  int64_t position = 0;
  llvm::SmallVector<mlir::Operation *> opAt{nullptr};
  llvm::SmallVector<Contents> storageContents;
  llvm::SmallVector<Contents> symbolContents;
  llvm::DenseMap<mlir::Value, unsigned> versions;
  /// Storages from outside that the current loop uses: alive until it ends.
  llvm::SmallVector<unsigned> usedFromOutside;
};

} // namespace train

#endif // TRAIN_LIB_ANALYSIS_TIMELINEBUILDER_H
