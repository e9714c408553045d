//===- ArenaSolvers.h - how offsets are found ------------------------------===//
//
// The solvers as free functions of an ArenaProblem, and planArena, which runs
// them from cheap to dear until the answer cannot get better. All are
// deterministic: effort is counted in work, never in seconds, so one input has
// one output on every machine. All need a problem that checks.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_PLANNING_ARENASOLVERS_H
#define TRAIN_PLANNING_ARENASOLVERS_H

#include "train/Planning/ArenaProblem.h"

namespace train::planning {

/// How much work planArena may spend, over all parts of the problem.
struct ArenaOptions {
  /// Comparisons between two buffers in the local search, about 1 ns each; zero
  /// turns the local search off. Instances of 10,000 buffers get a few rounds
  /// out of the default, small ones thousands.
  int64_t localSearchWork = 200'000'000;
  /// Nodes of the exact search, 2 to 10 us each; zero turns it off. Where an
  /// instance is large, a node counts as several, and beyond some thousand
  /// buffers the default does not even start it.
  int64_t exactNodes = 1'000'000;
};

/// The order in which a greedy solver places buffers.
enum class ArenaOrder { Size, Area, Duration, Start, End, Contention };

/// Which of the gaps that hold a buffer a greedy solver takes: the lowest, or
/// the smallest.
enum class ArenaFit { First, Best };

/// Places buffers one by one, largest first by `order`, at the gap `fit` picks.
ArenaSolution placeGreedily(const ArenaProblem &problem, ArenaOrder order, ArenaFit fit);

/// Every greedy solver, the smallest peak kept; stops at the first one that
/// reaches the lower bound or the capacity.
ArenaSolution raceGreedy(const ArenaProblem &problem);

/// Exact search over canonical solutions, in the spirit of Moffitt, "MiniMalloc:
/// A Lightweight Memory Allocator for Hardware-Accelerated Machine Learning"
/// (ASPLOS 2024), but level by level with a growing width. Starts from
/// raceGreedy's answer; `optimal` or `infeasible` is set where the search ended
/// with a proof before it ran out of `nodes`.
ArenaSolution searchExactly(const ArenaProblem &problem, int64_t nodes);

/// The planner: parts of the problem that never live at the same time are
/// solved apart, each by the greedy race, the exact search and the local search
/// in turn, until the peak is no larger than the lower bound (or the capacity,
/// if the problem has one). The returned peak exceeds the capacity when no
/// solver met it; `infeasible` tells whether none can.
ArenaSolution planArena(const ArenaProblem &problem, const ArenaOptions &options = {});

} // namespace train::planning

#endif // TRAIN_PLANNING_ARENASOLVERS_H
