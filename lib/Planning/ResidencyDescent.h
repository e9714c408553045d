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
#include <unordered_map>

namespace train::planning {

class ResidencyDescent {
public:
  ResidencyDescent(const ResidencyInstance &instance, ResidencyPlan &plan,
                   ResidencyMoves &moves)
      : instance(instance), plan(plan), moves(moves) {}

  /// Changes the plan until it has no excess over its target; false where it ends with
  /// some.
  bool run();

  /// Forgets what measured gaps taught.
  void forget() { lessons.clear(); }

private:
  static constexpr unsigned none = ResidencyInstance::none;
  /// The gap of a tensor that ends at a read by `user`.
  struct Gap {
    /// Cost per byte of excess that dropping it frees, times the number of overfull
    /// positions: as they become fewer, most gaps free less, in proportion.
    double rank;
    double guess; ///< the cheapest recipe's cost alone, per such byte
    unsigned tensor, user, node;
    double ratio; ///< cost per such byte, where it was measured
    bool operator<(const Gap &other) const { // the smallest first
      return rank != other.rank       ? rank > other.rank
             : tensor != other.tensor ? tensor > other.tensor
                                      : user > other.user;
    }
  };

  void push(unsigned tensor, unsigned touch);
  uint64_t getSurroundings(unsigned tensor) const;
  bool drop(unsigned user, unsigned recipe, double &ratio);
  bool measure(Gap &gap, unsigned &recipe);
  bool round();

  const ResidencyInstance &instance;
  ResidencyPlan &plan;
  ResidencyMoves &moves;
  std::priority_queue<Gap> gaps;
  /// The plan's work at which a run gives up.
  int64_t most = 0;
  /// What measuring a gap taught: how much dearer it is than the guess, as long as
  /// nothing has changed for what its recipes read.
  struct Lesson {
    uint64_t surroundings;
    double dearer;
  };
  std::unordered_map<uint64_t, Lesson> lessons;
};

} // namespace train::planning

#endif // TRAIN_LIB_PLANNING_RESIDENCYDESCENT_H
