//===- ResidencyDescent.h - from a high peak to lower ones -------------------===//
//
// The greedy solver: drops tensors over gaps between their uses, those first that free
// the most excess bytes for their cost.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_PLANNING_RESIDENCYDESCENT_H
#define TRAIN_LIB_PLANNING_RESIDENCYDESCENT_H

#include "ResidencyMoves.h"

#include <queue>

namespace train::planning {

class ResidencyDescent {
public:
  ResidencyDescent(const ResidencyInstance &instance, ResidencyPlan &plan,
                   ResidencyMoves &moves)
      : instance(instance), plan(plan), moves(moves) {}

  /// Changes the plan until it has no excess over its target; false where it ends with
  /// some.
  bool run();

private:
  static constexpr unsigned none = ResidencyInstance::none;
  /// The gap of a tensor that ends at a read by `user`.
  struct Gap {
    double ratio; ///< cost per byte of excess that dropping it frees, or a guess
    unsigned tensor, user, node;
    uint64_t seen; ///< the number of changes when the ratio was measured
    bool operator<(const Gap &other) const { // the smallest first
      return ratio != other.ratio     ? ratio > other.ratio
             : tensor != other.tensor ? tensor > other.tensor
                                      : user > other.user;
    }
  };

  void push(unsigned tensor, unsigned touch);
  bool drop(unsigned user, unsigned recipe, double &ratio);
  bool measure(Gap &gap, unsigned &recipe);
  bool round();

  const ResidencyInstance &instance;
  ResidencyPlan &plan;
  ResidencyMoves &moves;
  std::priority_queue<Gap> gaps;
  uint64_t changes = 0;
};

} // namespace train::planning

#endif // TRAIN_LIB_PLANNING_RESIDENCYDESCENT_H
