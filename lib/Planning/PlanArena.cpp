//===- PlanArena.cpp - the arena planner's order of attack ----------------===//
//
// Cheap solvers first, dear ones only while there is something to gain: nothing
// below the largest load of the whole problem, or its capacity, or the peak
// that another part has already made unavoidable, is worth looking for.
//
//===----------------------------------------------------------------------===//
#include "ArenaGreedy.h"
#include "ArenaLocalSearch.h"

#include <algorithm>

namespace train::planning {

ArenaSolution planArena(const ArenaProblem &problem, const ArenaOptions &options) {
  std::vector<ArenaInstance> parts = splitByTime(problem);
  // The heaviest part first: what it needs, the others may use for free.
  std::sort(parts.begin(), parts.end(), [](const auto &a, const auto &b) {
    return a.lowerBound != b.lowerBound ? a.lowerBound > b.lowerBound
                                        : a.items.front().buffer < b.items.front().buffer;
  });
  ArenaSolution solution;
  solution.offsets.assign(problem.buffers.size(), 0);
  int64_t bound = parts.empty() ? 0 : parts.front().lowerBound;
  int64_t localWork = options.localSearchWork;
  for (const ArenaInstance &part : parts) {
    int64_t enough = std::max({bound, problem.capacity.value_or(0), solution.peak});
    std::string solver;
    Placement best = raceInstance(part, enough, solver);
    if (improveLocally(part, enough, localWork, best))
      solver = "local search";
    for (size_t i = 0; i < part.items.size(); ++i)
      solution.offsets[part.items[i].buffer] = best.offsets[i];
    if (best.peak > solution.peak) {
      solution.peak = best.peak;
      solution.solver = solver;
    }
  }
  solution.optimal = solution.peak == bound;
  solution.infeasible = problem.capacity && bound > *problem.capacity;
  return solution;
}

} // namespace train::planning
