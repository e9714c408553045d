//===- StepProblem.h - a step's block as a residency problem -----------------===//
//
// The translation between IR and lib/Planning, both ways.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_PLANRESIDENCY_STEPPROBLEM_H
#define TRAIN_LIB_TRANSFORMS_PLANRESIDENCY_STEPPROBLEM_H

#include "../Recompute.h"
#include "train/Analysis/CostModel.h"
#include "train/Analysis/MemoryTimeline.h"
#include "train/Planning/ResidencyProblem.h"

namespace train {

class Alternatives;
class Encoding;
class StorageRoots;

/// The block of a step in which memory is decided: the body of its micro-batch loop, or
/// its own.
mlir::Block &getPlannedBlock(ProgramOpInterface step);

/// That block as a problem.
class StepProblem {
public:
  /// A tensor that can stay as a copy of fewer bits. The nodes `encodes` make the copy
  /// right after the tensor is written and stand in the order; `decode` has the tensor
  /// again from it once the forward pass is over, and takes the time of all.
  struct Copy {
    unsigned tensor = 0;
    llvm::SmallVector<unsigned, 3> encodes;
    unsigned decode = 0;
  };

  /// Fails with a diagnostic where MemoryTimeline does. `numbered` are the ops of the
  /// planned block with the numbers that plans use, if those are not the places where
  /// they stand. With `compress`, tensors may stay as copies of this type.
  static mlir::FailureOr<StepProblem> build(ProgramOpInterface step,
                                            const PersistentMemory &persistent,
                                            int threads, NumberedOps numbered = {},
                                            mlir::FloatType compress = {});

  const planning::ResidencyProblem &getProblem() const { return problem; }
  mlir::Block &getBlock() const { return *block; }
  /// By number; null for ops that sinking has left without a reader.
  const NumberedOps &getOps() const { return ops; }
  /// What a node of the problem is in the IR.
  RecomputeAttr getExecution(unsigned node) const { return executions[node]; }

  /// The tensor below `value`; nothing for values whose memory is not at stake.
  std::optional<unsigned> lookup(mlir::Value value) const;

  /// The value that starts a tensor: a result, or a block argument.
  mlir::Value getValue(unsigned tensor) const { return values[tensor]; }

  llvm::ArrayRef<Copy> getCopies() const { return copies; }

  /// The tensors that could stay as copies if their elements divided into blocks.
  llvm::ArrayRef<unsigned> getUndivided() const { return undivided; }

  /// The plan that has what it drops again from copies if it is in `kept`, and by
  /// computing it if not: what a rule does to the tensors that it keeps.
  planning::ResidencySolution keepCompressed(const std::vector<bool> &kept) const;

  /// The same executions with each copy made right after its tensor: where the IR has it.
  planning::ResidencySolution settle(planning::ResidencySolution solution) const;

  /// Writes a solution as `train.recompute_before` of the block's ops.
  void write(const planning::ResidencySolution &solution) const;

private:
  StepProblem() = default;
  void addTensors(ProgramOpInterface step, const PersistentMemory &persistent);
  void addNodes(int threads);
  void addRecipes(mlir::Operation *op, const Alternatives &alternatives, int threads,
                  const StorageRoots &roots, const llvm::DenseSet<unsigned> &updated);
  /// Whether backward starts at an op: it makes or reads the derivative of the loss by
  /// itself.
  static bool readsSeed(mlir::Operation *op);
  void findFitted(llvm::SmallVectorImpl<bool> &isFitted) const;
  /// Takes what outputs of the forward pass are computed of from `isKept`.
  void dropReadForOutputs(llvm::SmallVectorImpl<bool> &isKept) const;
  void addCopies(int threads);
  void addCopy(unsigned tensor, unsigned writer, Encoding encoding, int threads);
  void describe(planning::ResidencyNode &node, mlir::Operation *op, int threads);
  unsigned addTensor(mlir::Value value, int64_t bytes, llvm::StringRef id);

  mlir::Block *block = nullptr;
  std::optional<MemoryTimeline> timeline;
  NumberedOps ops;
  planning::ResidencyProblem problem;
  llvm::SmallVector<RecomputeAttr> executions;
  llvm::SmallVector<mlir::Value> values;
  mlir::FloatType compress;
  llvm::SmallVector<Copy> copies;
  llvm::SmallVector<unsigned> undivided;
  /// By index of the timeline's storage and of the persistent one.
  llvm::DenseMap<unsigned, unsigned> tensorOf, persistentTensorOf;
};

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_PLANRESIDENCY_STEPPROBLEM_H
