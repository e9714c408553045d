//===- ResidencyPebbling.cpp - what fits at all, whatever it costs -----------===//
//
// Before an execution, a set of tensors has to be alive; before the execution that wrote
// one of them last, the others and what that one reads; and so on until nothing is left
// that something has to write. So a node can be executed within some bytes if there is a
// path from its reads to the empty set over sets that fit, and repetitions are as good as
// first executions on it. A set whose step needs too much waits; when nothing else is
// left, the least of those is a new bound.
//
//===----------------------------------------------------------------------===//
#include "ResidencyPebbling.h"
#include "ResidencyBounds.h"

#include <algorithm>
#include <queue>
#include <string>
#include <unordered_set>

namespace train::planning {

namespace {
constexpr unsigned none = ResidencyInstance::none;

class Pebbling {
public:
  explicit Pebbling(const ResidencyInstance &instance);

  /// Looks for a path from the set of `reads` to the empty set with `level` bytes, or
  /// more where `most` allows. Returns the bytes that are needed at least, and leaves the
  /// path, if it found one, in `path`: nodes in the order of their execution.
  int64_t search(const std::vector<unsigned> &reads, int64_t lasting, int64_t level,
                 int64_t most, size_t &sets);
  std::vector<unsigned> path;

private:
  struct Set {
    std::vector<unsigned> tensors; ///< sorted by the position of their writer
    int64_t bytes;
    unsigned later, node;
  };
  struct Step {
    int64_t needed;
    unsigned set, node;
    bool operator<(const Step &other) const { // the least is the largest
      return needed > other.needed;
    }
  };
  /// Towards the beginning of the order first, then to what takes fewer bytes.
  struct Open {
    unsigned last;
    int64_t bytes;
    unsigned set;
    bool operator<(const Open &other) const {
      return last != other.last     ? last > other.last
             : bytes != other.bytes ? bytes > other.bytes
                                    : set > other.set;
    }
  };

  bool isMovable(unsigned t) const { return !writers[t].empty(); }
  unsigned place(unsigned t) const {
    return instance.writtenAt[t] == none ? 0 : instance.writtenAt[t];
  }
  void put(Set &&set);
  int64_t weigh(const Set &set, unsigned node) const;
  void take(unsigned set, unsigned node);
  void expand(unsigned id);

  const ResidencyInstance &instance;
  const ResidencyProblem &problem;
  std::vector<std::vector<unsigned>> writers; ///< by tensor
  std::vector<Set> all;
  std::unordered_set<std::string> known;
  std::priority_queue<Open> open;
  std::priority_queue<Step> waiting;
  int64_t level = 0, base = 0;
};

Pebbling::Pebbling(const ResidencyInstance &instance)
    : instance(instance), problem(instance.problem), writers(instance.recipes) {
  for (unsigned n : problem.order)
    for (unsigned t : problem.nodes[n].writes) {
      std::vector<unsigned> &list = writers[t];
      // Where orders are given, what cannot be repeated lasts: see
      // findUnavoidableBytes().
      if ((problem.anyOrder || !list.empty()) &&
          std::find(list.begin(), list.end(), n) == list.end())
        list.push_back(n);
    }
}

void Pebbling::put(Set &&set) {
  std::string key(reinterpret_cast<const char *>(set.tensors.data()),
                  set.tensors.size() * sizeof(unsigned));
  if (!known.insert(std::move(key)).second)
    return;
  unsigned last = set.tensors.empty() ? 0 : place(set.tensors.back()) + 1;
  open.push({last, set.bytes, static_cast<unsigned>(all.size())});
  all.push_back(std::move(set));
}

/// Bytes alive while `node` writes something of the set.
int64_t Pebbling::weigh(const Set &set, unsigned n) const {
  const ResidencyNode &node = problem.nodes[n];
  auto isIn = [&](unsigned t) {
    return std::find(set.tensors.begin(), set.tensors.end(), t) != set.tensors.end();
  };
  int64_t bytes = base + set.bytes + node.workspace;
  for (unsigned t : node.reads)
    bytes += isMovable(t) && !isIn(t) ? problem.tensors[t].bytes : 0;
  for (unsigned w = 0; w < node.writes.size(); ++w) {
    const int64_t size = problem.tensors[node.writes[w]].bytes;
    bytes += isMovable(node.writes[w]) && !isIn(node.writes[w]) ? size : 0;
    // In place at best.
    for (const InPlacePair &pair : node.inPlace)
      if (pair.write == w && problem.tensors[node.reads[pair.read]].bytes == size) {
        bytes -= size;
        break;
      }
  }
  return bytes;
}

void Pebbling::take(unsigned id, unsigned n) {
  const ResidencyNode &node = problem.nodes[n];
  Set next{{}, 0, id, n};
  for (unsigned t : all[id].tensors)
    if (std::find(node.writes.begin(), node.writes.end(), t) == node.writes.end())
      next.tensors.push_back(t);
  for (unsigned t : node.reads)
    if (isMovable(t) &&
        std::find(next.tensors.begin(), next.tensors.end(), t) == next.tensors.end())
      next.tensors.push_back(t);
  std::sort(next.tensors.begin(), next.tensors.end(), [&](unsigned a, unsigned b) {
    return std::pair(place(a), a) < std::pair(place(b), b);
  });
  for (unsigned t : next.tensors)
    next.bytes += problem.tensors[t].bytes;
  put(std::move(next));
}

void Pebbling::expand(unsigned id) {
  std::vector<Step> steps;
  for (size_t i = all[id].tensors.size(); i-- > 0;)
    for (unsigned n : writers[all[id].tensors[i]]) {
      const Set &set = all[id];
      const std::vector<unsigned> &reads = problem.nodes[n].reads;
      Step step{weigh(set, n), id, n};
      bool isFree = step.needed <= level &&
                    std::all_of(reads.begin(), reads.end(), [&](unsigned t) {
                      return !isMovable(t) ||
                             std::find(set.tensors.begin(), set.tensors.end(), t) !=
                                 set.tensors.end();
                    });
      // What is left is a part of the set: no other step is better.
      if (isFree)
        return take(id, n);
      steps.push_back(step);
    }
  for (const Step &step : steps) {
    if (step.needed <= level)
      take(id, step.node);
    else
      waiting.push(step);
  }
}

int64_t Pebbling::search(const std::vector<unsigned> &reads, int64_t lasting,
                         int64_t least, int64_t most, size_t &sets) {
  all.clear();
  known.clear();
  open = {};
  waiting = {};
  path.clear();
  level = least;
  base = lasting;
  Set start{{}, 0, none, none};
  for (unsigned t : reads)
    if (isMovable(t)) {
      start.tensors.push_back(t);
      start.bytes += problem.tensors[t].bytes;
    }
  std::sort(start.tensors.begin(), start.tensors.end(), [&](unsigned a, unsigned b) {
    return std::pair(place(a), a) < std::pair(place(b), b);
  });
  put(std::move(start));
  while (sets > 0) {
    if (open.empty()) {
      if (waiting.empty() || waiting.top().needed > most)
        return waiting.empty() ? level : waiting.top().needed;
      level = waiting.top().needed;
      while (!waiting.empty() && waiting.top().needed <= level) {
        Step step = waiting.top();
        waiting.pop();
        take(step.set, step.node);
      }
      continue;
    }
    unsigned id = open.top().set;
    open.pop();
    --sets;
    if (all[id].tensors.empty()) {
      for (unsigned s = id; all[s].later != none; s = all[s].later)
        path.push_back(all[s].node);
      return level;
    }
    expand(id);
  }
  return level;
}
} // namespace

int64_t raisePeakBound(const ResidencyInstance &instance, int64_t bound) {
  const ResidencyProblem &problem = instance.problem;
  const std::vector<int64_t> unavoidable = findUnavoidableBytes(instance);
  std::vector<int64_t> lasting = findLastingBytes(instance);
  std::vector<unsigned> positions(instance.getSize());
  for (unsigned at = 0; at < positions.size(); ++at) {
    positions[at] = at;
    // What is executed again for a position may be executed anywhere before it.
    if (at > 0)
      lasting[at] = std::min(lasting[at], lasting[at - 1]);
  }
  std::sort(positions.begin(), positions.end(), [&](unsigned a, unsigned b) {
    return std::pair(-unavoidable[a], a) < std::pair(-unavoidable[b], b);
  });
  Pebbling pebbling(instance);
  // Where most has to be alive at once there is least to choose.
  for (unsigned i = 0; i < positions.size() && i < 8; ++i) {
    const unsigned at = positions[i];
    size_t sets = 500;
    bound = pebbling.search(problem.nodes[problem.order[at]].reads, lasting[at], bound,
                            std::numeric_limits<int64_t>::max(), sets);
  }
  return bound;
}

std::vector<unsigned> findAnyFitting(const ResidencyInstance &instance, int64_t budget) {
  const ResidencyProblem &problem = instance.problem;
  if (problem.order.empty())
    return {};
  Pebbling pebbling(instance);
  const unsigned last = problem.order.back();
  // Sets are the larger the wider the graph is.
  size_t sets = std::min<size_t>(50'000, 5'000'000 / problem.order.size());
  int64_t inputs = problem.baseBytes;
  for (unsigned t : problem.inputs)
    inputs += problem.tensors[t].bytes;
  pebbling.search(problem.nodes[last].reads, inputs, budget, budget, sets);
  std::vector<unsigned> path = std::move(pebbling.path);
  if (path.empty())
    return {};
  path.push_back(last);
  std::vector<bool> isExecuted(problem.nodes.size(), false);
  for (unsigned n : path)
    isExecuted[n] = true;
  for (unsigned n : problem.order)
    if (!isExecuted[n])
      return {};
  return path;
}

} // namespace train::planning
