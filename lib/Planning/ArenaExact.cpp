//===- ArenaExact.cpp - widening beam search over canonical placements ----===//
//
// Any placement can be pushed down until every buffer rests on another or on
// the ground. Placing buffers by ascending offset reaches each such *canonical*
// placement exactly once, and a node of the search is a prefix of one. This
// view, and pruning by floors that only rise, by dominance and by what each
// section still has to hold, are from Moffitt, "MiniMalloc" (ASPLOS 2024).
//
// The rest is ours. A buffer passed over at its floor has to rest on something
// that is still to come, so its floor rises to the lowest top among the
// unplaced it overlaps; a section's bound takes every subset of its buffers that
// starts above some height, not only all of them. And the tree is not walked
// depth-first, where one bad choice near the root costs the whole budget, but
// level by level with the best `width` nodes kept, for growing widths. A width
// that never had to drop a node has seen the whole tree, so its failure is a
// proof. Between rounds, sections that ended the last one gain weight in the
// estimate that decides which nodes are best. Where lifetimes are short, a beam
// cannot hold alternatives for many regions at once; there, *repairs* freeze
// what the deepest try placed and search anew around a section where it died.
//
//===----------------------------------------------------------------------===//
#include "ArenaExact.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_map>

namespace train::planning {

namespace {

/// What a node counts for: measured, 2,000 section ranges' worth of inner loop
/// cost about as much as everything else.
int64_t nodeCostOf(const ArenaInstance &instance) {
  int64_t spans = 0;
  for (const ArenaInstance::Item &item : instance.items)
    spans += item.end - item.begin;
  return 1 + spans / 2000;
}

/// `Int` is 32 bits wide where the instance, in units of its sizes' greatest
/// common divisor, allows: the inner loops are bound by vector width.
template <typename Int> class BeamSearch {
public:
  BeamSearch(const ArenaInstance &instance, int64_t unit, int64_t capacity)
      : count(instance.items.size()), sections(instance.sections()), unit(unit),
        capacity(static_cast<Int>(capacity / unit)), nodeCost(nodeCostOf(instance)),
        deaths(sections), weight(sections, 1.0), factor(sections), rose(count, 0),
        frozen(count, none), above(sections), bound(sections), lowest(sections),
        lowestTop(sections) {
    for (const ArenaInstance::Item &item : instance.items) {
      begin.push_back(item.begin);
      end.push_back(item.end);
      size.push_back(static_cast<Int>(item.size / unit));
    }
    for (int64_t bytes : instance.load)
      load.push_back(static_cast<Int>(bytes / unit));
    neighbours.resize(count);
    for (int32_t i = 0; i < count; ++i)
      for (int32_t j = 0; j < count; ++j)
        if (i != j && begin[i] < end[j] && begin[j] < end[i])
          neighbours[i].push_back(j);
  }

  CapacitySearch run(int64_t &nodes) {
    CapacitySearch result;
    budget = nodes;
    // Larger beams than this would hold more than about 256 MiB of nodes.
    int64_t nodeBytes = count * (2 * sizeof(Int) + 8) + sections * sizeof(Int) + 128;
    int64_t widest = std::max<int64_t>(1, (int64_t(1) << 28) / nodeBytes);
    int64_t width = 4;
    for (round = 1; budget > 0; ++round) {
      weigh();
      Round outcome = runRound(width);
      if (outcome == Round::Exhausted) {
        result.answer = CapacitySearch::Infeasible;
        result.atLeast = nextBound == none ? std::numeric_limits<int64_t>::max()
                                           : static_cast<int64_t>(nextBound) * unit;
        break;
      }
      if (outcome == Round::Failed) {
        learn();
        outcome = repair(width);
      }
      if (outcome == Round::Found) {
        result.answer = CapacitySearch::Found;
        result.placement = extract();
        break;
      }
      if (round % roundsPerWidth == 0)
        width = std::min(width * 2, widest);
    }
    nodes = std::max<int64_t>(budget, 0);
    return result;
  }

private:
  static constexpr Int none = std::numeric_limits<Int>::max();
  static constexpr int roundsPerWidth = 4;
  static constexpr int tailLevels = 6;
  static constexpr int repairs = 24;
  static constexpr double learningRate = 5;

  enum Status : uint8_t { Open, Skipped, Placed };
  enum class Round { Found, Exhausted, Failed };

  struct Node {
    std::vector<Int> floor;      ///< lowest offset still possible, by item
    std::vector<uint8_t> status; ///< by item; a Skipped one's floor is only a bound
    std::vector<int32_t> order;  ///< unplaced items by descending floor
    std::vector<Int> remaining;  ///< unplaced bytes, by section
    double waste = 0;            ///< the estimate: less is better
    double area = 0;             ///< unplaced bytes times sections: breaks ties
    uint64_t hash = 0;
    int32_t parent = -1, item = -1; ///< the last step, as an index into `trail`
    Int offset = 0;
    int32_t self = -1;
  };

  /// A step of a kept node, for reading off a placement at the end.
  struct Step {
    int32_t parent, item;
    Int offset;
  };

  /// The best `width` nodes of a level.
  struct Level {
    std::vector<Node> nodes; ///< slots, the first `used` of them in use
    size_t used = 0;
    struct Rank {
      double waste;
      int64_t sequence;
      int32_t slot;
      bool operator<(const Rank &other) const {
        return waste != other.waste ? waste < other.waste : sequence < other.sequence;
      }
    };
    std::vector<Rank> heap; ///< the worst in front
    std::unordered_map<uint64_t, int32_t> slotOf;
    int64_t sequence = 0;
    void clear() {
      used = 0;
      heap.clear();
      slotOf.clear();
      sequence = 0;
    }
  };

  /// One descent. Exhausted only where it saw the whole tree.
  Round runRound(size_t width) {
    trail.clear();
    dropped = std::any_of(frozen.begin(), frozen.end(), [](Int f) { return f != none; });
    nextBound = none;
    recentDeaths.clear();
    current.clear();
    if (current.nodes.empty())
      current.nodes.emplace_back();
    Node &root = current.nodes[0];
    root = Node();
    root.floor.assign(count, 0);
    root.status.assign(count, Open);
    root.order.resize(count);
    std::iota(root.order.begin(), root.order.end(), 0);
    root.remaining = load;
    current.used = 1;
    current.heap.push_back({0, 0, 0});
    for (int32_t depth = 0; depth < count; ++depth) {
      next.clear();
      std::fill(deaths.begin(), deaths.end(), 0);
      // Best first, so that a budget that ends within a level ends well.
      std::sort(current.heap.begin(), current.heap.end());
      for (const typename Level::Rank &rank : current.heap) {
        if (budget <= 0)
          return Round::Failed;
        expand(current.nodes[rank.slot], width);
      }
      recentDeaths.push_back(deaths);
      if (recentDeaths.size() > tailLevels)
        recentDeaths.erase(recentDeaths.begin());
      for (size_t slot = 0; slot < next.used; ++slot) {
        Node &node = next.nodes[slot];
        node.self = static_cast<int32_t>(trail.size());
        trail.push_back({node.parent, node.item, node.offset});
      }
      std::swap(current, next);
      if (current.used == 0)
        return dropped ? Round::Failed : Round::Exhausted;
    }
    return Round::Found;
  }

  void expand(const Node &node, size_t width) {
    // Beyond the lowest possible top, the item with that top would fit below.
    Int ceiling = none;
    for (int32_t i : node.order)
      ceiling = std::min(ceiling, static_cast<Int>(node.floor[i] + size[i]));
    candidates.clear();
    for (int32_t i : node.order)
      if (node.status[i] == Open && node.floor[i] < ceiling)
        candidates.push_back(i);
    std::sort(candidates.begin(), candidates.end(), [&](int32_t a, int32_t b) {
      return node.floor[a] != node.floor[b] ? node.floor[a] < node.floor[b] : a < b;
    });
    // Nothing passes over a frozen item whose offset has come.
    for (size_t at = 0; at < candidates.size(); ++at)
      if (frozen[candidates[at]] == node.floor[candidates[at]])
        candidates.resize(at + 1);
    for (int32_t item : candidates) {
      budget -= nodeCost;
      if (place(node, item))
        keep(width);
    }
  }

  /// Sets `child` to `node` with `item` placed at its floor; false if that
  /// cannot lead to a placement.
  bool place(const Node &node, int32_t item) {
    child.floor = node.floor;
    child.status = node.status;
    child.remaining = node.remaining;
    Int offset = node.floor[item], top = offset + size[item];
    child.order.clear();
    for (int32_t i : node.order) {
      if (i == item)
        continue;
      child.order.push_back(i);
      // What could have come before `item` and did not is passed over; among
      // equal offsets the index decides, so that no placement is met twice.
      if (child.status[i] == Open &&
          (child.floor[i] < offset || (child.floor[i] == offset && i < item)))
        child.status[i] = Skipped;
      child.floor[i] = std::max(child.floor[i], offset);
    }
    child.status[item] = Placed;
    child.floor[item] = 0;
    for (int32_t s = begin[item]; s < end[item]; ++s)
      child.remaining[s] -= size[item];
    for (int32_t i : neighbours[item])
      if (child.status[i] != Placed && child.floor[i] <= top) {
        child.floor[i] = top;
        child.status[i] = Open;
        rose[i] = 1;
      }
    child.parent = node.self;
    child.item = item;
    child.offset = offset;
    bool possible = raiseSkipped();
    sortRisen();
    return possible && boundSections();
  }

  /// An item passed over rests on an unplaced one that it overlaps: its floor
  /// rises to the lowest top among them.
  bool raiseSkipped() {
    for (int pass = 0; pass < 2; ++pass) {
      std::fill(lowestTop.begin(), lowestTop.end(), none);
      for (int32_t i : child.order) {
        Int top = child.floor[i] + size[i], *l = lowestTop.data();
        for (int32_t s = begin[i]; s < end[i]; ++s)
          l[s] = std::min(l[s], top);
      }
      bool changed = false;
      for (int32_t i : child.order) {
        if (child.status[i] != Skipped)
          continue;
        Int support =
            *std::min_element(lowestTop.begin() + begin[i], lowestTop.begin() + end[i]);
        // No item rests on itself: where its own top is the lowest, ask the others.
        if (support == child.floor[i] + size[i]) {
          support = none;
          for (int32_t j : neighbours[i])
            if (child.status[j] != Placed)
              support = std::min(support, static_cast<Int>(child.floor[j] + size[j]));
          if (support == none)
            return false;
        }
        if (support <= child.floor[i])
          continue;
        child.floor[i] = support;
        rose[i] = 1;
        changed = true;
        if (support + size[i] > capacity) {
          noteDeath(begin[i], support + size[i]);
          return false;
        }
      }
      if (!changed)
        break;
    }
    return true;
  }

  /// Brings `child.order` back in order: what rose is taken out, sorted and
  /// merged in again; the rest was only lifted to a common level at its tail.
  void sortRisen() {
    kept.clear();
    risen.clear();
    for (int32_t i : child.order)
      (rose[i] ? risen : kept).push_back(i);
    for (int32_t i : risen)
      rose[i] = 0;
    auto higher = [&](int32_t a, int32_t b) {
      return child.floor[a] != child.floor[b] ? child.floor[a] > child.floor[b] : a < b;
    };
    auto aboveOnly = [&](int32_t a, int32_t b) {
      return child.floor[a] > child.floor[b];
    };
    std::sort(risen.begin(), risen.end(), higher);
    child.order.resize(kept.size() + risen.size());
    std::merge(kept.begin(), kept.end(), risen.begin(), risen.end(), child.order.begin(),
               aboveOnly);
  }

  /// Bounds each section's height from below and estimates the waste so far.
  bool boundSections() {
    std::fill(above.begin(), above.end(), 0);
    std::fill(bound.begin(), bound.end(), 0);
    std::fill(lowest.begin(), lowest.end(), 0);
    for (int32_t item : child.order) {
      Int floor = child.floor[item], bytes = size[item];
      Int *a = above.data(), *b = bound.data(), *l = lowest.data();
      for (int32_t s = begin[item]; s < end[item]; ++s) {
        a[s] += bytes;
        b[s] = std::max(b[s], static_cast<Int>(floor + a[s]));
        l[s] = floor;
      }
    }
    Int highest = *std::max_element(bound.begin(), bound.end());
    if (highest > capacity) {
      noteDeath(
          std::find_if(bound.begin(), bound.end(), [&](Int b) { return b > capacity; }) -
              bound.begin(),
          highest);
      return false;
    }
    double waste = 0, area = 0;
    for (int32_t s = 0; s < sections; ++s) {
      Int remaining = child.remaining[s];
      Int lost = remaining ? lowest[s] - (load[s] - remaining) : 0;
      waste += factor[s] * static_cast<double>(lost) *
               std::sqrt(static_cast<double>(remaining));
      area += static_cast<double>(remaining);
    }
    child.waste = waste;
    child.area = area;
    return true;
  }

  void noteDeath(int32_t section, Int needed) {
    ++deaths[section];
    nextBound = std::min(nextBound, needed);
  }

  /// Moves `child` into the next level, unless it is there already or that is
  /// full of better ones.
  void keep(size_t width) {
    uint64_t hash = 0;
    for (int32_t i : child.order) {
      uint64_t mixed = (static_cast<uint64_t>(child.floor[i]) * 4 + child.status[i] + 1) *
                       0x9E3779B97F4A7C15ull;
      mixed = (mixed ^ (mixed >> 29) ^ static_cast<uint64_t>(i) << 40) *
              0xBF58476D1CE4E5B9ull;
      hash ^= mixed ^ (mixed >> 32);
    }
    child.hash = hash;
    disturb();
    if (auto it = next.slotOf.find(hash); it != next.slotOf.end()) {
      // Equal floors of equal sets have equal futures. A slot with another hash
      // now holds a better node, which had pushed this one's twin out.
      const Node &twin = next.nodes[it->second];
      if (twin.hash != hash || (twin.floor == child.floor && twin.status == child.status))
        return;
    }
    int32_t slot;
    if (next.used < width) {
      slot = static_cast<int32_t>(next.used++);
      if (next.nodes.size() < next.used)
        next.nodes.emplace_back();
    } else {
      dropped = true;
      if (child.waste >= next.heap.front().waste)
        return;
      slot = next.heap.front().slot;
      std::pop_heap(next.heap.begin(), next.heap.end());
      next.heap.pop_back();
    }
    std::swap(next.nodes[slot], child);
    next.heap.push_back({next.nodes[slot].waste, next.sequence++, slot});
    std::push_heap(next.heap.begin(), next.heap.end());
    next.slotOf[hash] = slot;
  }

  /// Rounds differ in how they see waste. One in `roundsPerWidth` takes it as it
  /// is, with the larger items placed first among equals. The others blur it by
  /// a tenth and a little more, each in its own way: run times of such searches
  /// vary by orders of magnitude, so that several short tries with
  /// different luck beat a long one.
  void disturb() {
    if (round % roundsPerWidth == 1) {
      child.waste += 1e-12 * child.area / static_cast<double>(capacity);
      return;
    }
    uint64_t mixed = (child.hash + static_cast<uint64_t>(round)) * 0x9E3779B97F4A7C15ull;
    mixed = (mixed ^ (mixed >> 31)) * 0xBF58476D1CE4E5B9ull;
    double luck = static_cast<double>(mixed >> 40) * 0x1p-24;
    child.waste = (child.waste + 0.5 * luck) * (1 + 0.1 * luck);
  }

  /// Weighs a section's waste: it hurts where there is little slack, and while
  /// much is still to come.
  void weigh() {
    double scale = static_cast<double>(capacity) / 1024;
    for (int32_t s = 0; s < sections; ++s)
      factor[s] = weight[s] / (static_cast<double>(capacity - load[s]) + scale) /
                  std::sqrt(static_cast<double>(capacity));
  }

  /// Gives weight to the sections where the last levels of a round died.
  void learn() {
    std::vector<double> share(sections, 0.0);
    double total = 0;
    for (const std::vector<int64_t> &level : recentDeaths) {
      double sum =
          static_cast<double>(std::accumulate(level.begin(), level.end(), int64_t(0)));
      if (sum == 0)
        continue;
      total += 1;
      for (int32_t s = 0; s < sections; ++s)
        share[s] += static_cast<double>(level[s]) / sum;
    }
    for (int32_t s = 0; s < sections && total > 0; ++s)
      weight[s] += learningRate * share[s] / total;
  }

  /// Rounds with most of the deepest try frozen, each around another window.
  Round repair(size_t width) {
    rememberDeepest();
    int64_t spans = 0;
    for (int32_t i = 0; i < count; ++i)
      spans += end[i] - begin[i];
    // With long lifetimes a window touches most items, and freezing the rest
    // gains nothing.
    if (deepest.empty() || spans >= static_cast<int64_t>(count) * sections / 10)
      return Round::Failed;
    Round outcome = Round::Failed;
    for (int attempt = 0; attempt < repairs && outcome == Round::Failed && budget > 0;
         ++attempt) {
      freezeOutside(attempt);
      outcome = runRound(width);
      std::fill(frozen.begin(), frozen.end(), none);
      if (outcome == Round::Failed)
        rememberDeepest();
    }
    return outcome;
  }

  /// Keeps the offsets of the best node that the failed round ended with, if it
  /// had placed no less than any before it.
  void rememberDeepest() {
    const Level &last = next;
    if (last.heap.empty())
      return;
    const Node &node = last.nodes[last.heap.front().slot];
    if (node.area > deepestArea)
      return;
    deepestArea = node.area;
    deepest.assign(count, none);
    for (int32_t at = node.self; at >= 0; at = trail[at].parent)
      deepest[trail[at].item] = trail[at].offset;
    deepestDeaths = recentDeaths;
  }

  /// Freezes what the deepest try placed, except around a section where it died.
  void freezeOutside(int attempt) {
    uint64_t mixed =
        (static_cast<uint64_t>(round) * 131 + attempt + 1) * 0x9E3779B97F4A7C15ull;
    mixed = (mixed ^ (mixed >> 31)) * 0xBF58476D1CE4E5B9ull;
    mixed ^= mixed >> 29;
    const std::vector<int64_t> &level = deepestDeaths[mixed % deepestDeaths.size()];
    int64_t sum = std::accumulate(level.begin(), level.end(), int64_t(0));
    int32_t centre = static_cast<int32_t>(mixed / 8 % sections);
    if (sum > 0) {
      int64_t pick = static_cast<int64_t>(mixed / 64 % static_cast<uint64_t>(sum));
      for (centre = 0; pick >= level[centre]; ++centre)
        pick -= level[centre];
    }
    int32_t reach =
        std::max<int32_t>(2, sections * (1 + static_cast<int32_t>(mixed / 16 % 4)) / 16);
    for (int32_t i = 0; i < count; ++i)
      frozen[i] =
          begin[i] < centre + reach && centre - reach < end[i] ? none : deepest[i];
  }

  Placement extract() const {
    Placement placement;
    placement.offsets.resize(count);
    for (int32_t at = current.nodes[0].self; at >= 0; at = trail[at].parent) {
      int64_t offset = static_cast<int64_t>(trail[at].offset) * unit;
      int32_t item = trail[at].item;
      placement.offsets[item] = offset;
      placement.peak =
          std::max(placement.peak, offset + static_cast<int64_t>(size[item]) * unit);
    }
    return placement;
  }

  const int32_t count, sections;
  const int64_t unit;
  const Int capacity;
  std::vector<int32_t> begin, end;
  std::vector<Int> size, load;
  std::vector<std::vector<int32_t>> neighbours;
  const int64_t nodeCost;
  int64_t budget = 0;
  Level current, next;
  Node child;
  std::vector<int32_t> candidates;
  std::vector<Step> trail;
  bool dropped = false;
  Int nextBound = none;
  std::vector<int64_t> deaths;
  std::vector<std::vector<int64_t>> recentDeaths;
  std::vector<double> weight, factor;
  std::vector<uint8_t> rose;
  std::vector<Int> frozen, deepest;
  double deepestArea = std::numeric_limits<double>::infinity();
  std::vector<std::vector<int64_t>> deepestDeaths;
  std::vector<int32_t> kept, risen;
  int round = 0;
  std::vector<Int> above, bound, lowest, lowestTop;
};

} // namespace

template <typename Int>
static CapacitySearch searchWith(const ArenaInstance &instance, int64_t unit,
                                 int64_t capacity, int64_t &nodes) {
  return BeamSearch<Int>(instance, unit, capacity).run(nodes);
}

CapacitySearch searchCapacity(const ArenaInstance &instance, int64_t capacity,
                              int64_t &nodes) {
  CapacitySearch result;
  if (capacity < instance.lowerBound) {
    result.answer = CapacitySearch::Infeasible;
    result.atLeast = instance.lowerBound;
    return result;
  }
  // With less than this not even the narrowest round gets anywhere. It also keeps
  // instances away whose overlaps, which are quadratic, would fill the memory.
  if (nodes / 4 < nodeCostOf(instance) * static_cast<int64_t>(instance.items.size()))
    return result;
  int64_t unit = 0, total = 0;
  for (const ArenaInstance::Item &item : instance.items) {
    unit = std::gcd(unit, item.size);
    total += item.size;
  }
  // A stack of everything bounds every floor that can occur; with it, sums of
  // two such values stay within the type.
  capacity = std::min(capacity, total);
  if (total / unit < (int64_t(1) << 29))
    return searchWith<int32_t>(instance, unit, capacity, nodes);
  if (total / unit < (int64_t(1) << 61))
    return searchWith<int64_t>(instance, unit, capacity, nodes);
  return result;
}

} // namespace train::planning
