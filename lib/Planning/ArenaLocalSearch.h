//===- ArenaLocalSearch.h - reorder what leads up to the peak --------------===//
//
// The middle way between the greedy race and the exact search: it improves
// instances that are too large to search, and gives the exact search a better
// bound to start from.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_PLANNING_ARENALOCALSEARCH_H
#define TRAIN_LIB_PLANNING_ARENALOCALSEARCH_H

#include "ArenaInstance.h"

namespace train::planning {

/// Improves `best` in place until its peak is `enough` or `work` comparisons are
/// spent; takes what it spent off `work`. Returns whether it improved.
bool improveLocally(const ArenaInstance &instance, int64_t enough, int64_t &work,
                    Placement &best);

} // namespace train::planning

#endif // TRAIN_LIB_PLANNING_ARENALOCALSEARCH_H
