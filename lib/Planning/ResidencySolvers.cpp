//===- ResidencySolvers.cpp - frontiers and single budgets -------------------===//
//
// Puts the searches together: greedy descent from target to target, annealing at each,
// and on the way back up whatever a lower target's plan is worth at a higher one.
//
//===----------------------------------------------------------------------===//
#include "ResidencyBounds.h"
#include "ResidencyChain.h"
#include "ResidencyDescent.h"
#include "ResidencyOrder.h"
#include "ResidencyPebbling.h"
#include "ResidencyRegression.h"
#include "ResidencySearch.h"

#include <algorithm>

namespace train::planning {

namespace {
bool isBetter(const ResidencySolution &a, const ResidencySolution &b, int64_t target) {
  bool fitsA = a.peak <= target, fitsB = b.peak <= target;
  if (fitsA != fitsB)
    return fitsA;
  if (!fitsA && a.peak != b.peak)
    return a.peak < b.peak;
  return a.cost != b.cost ? a.cost < b.cost : a.peak < b.peak;
}

/// One plan under work, and the searches on it.
class Planner {
public:
  explicit Planner(const ResidencyProblem &problem)
      : problem(problem), instance(problem), plan(instance), moves(instance, plan),
        descent(instance, plan, moves), floor(boundPeak(instance)) {
    restart();
  }

  /// Back to the given order, with nothing learned.
  void restart() {
    // So low that at first everything lives longer rather than being computed again.
    double least = 0;
    for (const ResidencyNode &node : problem.nodes)
      if (node.cost > 0 && (least == 0 || node.cost < least))
        least = node.cost;
    moves.price = least * 1e-30;
    plan.assign(problem.order);
    descent.forget();
    lastSlope = 0;
  }

  /// Greedily to the target; the plan may end with excess.
  void lower(int64_t target) {
    plan.setTarget(target);
    const ResidencySolution start = take("greedy");
    const double price = moves.price;
    descent.run();
    moves.prune();
    ResidencySolution found = take("greedy");
    // Where bytes suddenly get dear, gaps may have been passed over for what they once
    // cost.
    auto slope = [&](const ResidencySolution &end) {
      return end.peak < start.peak
                 ? (end.cost - start.cost) / static_cast<double>(start.peak - end.peak)
                 : 0;
    };
    bool isWorthwhile = found.peak <= target || problem.order.size() <= 1000;
    if (isWorthwhile && slope(found) > 1.2 * lastSlope) {
      descent.forget();
      moves.price = price;
      plan.assign(start.sequence);
      descent.run();
      moves.prune();
      if (ResidencySolution again = take("greedy"); isBetter(again, found, target))
        found = std::move(again);
      else
        plan.assign(found.sequence);
    }
    lastSlope = slope(found);
  }

  void anneal(int64_t work, double heat, uint64_t seed) {
    ResidencySearch(instance, plan, moves, seed).anneal(work, heat);
    moves.prune();
  }

  /// Starts from `start` and gets it below the target, greedily where it is above.
  void improve(const ResidencySolution &start, int64_t target) {
    plan.setTarget(target);
    plan.assign(start.sequence);
    if (start.peak > target)
      lower(target);
    else
      moves.prune();
  }

  /// Whether changes to a plan are still cheap. Those that repeat everything many times
  /// are not.
  bool isImprovable(const ResidencySolution &start) const {
    return start.sequence.size() <= 4 * problem.order.size() + 1000;
  }

  ResidencySolution take(const char *solver) const {
    return measure(problem, plan.getSequence(), solver);
  }

  const ResidencyProblem &problem;
  const ResidencyInstance instance;
  ResidencyPlan plan;
  ResidencyMoves moves;
  ResidencyDescent descent;
  const int64_t floor;
  double lastSlope = 0; ///< cost per byte of the last descent
};

std::vector<ResidencySolution> measureChainPlans(const ResidencyInstance &instance) {
  std::vector<ResidencySolution> plans;
  for (std::vector<unsigned> &sequence : planChain(instance))
    plans.push_back(measure(instance.problem, std::move(sequence), "chain"));
  return plans;
}

/// The best that meets the target and the one with the next higher peak; null if none.
std::pair<const ResidencySolution *, const ResidencySolution *>
findAround(const std::vector<ResidencySolution> &plans, int64_t target) {
  const ResidencySolution *below = nullptr, *above = nullptr;
  for (const ResidencySolution &each : plans)
    if (each.peak <= target) {
      if (!below || isBetter(each, *below, target))
        below = &each;
    } else if (!above || each.peak < above->peak) {
      above = &each;
    }
  return {below, above};
}

/// Peaks fall, costs rise, both strictly.
std::vector<ResidencySolution> keepPareto(std::vector<ResidencySolution> all) {
  std::sort(all.begin(), all.end(),
            [](const ResidencySolution &a, const ResidencySolution &b) {
              return a.cost != b.cost   ? a.cost < b.cost
                     : a.peak != b.peak ? a.peak < b.peak
                                        : a.sequence.size() < b.sequence.size();
            });
  std::vector<ResidencySolution> kept;
  for (ResidencySolution &each : all)
    if (kept.empty() || each.peak < kept.back().peak)
      kept.push_back(std::move(each));
  return kept;
}
} // namespace

static std::vector<ResidencySolution>
findFrontierInOrder(const ResidencyProblem &problem,
                    const std::vector<ResidencySolution> &known) {
  std::vector<ResidencySolution> found{keepEverything(problem)};
  found.insert(found.end(), known.begin(), known.end());
  if (problem.forward > 0)
    found.push_back(keepOnly(problem, std::vector<bool>(problem.tensors.size(), false)));
  Planner planner(problem);
  const int64_t top = found.front().peak;
  for (ResidencySolution &each : measureChainPlans(planner.instance))
    found.push_back(std::move(each));
  const int64_t range = std::max<int64_t>(top - planner.floor, 0);
  const double size = static_cast<double>(problem.order.size());
  // Steps are dear where graphs are large.
  const int steps = size <= 1000 ? 64 : size <= 3000 ? 48 : 16;
  const auto work = static_cast<int64_t>(
      (std::min(4e8, 1e5 * size * size) + std::min(2e5 * size, 6e8)) / steps);
  const int patience = size <= 3000 ? 8 : 2;
  auto share = [&](double part) {
    return planner.floor + static_cast<int64_t>(static_cast<double>(range) * part);
  };
  struct Point {
    int64_t target;
    ResidencySolution plan;
  };
  std::vector<Point> points;
  auto descend = [&](int64_t target) {
    planner.lower(target);
    Point point{target, planner.take("greedy")};
    // Where greed fails, patience may not.
    bool met = point.plan.peak <= target;
    planner.anneal(met ? work
                       : std::max(work, std::min<int64_t>(patience * work, 300'000'000)),
                   met ? 0.5 : 1.0, points.size());
    ResidencySolution annealed = planner.take("annealing");
    if (isBetter(annealed, point.plan, target))
      point.plan = std::move(annealed);
    planner.plan.assign(point.plan.sequence);
    points.push_back(std::move(point));
    return points.back().plan.peak <= target;
  };
  // Evenly spaced, and closer at the end, where a little memory costs most.
  double failed = -1, met = 1;
  for (int step = 1; step < steps && failed < 0; ++step) {
    double part = static_cast<double>(steps - step) / steps;
    (descend(share(part)) ? met : failed) = part;
  }
  if (failed < 0 && !descend(share(0)))
    failed = 0;
  for (int step = 0; step < 4 && failed >= 0; ++step) {
    // Back to the last plan that met its target.
    auto last = std::find_if(points.rbegin(), points.rend(), [](const Point &point) {
      return point.plan.peak <= point.target;
    });
    planner.plan.assign(last == points.rend() ? problem.order : last->plan.sequence);
    double part = (failed + met) / 2;
    (descend(share(part)) ? met : failed) = part;
  }
  std::sort(points.begin(), points.end(),
            [](const Point &a, const Point &b) { return a.target > b.target; });
  // A plan for less memory, relaxed, may be cheaper than one that came from above.
  for (size_t i = points.size(); i-- > 0;) {
    const int64_t target = points[i].target;
    auto consider = [&](ResidencySolution other) {
      if (isBetter(other, points[i].plan, target))
        points[i].plan = std::move(other);
    };
    auto [below, above] = findAround(found, target);
    if (i + 1 < points.size() && (!below || isBetter(points[i + 1].plan, *below, target)))
      below = &points[i + 1].plan;
    // From far above there is nothing that the descent from the top has not seen.
    if (above && (above->peak - target > range / 32 ||
                  (points[i].plan.peak > target && size > 3000)))
      above = nullptr;
    for (const ResidencySolution *start : {above, below}) {
      if (!start || !planner.isImprovable(*start))
        continue;
      planner.improve(*start, target);
      if (start == below)
        planner.anneal(work / 2, 0.1, points.size() + i);
      consider(planner.take(start == below ? "annealing" : "greedy"));
    }
  }
  for (Point &point : points)
    found.push_back(std::move(point.plan));
  return keepPareto(std::move(found));
}

static ResidencySolution solveInOrder(const ResidencyProblem &problem, int64_t budget) {
  ResidencySolution best = keepEverything(problem);
  if (best.peak <= budget)
    return best;
  Planner planner(problem);
  const int64_t target = std::max(budget, planner.floor);
  // Less for toys, more where moves are dearer and more numerous.
  const double size = static_cast<double>(problem.order.size());
  const double scale = size < 64    ? size * size / 4096
                       : size < 400 ? 1
                                    : std::min(6.0, size * size / 100'000);
  const auto work = static_cast<int64_t>(5e8 * scale);
  const int64_t top = best.peak;
  planner.lower(target);
  best = planner.take("greedy");
  if (isSearchable(problem)) {
    const double base = problem.baseCost();
    RegressionResult result =
        best.peak <= target
            ? searchBackwards(planner.instance, target, work / 4, best.cost - base)
            : searchBackwards(planner.instance, target, work / 4);
    if (!result.sequence.empty())
      if (ResidencySolution found =
              measure(problem, std::move(result.sequence), "regression");
          isBetter(found, best, target))
        best = std::move(found);
    // Proven to be the cheapest; sums in another order differ by rounding.
    if (best.peak <= target && result.bound >= best.cost - base * (1 + 1e-9))
      return best;
  }
  planner.restart();
  // Annealed on the way: a good plan for more memory is a good start for less.
  constexpr int steps = 16;
  unsigned failures = 0;
  for (int step = 1; step <= steps; ++step) {
    // Once it gets hard, the work is better spent at the target itself.
    if (failures == 2)
      step = steps;
    planner.lower(target + (top - target) / steps * (steps - step));
    planner.anneal(work / 3 / steps, 0.3, step);
    failures += planner.plan.getOverfull() > 0;
  }
  if (ResidencySolution annealed = planner.take("annealing");
      isBetter(annealed, best, target))
    best = std::move(annealed);
  std::vector<ResidencySolution> chain = measureChainPlans(planner.instance);
  auto [below, above] = findAround(chain, target);
  for (const ResidencySolution *start : {below, above}) {
    if (!start)
      continue;
    if (isBetter(*start, best, target))
      best = *start;
    if (!planner.isImprovable(*start))
      continue;
    planner.improve(*start, target);
    if (ResidencySolution improved = planner.take("chain");
        isBetter(improved, best, target))
      best = std::move(improved);
  }
  for (uint64_t run = 0;
       run < 2 && best.cost > problem.baseCost() && planner.isImprovable(best); ++run) {
    planner.plan.assign(best.sequence);
    planner.plan.setTarget(target);
    planner.anneal(work / 3, 0.3, run);
    ResidencySolution annealed = planner.take("annealing");
    if (isBetter(annealed, best, target))
      best = std::move(annealed);
  }
  return best;
}

/// The same problem with another order, or the given one, that has to be kept.
static ResidencyProblem withOrder(const ResidencyProblem &problem,
                                  std::vector<unsigned> order) {
  ResidencyProblem fixed = problem;
  fixed.anyOrder = false;
  if (order != problem.order)
    fixed.forward = 0;
  fixed.order = std::move(order);
  return fixed;
}

/// Something that fits at whatever cost, made cheaper; the given order where nothing is
/// found.
static ResidencySolution squeeze(const ResidencyProblem &problem, int64_t budget) {
  std::vector<unsigned> path = findAnyFitting(ResidencyInstance(problem), budget), order;
  if (path.empty())
    return keepEverything(problem);
  std::vector<bool> isKnown(problem.nodes.size(), false);
  for (unsigned n : problem.order)
    isKnown[n] = true;
  for (unsigned n : path)
    if (isKnown[n]) {
      order.push_back(n);
      isKnown[n] = false;
    }
  const ResidencyProblem fixed = withOrder(problem, std::move(order));
  const ResidencySolution start = measure(fixed, std::move(path), "pebbling");
  Planner planner(fixed);
  planner.improve(start, budget);
  planner.anneal(500'000'000, 1.0, 0);
  ResidencySolution annealed = planner.take("pebbling, annealing");
  return isBetter(annealed, start, budget) ? annealed : start;
}

std::vector<ResidencySolution> findFrontier(const ResidencyProblem &problem,
                                            const std::vector<ResidencySolution> &known) {
  if (!problem.anyOrder)
    return findFrontierInOrder(problem, known);
  std::vector<ResidencySolution> all =
      findFrontierInOrder(withOrder(problem, problem.order), known);
  const int64_t top = all.front().peak, floor = boundPeak(problem);
  for (int64_t part : {3, 1, 0}) {
    int64_t target = floor + (top - floor) / 4 * part;
    for (ResidencySolution &each :
         findFrontierInOrder(withOrder(problem, findOrder(problem, target)), {})) {
      each.solver = "reordering, " + each.solver;
      all.push_back(std::move(each));
    }
  }
  return keepPareto(std::move(all));
}

ResidencySolution solveForBudget(const ResidencyProblem &problem, int64_t budget) {
  if (!problem.anyOrder)
    return solveInOrder(problem, budget);
  const double base = problem.baseCost();
  if (ResidencySolution all = keepEverything(problem); all.peak <= budget)
    return all;
  // An order that fits as it is costs nothing.
  ResidencyProblem reordered = withOrder(problem, findOrder(problem, budget));
  ResidencySolution best = solveInOrder(reordered, budget);
  best.solver = "reordering, " + best.solver;
  if (best.peak <= budget && best.cost <= base)
    return best;
  if (ResidencySolution given = solveInOrder(withOrder(problem, problem.order), budget);
      isBetter(given, best, budget))
    best = std::move(given);
  if (best.peak > budget)
    if (ResidencySolution found = squeeze(problem, std::max(budget, boundPeak(problem)));
        isBetter(found, best, budget))
      best = std::move(found);
  return best;
}

} // namespace train::planning
