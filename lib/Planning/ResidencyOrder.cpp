//===- ResidencyOrder.cpp - another given order ------------------------------===//
//
// Simulated annealing over topological orders: a node moves to another place between what
// it reads and what reads it, which changes the profile between the two places only.
//
//===----------------------------------------------------------------------===//
#include "ResidencyOrder.h"
#include "ResidencyMoves.h"

#include <algorithm>
#include <cmath>

namespace train::planning {

namespace {
constexpr unsigned none = ResidencyInstance::none;

class OrderSearch {
public:
  OrderSearch(const ResidencyProblem &problem, int64_t target);
  std::vector<unsigned> run();

private:
  void listGreedily();
  double sweep(unsigned first, unsigned last);
  bool isLastUse(unsigned tensor, unsigned at) const;
  void shift(unsigned from, unsigned to);
  unsigned findEarliest(unsigned node) const;
  unsigned findLatest(unsigned node) const;

  const ResidencyProblem &problem;
  const int64_t target;
  std::vector<std::vector<unsigned>> readers; ///< by tensor: nodes of the order
  std::vector<unsigned> writer;               ///< by tensor
  std::vector<bool> isOutput;
  std::vector<unsigned> order, position;
  std::vector<int64_t> across; ///< bytes alive after each position
  std::vector<double> excess;  ///< bytes over the target at each position
  RandomNumbers random{1};
};

OrderSearch::OrderSearch(const ResidencyProblem &problem, int64_t target)
    : problem(problem), target(target), readers(problem.tensors.size()),
      writer(problem.tensors.size(), none), isOutput(problem.tensors.size()),
      order(problem.order), position(problem.nodes.size(), none),
      across(problem.order.size()), excess(problem.order.size()) {
  for (unsigned n : problem.order) {
    for (unsigned t : problem.nodes[n].reads)
      readers[t].push_back(n);
    for (unsigned t : problem.nodes[n].writes)
      writer[t] = n;
  }
  for (unsigned t : problem.outputs)
    isOutput[t] = true;
}

/// Of the nodes that are ready, the one that adds the least bytes to what is alive; of
/// equals, the one that became ready last, so that branches are finished before others
/// begin.
void OrderSearch::listGreedily() {
  std::vector<unsigned> missing(problem.nodes.size(), 0), left(problem.tensors.size(), 0);
  std::vector<unsigned> ready;
  for (unsigned t = 0; t < left.size(); ++t)
    left[t] = readers[t].size() + isOutput[t];
  for (unsigned n : problem.order) {
    for (unsigned t : problem.nodes[n].reads)
      missing[n] += writer[t] != none;
    if (missing[n] == 0)
      ready.push_back(n);
  }
  order.clear();
  while (!ready.empty()) {
    size_t best = 0;
    int64_t least = std::numeric_limits<int64_t>::max();
    for (size_t i = 0; i < ready.size(); ++i) {
      int64_t added = 0;
      for (unsigned t : problem.nodes[ready[i]].writes)
        added += left[t] > 0 ? problem.tensors[t].bytes : 0;
      for (unsigned t : problem.nodes[ready[i]].reads)
        added -= left[t] == 1 ? problem.tensors[t].bytes : 0;
      if (added <= least) {
        least = added;
        best = i;
      }
    }
    unsigned n = ready[best];
    ready.erase(ready.begin() + best);
    order.push_back(n);
    for (unsigned t : problem.nodes[n].reads)
      --left[t];
    for (unsigned t : problem.nodes[n].writes)
      for (unsigned reader : readers[t])
        if (--missing[reader] == 0)
          ready.push_back(reader);
  }
}

bool OrderSearch::isLastUse(unsigned tensor, unsigned at) const {
  if (isOutput[tensor])
    return false;
  for (unsigned n : readers[tensor])
    if (position[n] > at)
      return false;
  return true;
}

/// Profiles [first, last] anew; the excess there.
double OrderSearch::sweep(unsigned first, unsigned last) {
  int64_t alive = problem.baseBytes;
  if (first > 0)
    alive = across[first - 1];
  else
    for (unsigned t : problem.inputs)
      alive += problem.tensors[t].bytes;
  double sum = 0;
  for (unsigned at = first; at <= last; ++at) {
    const ResidencyNode &node = problem.nodes[order[at]];
    for (unsigned t : node.writes)
      alive += problem.tensors[t].bytes;
    excess[at] =
        static_cast<double>(std::max<int64_t>(alive + node.workspace - target, 0));
    sum += excess[at];
    for (const std::vector<unsigned> *list : {&node.reads, &node.writes})
      for (unsigned t : *list)
        if (isLastUse(t, at))
          alive -= problem.tensors[t].bytes;
    across[at] = alive;
  }
  return sum;
}

void OrderSearch::shift(unsigned from, unsigned to) {
  if (from < to)
    std::rotate(order.begin() + from, order.begin() + from + 1, order.begin() + to + 1);
  else
    std::rotate(order.begin() + to, order.begin() + from, order.begin() + from + 1);
  for (unsigned at = std::min(from, to); at <= std::max(from, to); ++at)
    position[order[at]] = at;
}

unsigned OrderSearch::findEarliest(unsigned node) const {
  unsigned earliest = 0;
  for (unsigned t : problem.nodes[node].reads)
    if (writer[t] != none)
      earliest = std::max(earliest, position[writer[t]] + 1);
  return earliest;
}

unsigned OrderSearch::findLatest(unsigned node) const {
  unsigned latest = order.size() - 1;
  for (unsigned t : problem.nodes[node].writes)
    for (unsigned reader : readers[t])
      latest = std::min(latest, position[reader] - 1);
  return latest;
}

std::vector<unsigned> OrderSearch::run() {
  const unsigned size = order.size();
  if (size < 2)
    return order;
  listGreedily();
  for (unsigned at = 0; at < size; ++at)
    position[order[at]] = at;
  double current = sweep(0, size - 1), best = current, meanBytes = 0;
  for (const ResidencyTensor &tensor : problem.tensors)
    meanBytes += static_cast<double>(tensor.bytes) / problem.tensors.size();
  std::vector<unsigned> bestOrder = order;
  std::vector<int64_t> oldAcross;
  std::vector<double> oldExcess;
  // A step looks at the nodes between two places and at the readers of what they use.
  const int64_t most = 200'000'000;
  int64_t work = 0;
  while (work < most && best > 0) {
    work += 100;
    unsigned from = random.below(size), n = order[from];
    unsigned reach = 1u << (1 + random.below(9));
    unsigned low = std::max(findEarliest(n), from > reach ? from - reach : 0);
    unsigned high = std::min(findLatest(n), from + reach);
    if (low >= high)
      continue;
    unsigned to = low + random.below(high - low + 1);
    if (to == from)
      continue;
    unsigned first = std::min(from, to), last = std::max(from, to);
    oldAcross.assign(across.begin() + first, across.begin() + last + 1);
    oldExcess.assign(excess.begin() + first, excess.begin() + last + 1);
    double before = 0;
    for (double each : oldExcess)
      before += each;
    shift(from, to);
    double after = sweep(first, last);
    work += 40 * (last - first + 1);
    double left = 1 - static_cast<double>(work) / most;
    double temperature = 4 * meanBytes * std::max(left, 0.0) * std::max(left, 0.0);
    if (after - before > temperature * -std::log(1 - random.unit())) {
      shift(to, from);
      std::copy(oldAcross.begin(), oldAcross.end(), across.begin() + first);
      std::copy(oldExcess.begin(), oldExcess.end(), excess.begin() + first);
      continue;
    }
    current += after - before;
    if (current < best) {
      // Differences of large sums leave dust behind.
      current = sweep(0, size - 1);
      best = std::min(best, current);
      bestOrder = order;
    }
  }
  return bestOrder;
}
} // namespace

std::vector<unsigned> findOrder(const ResidencyProblem &problem, int64_t target) {
  return OrderSearch(problem, target).run();
}

} // namespace train::planning
