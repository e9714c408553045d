//===- ArenaDepthFirst.h - short dives for a placement within a capacity --===//
//
// What the search tries before it widens: many instances give way at once.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_PLANNING_ARENADEPTHFIRST_H
#define TRAIN_LIB_PLANNING_ARENADEPTHFIRST_H

#include "ArenaInstance.h"

namespace train::planning {

/// Looks for a placement with a peak of at most `capacity` by a few searches in depth,
/// short ones first. Takes what it explored off `nodes`, at most a quarter of them.
/// Nothing means that none was found, not that there is none.
std::optional<Placement> searchDepthFirst(const ArenaInstance &instance, int64_t capacity,
                                          int64_t &nodes);

} // namespace train::planning

#endif // TRAIN_LIB_PLANNING_ARENADEPTHFIRST_H
