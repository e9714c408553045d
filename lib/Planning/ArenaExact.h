//===- ArenaExact.h - is there a placement within a capacity? -------------===//
//
// The search behind searchExactly and planArena: one instance, one capacity,
// three possible answers.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_PLANNING_ARENAEXACT_H
#define TRAIN_LIB_PLANNING_ARENAEXACT_H

#include "ArenaInstance.h"

namespace train::planning {

struct CapacitySearch {
  enum Answer { Found, Infeasible, GaveUp };
  Answer answer = GaveUp;
  Placement placement; ///< where Found
  int64_t atLeast = 0; ///< where Infeasible: every placement's peak reaches this
};

/// Looks for a placement with a peak of at most `capacity`. Takes the nodes it
/// explored off `nodes` and gives up when none are left. On instances so large
/// that one node is much work, a node counts as several.
CapacitySearch searchCapacity(const ArenaInstance &instance, int64_t capacity,
                              int64_t &nodes);

} // namespace train::planning

#endif // TRAIN_LIB_PLANNING_ARENAEXACT_H
