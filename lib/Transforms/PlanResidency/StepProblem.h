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
class StorageRoots;

/// The block of a step in which memory is decided: the body of its micro-batch loop, or
/// its own.
mlir::Block &getPlannedBlock(ProgramOpInterface step);

/// That block as a problem.
class StepProblem {
public:
  /// Fails with a diagnostic where MemoryTimeline does. `numbered` are the ops of the
  /// planned block with the numbers that plans use, if those are not the places where
  /// they stand.
  static mlir::FailureOr<StepProblem> build(ProgramOpInterface step,
                                            const PersistentMemory &persistent,
                                            int threads, NumberedOps numbered = {});

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

  /// Writes a solution as `train.recompute_before` of the block's ops.
  void write(const planning::ResidencySolution &solution) const;

  /// Takes what `write` has written out again.
  void erase() const;

private:
  StepProblem() = default;
  void addTensors(ProgramOpInterface step, const PersistentMemory &persistent);
  void addNodes(int threads);
  void addRecipes(mlir::Operation *op, const Alternatives &alternatives, int threads,
                  const StorageRoots &roots, const llvm::DenseSet<unsigned> &updated);
  void describe(planning::ResidencyNode &node, mlir::Operation *op, int threads);
  unsigned addTensor(mlir::Value value, int64_t bytes, llvm::StringRef id);

  mlir::Block *block = nullptr;
  std::optional<MemoryTimeline> timeline;
  NumberedOps ops;
  planning::ResidencyProblem problem;
  llvm::SmallVector<RecomputeAttr> executions;
  llvm::SmallVector<mlir::Value> values;
  /// By index of the timeline's storage and of the persistent one.
  llvm::DenseMap<unsigned, unsigned> tensorOf, persistentTensorOf;
};

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_PLANRESIDENCY_STEPPROBLEM_H
