//===- ResidencyCostBound.cpp - what no cost can be below --------------------===//
//
// A tensor that is not alive at some position between two of its uses in the given order
// is written again before the second use. So at each position the bytes that pass over it
// must either fit or be written again, each in its own gap: a covering program, whose
// relaxation is bounded from below by any prices of bytes at positions. The prices are
// improved by subgradient steps (Held, Wolfe and Crowder, "Validation of subgradient
// optimization", 1974).
//
// What the repetitions themselves need is left out, so the bound weakens as budgets
// tighten. The search backwards, which starts from it, gets further.
//
//===----------------------------------------------------------------------===//
#include "ResidencyBounds.h"
#include "ResidencyRegression.h"

#include <algorithm>
#include <cmath>

namespace train::planning {

std::vector<double> findLeastCosts(const ResidencyInstance &instance) {
  const ResidencyProblem &problem = instance.problem;
  std::vector<double> costs(problem.tensors.size(), 0);
  for (unsigned t = 0; t < costs.size(); ++t) {
    double least = std::numeric_limits<double>::infinity();
    for (unsigned n : instance.recipes[t]) {
      double bytes = 0;
      for (unsigned other : problem.nodes[n].writes)
        bytes += static_cast<double>(problem.tensors[other].bytes);
      double share =
          bytes > 0 ? static_cast<double>(problem.tensors[t].bytes) / bytes : 0;
      least = std::min(least, problem.nodes[n].cost * share);
    }
    costs[t] = instance.recipes[t].empty() ? 0 : least;
  }
  return costs;
}

namespace {
class Covering {
public:
  Covering(const ResidencyInstance &instance, int64_t budget);
  double solve();
  /// By position of the order, after solve().
  std::vector<double> getPrices() const;
  /// Prices for gaps that are not cut to what is missing: what they then say about a
  /// tensor depends on nothing but its own gap.
  void ignoreCaps() { isCapped = false; }

private:
  /// Positions strictly between two uses of a tensor, and the least that writing it
  /// costs.
  struct Gap {
    unsigned begin, end; ///< half open, over `positions`
    double bytes, cost;
  };

  double evaluate(const std::vector<double> &prices, std::vector<double> &slope);
  std::vector<double> startingPrices() const;
  /// No gap has to free more at a position than what is missing there.
  double freed(const Gap &gap, unsigned at) const {
    return isCapped ? std::min(gap.bytes, missing[at]) : gap.bytes;
  }

  std::vector<Gap> gaps;
  /// Bytes to be freed at the positions where any are.
  std::vector<double> missing;
  std::vector<unsigned> positions; ///< of those
  std::vector<double> bestPrices;
  const unsigned size;
  /// Whether a gap's bytes are cut to what is missing: exact, but slower.
  bool isCapped = false;
};

Covering::Covering(const ResidencyInstance &instance, int64_t budget)
    : size(instance.getSize()) {
  const ResidencyProblem &problem = instance.problem;
  std::vector<double> costs = findLeastCosts(instance);
  std::vector<int64_t> unavoidable = findUnavoidableBytes(instance);
  std::vector<double> passing(size + 1, 0);
  std::vector<Gap> all;
  for (unsigned t = 0; t < problem.tensors.size(); ++t) {
    if (instance.recipes[t].empty() || instance.writtenAt[t] == ResidencyInstance::none)
      continue;
    const auto bytes = static_cast<double>(problem.tensors[t].bytes);
    unsigned last = instance.writtenAt[t];
    auto add = [&](unsigned next) {
      if (last + 1 < next && bytes > 0) {
        all.push_back({last + 1, next, bytes, costs[t]});
        passing[last + 1] += bytes;
        passing[next] -= bytes;
      }
      last = next;
    };
    for (unsigned read : instance.readAt[t])
      add(read);
    if (instance.isOutput[t])
      add(size);
  }
  // Positions where everything fits say nothing.
  std::vector<unsigned> index(size + 1, 0);
  double alive = 0;
  for (unsigned at = 0; at < size; ++at) {
    alive += passing[at];
    index[at] = missing.size();
    double over =
        alive - (static_cast<double>(budget) - static_cast<double>(unavoidable[at]));
    if (over > 0) {
      missing.push_back(std::min(over, alive));
      positions.push_back(at);
    }
  }
  index[size] = missing.size();
  size_t total = 0;
  for (Gap &gap : all) {
    gap.begin = index[gap.begin];
    gap.end = index[gap.end];
    if (gap.begin < gap.end)
      gaps.push_back(gap);
    total += gap.end - gap.begin;
  }
  isCapped = total <= 400'000;
}

/// The dual value at `prices`, and its slope.
double Covering::evaluate(const std::vector<double> &prices, std::vector<double> &slope) {
  const size_t size = missing.size();
  double value = 0;
  for (size_t at = 0; at < size; ++at)
    value += missing[at] * prices[at];
  slope = missing;
  std::vector<double> sums, change;
  if (!isCapped) {
    sums.assign(size + 1, 0);
    change.assign(size + 1, 0);
    for (size_t at = 0; at < size; ++at)
      sums[at + 1] = sums[at] + prices[at];
  }
  for (const Gap &gap : gaps) {
    double worth = 0;
    if (isCapped)
      for (unsigned at = gap.begin; at < gap.end; ++at)
        worth += freed(gap, at) * prices[at];
    else
      worth = gap.bytes * (sums[gap.end] - sums[gap.begin]);
    if (worth <= gap.cost)
      continue;
    value -= worth - gap.cost;
    if (isCapped) {
      for (unsigned at = gap.begin; at < gap.end; ++at)
        slope[at] -= freed(gap, at);
    } else {
      change[gap.begin] -= gap.bytes;
      change[gap.end] += gap.bytes;
    }
  }
  double running = 0;
  for (size_t at = 0; at < size && !isCapped; ++at)
    slope[at] += running += change[at];
  return value;
}

/// The best price at a single position: a fractional knapsack each.
std::vector<double> Covering::startingPrices() const {
  std::vector<std::vector<std::pair<double, double>>> offers(missing.size());
  std::vector<double> prices(missing.size(), 0);
  if (!isCapped)
    return prices;
  for (const Gap &gap : gaps)
    for (unsigned at = gap.begin; at < gap.end; ++at)
      offers[at].push_back({gap.cost / freed(gap, at), freed(gap, at)});
  double best = 0, price = 0;
  size_t where = 0;
  for (size_t at = 0; at < offers.size(); ++at) {
    std::sort(offers[at].begin(), offers[at].end());
    double left = missing[at], cost = 0, last = 0;
    for (auto [ratio, bytes] : offers[at]) {
      if (left <= 0)
        break;
      cost += ratio * std::min(bytes, left);
      left -= bytes;
      last = ratio;
    }
    if (cost > best)
      best = cost, price = last, where = at;
  }
  if (best > 0)
    prices[where] = price;
  return prices;
}

double Covering::solve() {
  if (missing.empty() || gaps.empty())
    return 0;
  std::vector<double> prices = startingPrices(), slope;
  bestPrices = prices;
  double best = std::max(evaluate(prices, slope), 0.0), guess = 0, boldness = 1;
  for (const Gap &gap : gaps)
    guess += gap.cost;
  unsigned stale = 0;
  for (unsigned step = 0; step < 1500 && boldness > 1e-4; ++step) {
    double value = evaluate(prices, slope);
    if (value > best) {
      stale = value > best * 1.0005 ? 0 : stale + 1;
      best = value;
      bestPrices = prices;
    } else if (++stale > 20) {
      // Overshot: a smaller step from the best prices so far.
      boldness *= 0.6;
      stale = 0;
      prices = bestPrices;
      value = evaluate(prices, slope);
    }
    double norm = 0;
    for (size_t at = 0; at < slope.size(); ++at)
      if (prices[at] > 0 || slope[at] > 0)
        norm += slope[at] * slope[at];
    if (norm == 0)
      break;
    double goal = std::min(guess, best + boldness * std::max(best, guess * 0.01));
    double length = std::max(goal - value, 0.0) / norm;
    for (size_t at = 0; at < slope.size(); ++at)
      prices[at] = std::max(0.0, prices[at] + length * slope[at]);
  }
  return best;
}

std::vector<double> Covering::getPrices() const {
  std::vector<double> prices(size, 0);
  for (size_t i = 0; i < bestPrices.size(); ++i)
    prices[positions[i]] = bestPrices[i];
  return prices;
}
} // namespace

std::vector<double> findPrices(const ResidencyInstance &instance, int64_t budget) {
  Covering covering(instance, budget);
  covering.ignoreCaps();
  covering.solve();
  return covering.getPrices();
}

double boundCost(const ResidencyProblem &problem, int64_t budget) {
  if (problem.anyOrder)
    return problem.baseCost();
  const ResidencyInstance instance(problem);
  double bound = Covering(instance, budget).solve();
  if (isSearchable(problem))
    bound = std::max(bound, searchBackwards(instance, budget, 100'000'000).bound);
  // Rounding in the sums must not lift the bound above what is true.
  return problem.baseCost() + bound * (1 - 1e-9);
}

} // namespace train::planning
