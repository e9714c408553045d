//===- ArenaGreedy.h - placing items one by one ----------------------------===//
//
// What the greedy race and the local search share: an order of items, and the
// placement that results from it.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_PLANNING_ARENAGREEDY_H
#define TRAIN_LIB_PLANNING_ARENAGREEDY_H

#include "ArenaInstance.h"
#include "train/Planning/ArenaSolvers.h"

#include <limits>

namespace train::planning {

/// Indices of the items, sorted as `order` says, ties broken by size, then by
/// the problem's own order.
std::vector<int32_t> sortItems(const ArenaInstance &instance, ArenaOrder order);

/// Places the items in the given order. Gives up, with empty offsets, as soon
/// as the peak is certain to reach `bound`.
Placement placeInOrder(const ArenaInstance &instance, const std::vector<int32_t> &order,
                       ArenaFit fit, int64_t bound = std::numeric_limits<int64_t>::max());

/// The best greedy placement, and the name of the method that found it. Stops
/// early at a peak of `enough` or less.
Placement raceInstance(const ArenaInstance &instance, int64_t enough,
                       std::string &solver);

} // namespace train::planning

#endif // TRAIN_LIB_PLANNING_ARENAGREEDY_H
