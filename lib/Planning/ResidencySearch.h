//===- ResidencySearch.h - local search over sequences -----------------------===//
//
// Annealing of a ResidencyPlan towards its target.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_PLANNING_RESIDENCYSEARCH_H
#define TRAIN_LIB_PLANNING_RESIDENCYSEARCH_H

#include "ResidencyMoves.h"

namespace train::planning {

class ResidencySearch {
public:
  ResidencySearch(const ResidencyInstance &instance, ResidencyPlan &plan,
                  ResidencyMoves &moves, uint64_t seed);

  /// Spends about `work` nanoseconds' worth of moves, from a temperature of `heat` mean
  /// costs downwards. Leaves the cheapest plan without excess that it saw, or where there
  /// was none the one with the least excess.
  void anneal(int64_t work, double heat);

private:
  static constexpr unsigned none = ResidencyInstance::none;

  enum class Outcome { Nothing, Impossible, Changed };
  Outcome tryDrop();
  Outcome tryRemove();
  Outcome tryShift();
  unsigned pickPosition();
  unsigned pickRepetition();

  const ResidencyInstance &instance;
  ResidencyPlan &plan;
  ResidencyMoves &moves;
  RandomNumbers random;
  double meanCost = 0;
  std::vector<unsigned> movable; ///< tensors with recipes and bytes
};

} // namespace train::planning

#endif // TRAIN_LIB_PLANNING_RESIDENCYSEARCH_H
