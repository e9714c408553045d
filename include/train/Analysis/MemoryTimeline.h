//===- MemoryTimeline.h - who is alive when ---------------------------------===//
//
// The one account of a program's memory: from the order of ops to storages, their
// lifetimes, the bytes alive at each op and the peak. The scheduler, the planners, the
// report and the runtime's check all read it, so they can't disagree.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_ANALYSIS_MEMORYTIMELINE_H
#define TRAIN_ANALYSIS_MEMORYTIMELINE_H

#include "train/Analysis/PersistentMemory.h"

namespace train {

/// Bytes that `op` needs while it runs and that no value holds, for a team of `threads`.
int64_t getWorkspaceBytes(mlir::Operation *op, int threads);

/// Where a value's bytes are.
struct Place {
  bool persistent = false;
  /// Index in PersistentMemory or in the timeline's storages.
  unsigned storage = 0;
  /// From the start of the storage.
  int64_t byteOffset = 0;

  bool operator==(const Place &other) const {
    return persistent == other.persistent && storage == other.storage &&
           byteOffset == other.byteOffset;
  }
  bool operator!=(const Place &other) const { return !(*this == other); }
};

/// The timeline of one program, whose ops are taken in the order in which they stand.
///
/// Positions: 0 is the program's entry, where inputs are loaded. Each op takes the next
/// position; a micro-batch loop's own is its entry (accumulators are filled, the first
/// inputs loaded), its body follows, the body's terminator is where the loop ends. An
/// op's operands, results and workspace are all alive at its position.
///
/// In a loop, a storage of the body lives from its op to its last use in the body, one
/// from outside that the body uses lives to the loop's end, and an accumulator from the
/// loop's entry to the last use of its result. Init, argument, yielded value and result
/// of an accumulator are one storage wherever possible; where the places of init or
/// yielded value differ from the argument's, lowering fills or copies.
class MemoryTimeline {
public:
  /// Fails with a diagnostic if the order is not executable: a value is read after an op
  /// has overwritten its bytes, or an op overwrites what must not be overwritten.
  /// `threads` sizes the workspaces of library ops.
  static mlir::FailureOr<MemoryTimeline>
  build(ProgramOpInterface program, const PersistentMemory &persistent, int threads);

  llvm::ArrayRef<Storage> getStorages() const { return storages; }

  /// The place of a value; nothing for values without bytes of their own: streams of
  /// micro-batches, splats that kernels contain.
  std::optional<Place> lookup(mlir::Value value) const;

  /// The storage of an op's workspace.
  std::optional<unsigned> getWorkspace(mlir::Operation *op) const;

  int64_t getPosition(mlir::Operation *op) const { return positions.lookup(op); }

  /// Bytes alive at each position, persistent ones included.
  llvm::ArrayRef<int64_t> getLiveBytes() const { return liveBytes; }
  int64_t getPeakPosition() const { return peakPosition; }
  /// The op at the peak; null at the program's entry.
  mlir::Operation *getPeakOp() const { return peakOp; }

  /// The largest number of bytes alive at once: no arena is smaller.
  int64_t getLowerBound() const { return liveBytes[peakPosition]; }

  /// Bytes alive at `position` by category; they add up to getLiveBytes()[position].
  std::array<int64_t, kNumCategories> getBytesByCategory(int64_t position) const;

private:
  friend class TimelineBuilder;
  explicit MemoryTimeline(const PersistentMemory &persistent) : persistent(&persistent) {}

  const PersistentMemory *persistent;
  llvm::SmallVector<Storage> storages;
  llvm::DenseMap<mlir::Value, Place> places;
  llvm::DenseMap<mlir::Operation *, unsigned> workspaces;
  llvm::DenseMap<mlir::Operation *, int64_t> positions;
  llvm::SmallVector<int64_t> liveBytes;
  int64_t peakPosition = 0;
  mlir::Operation *peakOp = nullptr;
};

} // namespace train

#endif // TRAIN_ANALYSIS_MEMORYTIMELINE_H
