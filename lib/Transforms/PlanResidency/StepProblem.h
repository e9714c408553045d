//===- StepProblem.h - a step's block as a residency problem -----------------===//
//
// The translation between IR and lib/Planning, both ways.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_PLANRESIDENCY_STEPPROBLEM_H
#define TRAIN_LIB_TRANSFORMS_PLANRESIDENCY_STEPPROBLEM_H

#include "train/Analysis/CostModel.h"
#include "train/Analysis/MemoryTimeline.h"
#include "train/Planning/ResidencyProblem.h"

namespace train {

class StorageRoots;

/// The block of a step in which memory is decided: the body of its micro-batch loop, or
/// its own.
mlir::Block &getPlannedBlock(ProgramOpInterface step);

/// That block as a problem.
class StepProblem {
public:
  /// What a node of the problem is in the IR.
  struct Execution {
    /// The op's number in the block.
    int64_t op = 0;
    /// Of a fusion computed in part: which results, and which it reads instead.
    llvm::SmallVector<int64_t> results, from;
  };

  /// Fails with a diagnostic where MemoryTimeline does.
  static mlir::FailureOr<StepProblem>
  build(ProgramOpInterface step, const PersistentMemory &persistent, int threads);

  const planning::ResidencyProblem &getProblem() const { return problem; }
  mlir::Block &getBlock() const { return *block; }
  llvm::ArrayRef<mlir::Operation *> getOps() const { return ops; }
  const Execution &getExecution(unsigned node) const { return executions[node]; }

  /// The tensor below `value`; nothing for values whose memory is not at stake.
  std::optional<unsigned> lookup(mlir::Value value) const;

  /// The value that starts a tensor: a result, or a block argument.
  mlir::Value getValue(unsigned tensor) const { return values[tensor]; }

  /// Writes a solution as `train.recompute_before` of the block's ops.
  void write(const planning::ResidencySolution &solution) const;

  /// Takes what `write` has written out again.
  void erase() const;

private:
  StepProblem() = default;
  void addTensors(ProgramOpInterface step, const PersistentMemory &persistent);
  void addNodes(int threads);
  void addRecipes(FusionOp fusion, int64_t number, int threads, const StorageRoots &roots,
                  const llvm::DenseSet<unsigned> &updated);
  void describe(planning::ResidencyNode &node, mlir::Operation *op, int threads);
  unsigned addTensor(mlir::Value value, int64_t bytes, llvm::StringRef id);

  mlir::Block *block = nullptr;
  std::optional<MemoryTimeline> timeline;
  llvm::SmallVector<mlir::Operation *> ops;
  planning::ResidencyProblem problem;
  llvm::SmallVector<Execution> executions;
  llvm::SmallVector<mlir::Value> values;
  /// By index of the timeline's storage and of the persistent one.
  llvm::DenseMap<unsigned, unsigned> tensorOf, persistentTensorOf;
};

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_PLANRESIDENCY_STEPPROBLEM_H
