//===- ArenaInstance.h - an arena problem as the solvers see it -----------===//
//
// Solvers care which buffers overlap, not when. An instance is one part of a
// problem that shares no position with the rest, its time compressed to
// *sections*: the maximal sets of buffers alive together. Two buffers overlap
// in time exactly when their section ranges do.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_PLANNING_ARENAINSTANCE_H
#define TRAIN_LIB_PLANNING_ARENAINSTANCE_H

#include "train/Planning/ArenaProblem.h"

namespace train::planning {

struct ArenaInstance {
  struct Item {
    int32_t begin;      ///< first section
    int32_t end;        ///< one past the last section
    int64_t size;       ///< padded bytes, at least one
    size_t buffer;      ///< index in the problem
    uint64_t positions; ///< from its lower to its upper one
  };
  std::vector<Item> items;
  std::vector<int64_t> load; ///< bytes alive, by section
  int64_t lowerBound = 0;    ///< the largest load

  int32_t sections() const { return static_cast<int32_t>(load.size()); }
};

/// The parts of `problem`, earliest first; buffers without bytes are in none.
std::vector<ArenaInstance> splitByTime(const ArenaProblem &problem);

/// Offsets for one instance's items.
struct Placement {
  std::vector<int64_t> offsets;
  int64_t peak = 0;
};

} // namespace train::planning

#endif // TRAIN_LIB_PLANNING_ARENAINSTANCE_H
