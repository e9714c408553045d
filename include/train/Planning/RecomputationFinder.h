//===- RecomputationFinder.h - what it takes to have one tensor again --------===//
//
// The question of whoever looks at a plan: if this tensor were dropped here, what would
// be computed again to have it there? Not only the node that writes it: what that reads
// may be gone, too.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_PLANNING_RECOMPUTATIONFINDER_H
#define TRAIN_PLANNING_RECOMPUTATIONFINDER_H

#include "train/Planning/ResidencyProblem.h"

#include <memory>

namespace train::planning {

struct ResidencyInstance;

/// Answers for one tensor at a time, everything else as in the problem's order. A
/// question takes time in what has to be had again, not in the size of the problem.
class RecomputationFinder {
public:
  /// Needs a problem that checks and outlives it.
  explicit RecomputationFinder(const ResidencyProblem &problem);
  ~RecomputationFinder();

  /// The first position at or after `at` of the order that reads the tensor.
  std::optional<unsigned> findRead(unsigned tensor, unsigned at) const;

  /// The nodes to execute, in this order, right before position `at` to have `tensor`
  /// there if it is dropped after its last read before `at`. They read nothing but what
  /// is alive at `at` anyway and what they write themselves. Of several ways to have a
  /// tensor the one with the cheapest path to what is alive (the rule of keepOnly).
  /// Nothing where there is no way: something is gone that cannot be had again.
  std::optional<std::vector<unsigned>> find(unsigned tensor, unsigned at) const;

private:
  bool isAlive(unsigned tensor, unsigned at) const;

  std::unique_ptr<const ResidencyInstance> instance;
};

} // namespace train::planning

#endif // TRAIN_PLANNING_RECOMPUTATIONFINDER_H
