//===- ArenaLocalSearch.cpp - reorder what leads up to the peak ------------===//
//
// A peak is caused by a chain: the buffer on top rests on one below it, and so
// on down to offset zero. Nothing improves unless some link of that chain is
// placed at another time, so each round moves one link in the placement order,
// mostly forwards, and keeps the order if the peak got no worse. Equal peaks are
// kept too: on the plateaus of these instances that is what gets anywhere.
//
//===----------------------------------------------------------------------===//
#include "ArenaLocalSearch.h"

#include "ArenaGreedy.h"

#include <algorithm>
#include <numeric>

namespace train::planning {

namespace {
/// Marsaglia's xorshift64* (JSS 2003; multiplier by Vigna, 2016). The standard
/// library's distributions differ between implementations; a plan must not.
class Random {
public:
  size_t below(size_t count) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return static_cast<size_t>((state * 2685821657736338717ull >> 11) % count);
  }

private:
  uint64_t state = 88172645463325252ull;
};
} // namespace

/// The items from one at the peak down to the ground, each resting on the next.
static std::vector<int32_t> chainBelowPeak(const ArenaInstance &instance,
                                           const Placement &placement, Random &random) {
  const auto &items = instance.items;
  auto top = [&](int32_t i) { return placement.offsets[i] + items[i].size; };
  std::vector<int32_t> chain, candidates;
  for (size_t i = 0; i < items.size(); ++i)
    if (top(i) == placement.peak)
      candidates.push_back(i);
  while (!candidates.empty()) {
    int32_t at = candidates[random.below(candidates.size())];
    chain.push_back(at);
    candidates.clear();
    for (size_t i = 0; i < items.size() && placement.offsets[at] > 0; ++i)
      if (top(i) == placement.offsets[at] && items[i].begin < items[at].end &&
          items[at].begin < items[i].end)
        candidates.push_back(i);
  }
  return chain;
}

/// Rounds of `cost` each, until `work` has not enough for another.
static bool improve(const ArenaInstance &instance, int64_t enough, int64_t cost,
                    int64_t &work, Placement &best) {
  size_t count = instance.items.size();
  int64_t before = best.peak;
  if (best.peak <= enough || work < cost)
    return false;
  // The order by offset reproduces the best placement or a lower one.
  std::vector<int32_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return best.offsets[a] != best.offsets[b] ? best.offsets[a] < best.offsets[b] : a < b;
  });
  Random random;
  Placement current = placeInOrder(instance, order, ArenaFit::First);
  work -= cost;
  while (true) {
    if (current.peak < best.peak)
      best = current;
    if (best.peak <= enough || work < cost)
      return best.peak < before;
    std::vector<int32_t> chain = chainBelowPeak(instance, current, random);
    int32_t moved = chain[random.below(chain.size())];
    size_t from = std::find(order.begin(), order.end(), moved) - order.begin();
    // Three moves in four go forwards: what is placed early lies low.
    size_t to = random.below(4) != 0 ? random.below(from + 1) : random.below(count);
    auto shift = [&](size_t source, size_t target) {
      auto begin = order.begin();
      if (source < target)
        std::rotate(begin + source, begin + source + 1, begin + target + 1);
      else
        std::rotate(begin + target, begin + source, begin + source + 1);
    };
    shift(from, to);
    Placement next = placeInOrder(instance, order, ArenaFit::First, current.peak + 1);
    work -= cost;
    if (next.offsets.empty())
      shift(to, from);
    else
      current = std::move(next);
  }
}

bool improveLocally(const ArenaInstance &instance, int64_t enough, int64_t &work,
                    Placement &best) {
  size_t count = instance.items.size();
  // Placing all items compares about half of all pairs; for few items the
  // bookkeeping around it, some 200 comparisons' worth per item, is what counts.
  int64_t cost = static_cast<int64_t>(count) * (static_cast<int64_t>(count) / 2 + 200);
  // Beyond some thousand rounds little is gained.
  int64_t spare = std::max<int64_t>(work - 5000 * cost, 0);
  work -= spare;
  bool improved = improve(instance, enough, cost, work, best);
  work += spare;
  return improved;
}

} // namespace train::planning
