//===- ArenaDepthFirst.cpp - short dives for a placement within a capacity ===//
//
// Depth-first over canonical placements by ascending offset, as in Moffitt, "MiniMalloc"
// (ASPLOS 2024), with three of its means: the next item is the one with the lowest floor
// (then the one that comes first in a fixed order by load, lifetime and area), an item
// that nothing lies above needs no second choice, and what is left falls into parts that
// are solved apart wherever no item spans a position any more. An item passed over rests
// on one that is still to come, and a section's bound takes each set of its items above
// some height, as in ArenaExact.cpp.
//
// A dive either ends soon or is lost below one early choice. So dives are short and few,
// each in another order, and the beam takes over from there.
//
//===----------------------------------------------------------------------===//
#include "ArenaDepthFirst.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

namespace train::planning {

namespace {

/// The parts of `items` between positions that none of them spans.
std::vector<std::vector<int32_t>> splitItems(const ArenaInstance &instance,
                                             std::vector<int32_t> items) {
  std::sort(items.begin(), items.end(), [&](int32_t a, int32_t b) {
    return std::pair(instance.items[a].begin, a) < std::pair(instance.items[b].begin, b);
  });
  std::vector<std::vector<int32_t>> parts;
  int32_t end = -1;
  for (int32_t i : items) {
    if (instance.items[i].begin >= end)
      parts.emplace_back();
    parts.back().push_back(i);
    end = std::max(end, instance.items[i].end);
  }
  // A small part fails soon.
  std::stable_sort(parts.begin(), parts.end(),
                   [](const auto &a, const auto &b) { return a.size() < b.size(); });
  return parts;
}

constexpr int64_t kMostWork = 20'000'000;

class Dive {
public:
  Dive(const ArenaInstance &instance, int64_t capacity)
      : instance(instance), capacity(capacity), count(instance.items.size()),
        neighbours(count), above(instance.sections()) {
    for (int32_t i = 0; i < count; ++i)
      for (int32_t j = 0; j < count; ++j)
        if (i != j && instance.items[i].begin < instance.items[j].end &&
            instance.items[j].begin < instance.items[i].end)
          neighbours[i].push_back(j);
  }

  /// Places everything, the items of less `rank` first where floors are equal. Gives up
  /// after so many nodes, or when `work` is used up.
  bool run(std::vector<int32_t> order, int64_t nodes) {
    rank = std::move(order);
    left = nodes;
    floor.assign(count, 0);
    placed.assign(count, false);
    std::vector<int32_t> all(count);
    std::iota(all.begin(), all.end(), 0);
    return solveAll(splitItems(instance, all), 0);
  }

  int64_t getLeft() const { return std::max<int64_t>(left, 0); }
  /// After a run that placed everything, floors are offsets.
  const std::vector<int64_t> &getOffsets() const { return floor; }

private:
  using Items = std::vector<int32_t>;

  bool solveAll(const std::vector<Items> &parts, int64_t lowest) {
    return std::all_of(parts.begin(), parts.end(),
                       [&](const Items &part) { return solve(part, lowest); });
  }

  /// Places `part`, no item of it below `lowest`. Leaves its floors as they were if it
  /// can't.
  bool solve(const Items &part, int64_t lowest) {
    if (--left < 0 || work < 0)
      return false;
    const size_t mark = trail.size();
    for (int32_t i : part)
      raise(i, lowest);
    Items next = part;
    std::sort(next.begin(), next.end(), [&](int32_t a, int32_t b) {
      return std::pair(floor[a], rank[a]) < std::pair(floor[b], rank[b]);
    });
    // From the lowest possible top on, the item with that top would fit below.
    int64_t ceiling = std::numeric_limits<int64_t>::max();
    for (int32_t i : part)
      ceiling = std::min(ceiling, floor[i] + instance.items[i].size);
    bool possible = isWithin(part);
    for (size_t at = 0; at < next.size() && possible && left > 0 && work > 0; ++at) {
      if (floor[next[at]] >= ceiling)
        continue;
      if (place(part, next[at]))
        return true;
      possible = passOver(next[at]) && isWithin(part);
    }
    undo(mark);
    return false;
  }

  bool place(const Items &part, int32_t item) {
    const size_t mark = trail.size();
    const int64_t offset = floor[item], top = offset + instance.items[item].size;
    placed[item] = true;
    bool fits = true;
    for (int32_t i : neighbours[item])
      if (!placed[i]) {
        raise(i, top);
        fits &= floor[i] + instance.items[i].size <= capacity;
      }
    if (fits) {
      Items rest;
      for (int32_t i : part)
        if (i != item)
          rest.push_back(i);
      if (solveAll(splitItems(instance, rest), offset))
        return true;
      for (int32_t i : rest)
        placed[i] = false;
    }
    placed[item] = false;
    undo(mark);
    return false;
  }

  /// `item` is not placed at its floor, so it rests on something still to come; false if
  /// there is nothing, or no room above.
  bool passOver(int32_t item) {
    int64_t support = std::numeric_limits<int64_t>::max();
    for (int32_t i : neighbours[item])
      if (!placed[i])
        support = std::min(support, floor[i] + instance.items[i].size);
    if (support > capacity - instance.items[item].size)
      return false;
    raise(item, support);
    return true;
  }

  /// Whether no section has to be higher than the capacity.
  bool isWithin(const Items &part) {
    Items falling = part;
    std::sort(falling.begin(), falling.end(), [&](int32_t a, int32_t b) {
      return std::pair(floor[a], a) > std::pair(floor[b], b);
    });
    int32_t first = instance.sections(), last = 0;
    for (int32_t i : part) {
      first = std::min(first, instance.items[i].begin);
      last = std::max(last, instance.items[i].end);
    }
    std::fill(above.begin() + first, above.begin() + last, 0);
    for (int32_t i : falling) {
      const ArenaInstance::Item &item = instance.items[i];
      work -= item.end - item.begin;
      int64_t most = 0;
      for (int32_t s = item.begin; s < item.end; ++s)
        most = std::max(most, above[s] += item.size);
      if (floor[i] + most > capacity)
        return false;
    }
    return true;
  }

  void raise(int32_t item, int64_t to) {
    if (floor[item] >= to)
      return;
    trail.push_back({item, floor[item]});
    floor[item] = to;
  }
  void undo(size_t mark) {
    for (; trail.size() > mark; trail.pop_back())
      floor[trail.back().first] = trail.back().second;
  }

  const ArenaInstance &instance;
  const int64_t capacity;
  const int32_t count;
  std::vector<Items> neighbours;
  std::vector<int32_t> rank;
  std::vector<int64_t> floor; ///< lowest offset still possible; placed ones: the offset
  std::vector<bool> placed;
  std::vector<std::pair<int32_t, int64_t>> trail; ///< floors before they rose
  std::vector<int64_t> above;                     ///< bytes, by section
  int64_t left = 0;
  /// Sections looked at in all dives: an item of a large program spans hundreds, and is
  /// placed among hundreds, so that nodes alone say little about time.
  int64_t work = kMostWork;
};

} // namespace

std::optional<Placement> searchDepthFirst(const ArenaInstance &instance, int64_t capacity,
                                          int64_t &nodes) {
  // A dive is as deep as there are items, and each level holds what is left.
  constexpr size_t mostItems = 1000;
  constexpr int64_t shortest = 1500, longest = 3000;
  const auto count = static_cast<int32_t>(instance.items.size());
  if (instance.items.size() > mostItems || capacity < instance.lowerBound)
    return std::nullopt;

  // Lifetimes count in sections, which say how much has to be placed around an item, and
  // in positions: each has instances that it makes easy.
  enum { Load, Sections, Area, Positions, Volume };
  std::vector<std::array<double, 5>> traits;
  for (const ArenaInstance::Item &item : instance.items) {
    auto load = static_cast<double>(*std::max_element(instance.load.begin() + item.begin,
                                                      instance.load.begin() + item.end));
    auto sections = static_cast<double>(item.end - item.begin);
    auto positions = static_cast<double>(item.positions);
    auto size = static_cast<double>(item.size);
    traits.push_back({load, sections, sections * size, positions, positions * size});
  }
  constexpr int orders[][3] = {{Load, Sections, Area}, {Load, Positions, Volume},
                               {Load, Area, Sections}, {Load, Volume, Positions},
                               {Sections, Area, Load}, {Positions, Volume, Load}};
  Dive dive(instance, capacity);
  int64_t budget = nodes / 4;
  for (int64_t limit = shortest; limit <= longest; limit *= 2)
    for (const int (&order)[3] : orders) {
      if (budget < limit)
        return std::nullopt;
      std::vector<int32_t> sorted(count), rank(count);
      std::iota(sorted.begin(), sorted.end(), 0);
      std::sort(sorted.begin(), sorted.end(), [&](int32_t a, int32_t b) {
        for (int trait : order)
          if (traits[a][trait] != traits[b][trait])
            return traits[a][trait] > traits[b][trait];
        return a < b;
      });
      for (int32_t i = 0; i < count; ++i)
        rank[sorted[i]] = i;
      bool found = dive.run(rank, limit);
      budget -= limit - dive.getLeft();
      nodes -= limit - dive.getLeft();
      if (!found)
        continue;
      Placement placement;
      placement.offsets = dive.getOffsets();
      for (int32_t i = 0; i < count; ++i)
        placement.peak =
            std::max(placement.peak, placement.offsets[i] + instance.items[i].size);
      return placement;
    }
  return std::nullopt;
}

} // namespace train::planning
