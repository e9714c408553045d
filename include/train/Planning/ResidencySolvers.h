//===- ResidencySolvers.h - how complete orders are found --------------------===//
//
// The solvers as free functions of a ResidencyProblem. All are deterministic: effort is
// counted in work, never in seconds. All need a problem that checks.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_PLANNING_RESIDENCYSOLVERS_H
#define TRAIN_PLANNING_RESIDENCYSOLVERS_H

#include "train/Planning/ResidencyProblem.h"

namespace train::planning {

/// A sequence that can be executed, with its peak and cost.
ResidencySolution measure(const ResidencyProblem &problem, std::vector<unsigned> sequence,
                          std::string solver);

/// The given order, nothing repeated.
ResidencySolution keepEverything(const ResidencyProblem &problem);

/// The rule strategies: of the tensors written in the forward part and read after it,
/// those in `keep` stay; every other one is dropped after its last use there and had
/// again just before its first use afterwards, by the cheapest nodes given what is alive
/// then, and then kept until its last use. A tensor that cannot be had again stays.
ResidencySolution keepOnly(const ResidencyProblem &problem,
                           const std::vector<bool> &keep);

/// Orders from the cheapest (keepEverything) to the one with the smallest peak found,
/// both strictly monotone: peaks fall, costs rise. The targets depend on the problem
/// alone and not on any budget, so that a choice among them is monotone in the budget.
/// No `known` solution is better than the point with the same peak.
std::vector<ResidencySolution>
findFrontier(const ResidencyProblem &problem,
             const std::vector<ResidencySolution> &known = {});

/// One order with a peak of at most `budget`, or the smallest peak found where there is
/// none; searches around the frontier's neighbours of that budget.
ResidencySolution solveForBudget(const ResidencyProblem &problem, int64_t budget);

/// No order that executes the problem's first executions in the given order and has a
/// peak of at most `budget` costs less. The base cost is the trivial answer.
double boundCost(const ResidencyProblem &problem, int64_t budget);

/// No order at all has a smaller peak.
int64_t boundPeak(const ResidencyProblem &problem);

} // namespace train::planning

#endif // TRAIN_PLANNING_RESIDENCYSOLVERS_H
