//===- ResidencyInstance.h - a residency problem as the solvers see it -------===//
//
// What every solver asks again and again, computed once: who can write a tensor, and
// where in the given order a node can be executed at all. Positions count executions of
// the given order.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_PLANNING_RESIDENCYINSTANCE_H
#define TRAIN_LIB_PLANNING_RESIDENCYINSTANCE_H

#include "train/Planning/ResidencySolvers.h"

#include <limits>

namespace train::planning {

struct ResidencyInstance {
  static constexpr unsigned none = std::numeric_limits<unsigned>::max();

  explicit ResidencyInstance(const ResidencyProblem &problem);

  const ResidencyProblem &problem;
  /// Per tensor: the repeatable nodes that write it, those that can be executed nowhere
  /// left out.
  std::vector<std::vector<unsigned>> recipes;
  /// Per tensor: the position that writes it; none for inputs and for tensors that only
  /// nodes outside the order write.
  std::vector<unsigned> writtenAt;
  /// Per tensor: the positions that read it, ascending.
  std::vector<std::vector<unsigned>> readAt;
  /// Per node: its position; none outside the order.
  std::vector<unsigned> position;
  /// Per node: it may be executed again after position `earliest - 1` and before position
  /// `latest`, as far as the tensors that it reads and their updates are concerned. Reads
  /// of tensors that only nodes outside the order write are not considered.
  std::vector<unsigned> earliest, latest;
  std::vector<bool> isInput, isOutput, isUpdated;

  unsigned getSize() const { return static_cast<unsigned>(problem.order.size()); }
};

} // namespace train::planning

#endif // TRAIN_LIB_PLANNING_RESIDENCYINSTANCE_H
