//===- PlanArena.cpp - the arena planner's order of attack ----------------===//
//
// Cheap solvers first, dear ones only while there is something to gain: nothing
// below the largest load of the whole problem, or its capacity, or the peak
// that another part has already made unavoidable, is worth looking for.
//
//===----------------------------------------------------------------------===//
#include "ArenaDepthFirst.h"
#include "ArenaExact.h"
#include "ArenaGreedy.h"
#include "ArenaLocalSearch.h"

#include <algorithm>

namespace train::planning {

/// What is known about a part's peak.
struct Bounds {
  int64_t enough;  ///< less is not worth looking for
  int64_t atLeast; ///< proven: no placement has less
};

/// Asks the search for ever smaller peaks between `bounds` and `best`, halving
/// the distance, each question for a quarter of what is left.
static bool bisect(const ArenaInstance &part, Bounds &bounds, int64_t &nodes,
                   Placement &best) {
  bool improved = false;
  int64_t floor = std::max(bounds.enough, bounds.atLeast);
  while (floor < best.peak && nodes > 0) {
    int64_t middle = floor + (best.peak - 1 - floor) / 2;
    int64_t share = std::max<int64_t>(nodes / 4, 1), left = share;
    CapacitySearch search = searchCapacity(part, middle, left);
    // A search that could not even start would not start again either.
    if (search.answer == CapacitySearch::GaveUp && left == share)
      break;
    nodes -= share - left;
    if (search.answer == CapacitySearch::Found) {
      best = std::move(search.placement);
      improved = true;
    } else if (search.answer == CapacitySearch::Infeasible) {
      bounds.atLeast = std::max(bounds.atLeast, std::min(search.atLeast, best.peak));
      floor = std::max(floor, bounds.atLeast);
    } else {
      floor = middle + 1;
    }
  }
  return improved;
}

namespace {
/// One part after another, sharing the work that the options allow.
class Planner {
public:
  Planner(const ArenaProblem &problem, const ArenaOptions &options)
      : problem(problem), parts(splitByTime(problem)), localWork(options.localSearchWork),
        nodes(options.exactNodes) {}

  ArenaSolution plan() {
    // The heaviest part first: what it needs, the others may use for free.
    std::sort(parts.begin(), parts.end(), [](const auto &a, const auto &b) {
      return a.lowerBound != b.lowerBound
                 ? a.lowerBound > b.lowerBound
                 : a.items.front().buffer < b.items.front().buffer;
    });
    solution.offsets.assign(problem.buffers.size(), 0);
    int64_t proven = 0;
    for (const ArenaInstance &part : parts)
      proven = std::max(proven, planPart(part));
    solution.optimal = solution.peak <= proven;
    solution.infeasible = problem.capacity && proven > *problem.capacity;
    return std::move(solution);
  }

private:
  /// Returns a proven lower bound on the part's peak.
  int64_t planPart(const ArenaInstance &part) {
    Bounds bounds{
        std::max({parts.front().lowerBound, problem.capacity.value_or(0), solution.peak}),
        part.lowerBound};
    std::string solver;
    Placement best = raceInstance(part, bounds.enough, solver);
    if (best.peak > bounds.enough && bounds.atLeast <= bounds.enough)
      if (std::optional<Placement> found = searchDepthFirst(part, bounds.enough, nodes)) {
        best = std::move(*found);
        solver = "depth-first search";
      }
    if (best.peak > bounds.enough && bounds.atLeast <= bounds.enough) {
      // Where a peak exists that is enough, the search usually finds it before
      // the local search gets near; without a capacity, half the nodes are
      // left for finding out what is possible instead.
      int64_t share = problem.capacity ? nodes : nodes / 2, left = share;
      CapacitySearch search = searchCapacity(part, bounds.enough, left);
      nodes -= share - left;
      if (search.answer == CapacitySearch::Found) {
        best = std::move(search.placement);
        solver = "exact search";
      } else if (search.answer == CapacitySearch::Infeasible) {
        bounds.atLeast = std::max(bounds.atLeast, std::min(search.atLeast, best.peak));
      }
    }
    if (bounds.atLeast < best.peak &&
        improveLocally(part, bounds.enough, localWork, best))
      solver = "local search";
    if (best.peak > bounds.enough && bisect(part, bounds, nodes, best))
      solver = "exact search";
    for (size_t i = 0; i < part.items.size(); ++i)
      solution.offsets[part.items[i].buffer] = best.offsets[i];
    if (best.peak > solution.peak) {
      solution.peak = best.peak;
      solution.solver = solver;
    }
    return bounds.atLeast;
  }

  const ArenaProblem &problem;
  std::vector<ArenaInstance> parts;
  int64_t localWork, nodes;
  ArenaSolution solution;
};
} // namespace

ArenaSolution planArena(const ArenaProblem &problem, const ArenaOptions &options) {
  return Planner(problem, options).plan();
}

ArenaSolution searchExactly(const ArenaProblem &problem, int64_t nodes) {
  ArenaOptions options;
  options.localSearchWork = 0;
  options.exactNodes = nodes;
  return planArena(problem, options);
}

} // namespace train::planning
