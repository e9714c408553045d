//===- ArenaGreedy.cpp - greedy heuristics, raced --------------------------===//
//
// No single order wins on all training graphs: saved activations nest like a
// stack (start order places them without a gap), short gradients want the
// largest first, and a crowded peak wants to be served before the rest. Each
// costs milliseconds, so all are tried and the best is kept.
//
//===----------------------------------------------------------------------===//
#include "ArenaGreedy.h"

#include <algorithm>
#include <numeric>

namespace train::planning {

namespace {

/// The placed items by ascending offset, in blocks small enough that inserting
/// into one moves little memory. A query walks the bytes upwards and stops at
/// the first gap that is good enough.
class PlacedItems {
public:
  explicit PlacedItems(size_t count) { blocks.reserve(count / (blockSize / 2) + 2); }

  int64_t findOffset(int32_t begin, int32_t end, int64_t size, ArenaFit fit) const {
    int64_t top = 0, bestGap = std::numeric_limits<int64_t>::max(), bestOffset = -1;
    for (const Block &block : blocks) {
      if (block.highest <= top || block.begin >= end || block.end <= begin)
        continue;
      for (const Entry &entry : block.entries) {
        if (entry.begin >= end || entry.end <= begin)
          continue;
        int64_t gap = entry.bottom - top;
        if (gap >= size && gap < bestGap) {
          if (fit == ArenaFit::First || gap == size)
            return top;
          bestGap = gap;
          bestOffset = top;
        }
        top = std::max(top, entry.top);
      }
    }
    return bestOffset >= 0 ? bestOffset : top;
  }

  void insert(int32_t begin, int32_t end, int64_t bottom, int64_t top) {
    Entry entry{begin, end, bottom, top};
    auto below = [](int64_t value, const Entry &e) { return value < e.bottom; };
    // The last block that starts at or below the new item takes it.
    auto it = std::upper_bound(blocks.begin(), blocks.end(), bottom,
                               [](int64_t value, const Block &block) {
                                 return value < block.entries.front().bottom;
                               });
    if (it == blocks.begin() && blocks.empty())
      it = blocks.emplace(blocks.begin()) + 1;
    Block &block = it == blocks.begin() ? *it : *std::prev(it);
    block.entries.insert(
        std::upper_bound(block.entries.begin(), block.entries.end(), bottom, below),
        entry);
    block.cover(entry);
    if (block.entries.size() < blockSize)
      return;
    Block upper;
    auto middle = block.entries.begin() + blockSize / 2;
    std::vector<Entry> lowerHalf(block.entries.begin(), middle);
    for (auto e = middle; e != block.entries.end(); ++e) {
      upper.entries.push_back(*e);
      upper.cover(*e);
    }
    Block lower;
    for (const Entry &e : lowerHalf) {
      lower.entries.push_back(e);
      lower.cover(e);
    }
    size_t at = &block - blocks.data();
    blocks[at] = std::move(lower);
    blocks.insert(blocks.begin() + at + 1, std::move(upper));
  }

private:
  static constexpr size_t blockSize = 128;
  struct Entry {
    int32_t begin, end;
    int64_t bottom, top;
  };
  /// Entries and the box of sections and bytes around them, which lets a query
  /// pass over a block that cannot matter to it.
  struct Block {
    std::vector<Entry> entries;
    int32_t begin = std::numeric_limits<int32_t>::max(), end = 0;
    int64_t highest = 0;
    void cover(const Entry &entry) {
      begin = std::min(begin, entry.begin);
      end = std::max(end, entry.end);
      highest = std::max(highest, entry.top);
    }
  };
  std::vector<Block> blocks;
};

} // namespace

/// For each item the largest load among its sections, by a sparse table.
static std::vector<int64_t> contention(const ArenaInstance &instance) {
  std::vector<std::vector<int64_t>> table{instance.load};
  for (size_t width = 1; width * 2 <= instance.load.size(); width *= 2) {
    const std::vector<int64_t> &half = table.back();
    std::vector<int64_t> row(instance.load.size() - 2 * width + 1);
    for (size_t i = 0; i < row.size(); ++i)
      row[i] = std::max(half[i], half[i + width]);
    table.push_back(std::move(row));
  }
  std::vector<int64_t> result;
  for (const ArenaInstance::Item &item : instance.items) {
    size_t level = 0;
    while ((2 << level) <= item.end - item.begin)
      ++level;
    result.push_back(
        std::max(table[level][item.begin], table[level][item.end - (1 << level)]));
  }
  return result;
}

std::vector<int32_t> sortItems(const ArenaInstance &instance, ArenaOrder order) {
  const auto &items = instance.items;
  // Larger keys come first. Areas may exceed 63 bits; as a key a double is
  // good enough, and exact in its own way on every machine.
  std::vector<double> key(items.size());
  std::vector<int64_t> crowd;
  if (order == ArenaOrder::Contention)
    crowd = contention(instance);
  for (size_t i = 0; i < items.size(); ++i) {
    double size = static_cast<double>(items[i].size);
    double duration = items[i].end - items[i].begin;
    switch (order) {
    case ArenaOrder::Size:
      key[i] = size;
      break;
    case ArenaOrder::Area:
      key[i] = size * duration;
      break;
    case ArenaOrder::Duration:
      key[i] = duration;
      break;
    case ArenaOrder::Start:
      key[i] = -static_cast<double>(items[i].begin);
      break;
    case ArenaOrder::End:
      key[i] = items[i].end;
      break;
    case ArenaOrder::Contention:
      key[i] = static_cast<double>(crowd[i]);
      break;
    }
  }
  // Among equals the longer-lived goes below the shorter-lived, as on a stack.
  auto tie = [&](int32_t i) {
    bool byDuration = order == ArenaOrder::Start || order == ArenaOrder::End;
    return byDuration ? static_cast<int64_t>(items[i].end - items[i].begin)
                      : items[i].size;
  };
  std::vector<int32_t> sorted(items.size());
  std::iota(sorted.begin(), sorted.end(), 0);
  std::sort(sorted.begin(), sorted.end(), [&](int32_t a, int32_t b) {
    if (key[a] != key[b])
      return key[a] > key[b];
    if (tie(a) != tie(b))
      return tie(a) > tie(b);
    return a < b;
  });
  return sorted;
}

Placement placeInOrder(const ArenaInstance &instance, const std::vector<int32_t> &order,
                       ArenaFit fit, int64_t bound) {
  Placement placement;
  placement.offsets.resize(instance.items.size());
  PlacedItems placed(order.size());
  for (int32_t i : order) {
    const ArenaInstance::Item &item = instance.items[i];
    int64_t offset = placed.findOffset(item.begin, item.end, item.size, fit);
    int64_t top = offset + item.size;
    if (top >= bound)
      return {};
    placed.insert(item.begin, item.end, offset, top);
    placement.offsets[i] = offset;
    placement.peak = std::max(placement.peak, top);
  }
  return placement;
}

static const char *orderName(ArenaOrder order) {
  switch (order) {
  case ArenaOrder::Size:
    return "by-size";
  case ArenaOrder::Area:
    return "by-area";
  case ArenaOrder::Duration:
    return "by-duration";
  case ArenaOrder::Start:
    return "by-start";
  case ArenaOrder::End:
    return "by-end";
  case ArenaOrder::Contention:
    return "by-contention";
  }
  return "";
}

static std::string greedyName(ArenaOrder order, ArenaFit fit) {
  return std::string("greedy ") + orderName(order) +
         (fit == ArenaFit::First ? " first-fit" : " best-fit");
}

Placement raceInstance(const ArenaInstance &instance, int64_t enough,
                       std::string &solver) {
  Placement best;
  best.peak = std::numeric_limits<int64_t>::max();
  for (ArenaOrder order : {ArenaOrder::Contention, ArenaOrder::Size, ArenaOrder::Area,
                           ArenaOrder::Start, ArenaOrder::Duration, ArenaOrder::End}) {
    std::vector<int32_t> sorted = sortItems(instance, order);
    for (ArenaFit fit : {ArenaFit::First, ArenaFit::Best}) {
      Placement placement = placeInOrder(instance, sorted, fit, best.peak);
      if (placement.offsets.empty())
        continue;
      best = std::move(placement);
      solver = greedyName(order, fit);
      if (best.peak <= enough)
        return best;
    }
  }
  return best;
}

/// Solves each part with `solve` and puts the parts together.
template <typename Solve>
static ArenaSolution solveParts(const ArenaProblem &problem, Solve solve) {
  ArenaSolution solution;
  solution.offsets.assign(problem.buffers.size(), 0);
  for (const ArenaInstance &part : splitByTime(problem)) {
    std::string solver;
    Placement placement = solve(part, solver);
    for (size_t i = 0; i < part.items.size(); ++i)
      solution.offsets[part.items[i].buffer] = placement.offsets[i];
    if (placement.peak > solution.peak) {
      solution.peak = placement.peak;
      solution.solver = solver;
    }
  }
  int64_t bound = problem.lowerBound();
  solution.optimal = solution.peak == bound;
  solution.infeasible = problem.capacity && bound > *problem.capacity;
  return solution;
}

ArenaSolution placeGreedily(const ArenaProblem &problem, ArenaOrder order, ArenaFit fit) {
  return solveParts(problem, [&](const ArenaInstance &part, std::string &solver) {
    solver = greedyName(order, fit);
    return placeInOrder(part, sortItems(part, order), fit);
  });
}

ArenaSolution raceGreedy(const ArenaProblem &problem) {
  int64_t enough = std::max(problem.lowerBound(), problem.capacity.value_or(0));
  return solveParts(problem, [&](const ArenaInstance &part, std::string &solver) {
    return raceInstance(part, enough, solver);
  });
}

} // namespace train::planning
