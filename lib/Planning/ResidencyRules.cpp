//===- ResidencyRules.cpp - plans that follow from a set of kept tensors -----===//
//
// keepOnly(): the backward part is walked in order; what a node reads and nobody kept is
// had again just before it, together with whatever that needs. Each such need explores
// only the tensors between it and what is alive, so that segments cost what they contain.
//
//===----------------------------------------------------------------------===//
#include "ResidencyInstance.h"

#include <algorithm>
#include <queue>

namespace train::planning {

namespace {
class KeepOnly {
public:
  KeepOnly(const ResidencyProblem &problem, const std::vector<bool> &keep);
  std::vector<unsigned> run();

private:
  static constexpr unsigned none = ResidencyInstance::none;

  bool isAvailable(unsigned t) const;
  bool chooseRecipes(unsigned wanted);
  void execute(unsigned wanted);

  const ResidencyProblem &problem;
  const ResidencyInstance instance;
  unsigned at = 0; ///< position of the order whose reads are being had
  /// Can be read at any time after its first write, at the price of living so long.
  std::vector<bool> stays;
  std::vector<bool> dropped;
  /// The position before which a tensor was had again the last time.
  std::vector<unsigned> hadAt;
  std::vector<unsigned> sequence;

  // State of one search, reset by walking `region`.
  std::vector<unsigned> region;       ///< tensors that may have to be had
  std::vector<bool> inRegion, isDone; ///< per tensor
  std::vector<double> value;          ///< per tensor
  std::vector<unsigned> choice;       ///< per tensor: its recipe
  std::vector<unsigned> missing;      ///< per node: reads not done yet
  std::vector<bool> isNodeSeen;
  std::vector<std::vector<unsigned>> waiting; ///< per tensor: nodes that read it
};

KeepOnly::KeepOnly(const ResidencyProblem &problem, const std::vector<bool> &keep)
    : problem(problem), instance(problem), stays(problem.tensors.size()),
      dropped(problem.tensors.size()), hadAt(problem.tensors.size(), none) {
  for (unsigned t = 0; t < stays.size(); ++t) {
    const std::vector<unsigned> &reads = instance.readAt[t];
    bool inForward = instance.writtenAt[t] < problem.forward;
    bool isLost = instance.recipes[t].empty() && instance.writtenAt[t] != none;
    stays[t] = (t < keep.size() && keep[t]) || instance.isInput[t] ||
               instance.isOutput[t] || instance.isUpdated[t] || isLost;
    dropped[t] =
        !stays[t] && inForward && !reads.empty() && reads.back() >= problem.forward;
  }
  inRegion.resize(stays.size());
  isDone.resize(stays.size());
  value.resize(stays.size());
  choice.assign(stays.size(), none);
  missing.resize(problem.nodes.size());
  isNodeSeen.resize(problem.nodes.size());
  waiting.resize(stays.size());
}

bool KeepOnly::isAvailable(unsigned t) const {
  if (stays[t] || hadAt[t] == at)
    return true;
  if (dropped[t] && hadAt[t] == none)
    return false;
  const std::vector<unsigned> &reads = instance.readAt[t];
  return instance.writtenAt[t] < at && !reads.empty() && reads.back() >= at;
}

/// Knuth's generalization of Dijkstra's algorithm from what is available to `wanted`. A
/// node's value is its own cost and that of its dearest read: the sum over reads would
/// count what they share, again at each level, and double with every residual connection.
bool KeepOnly::chooseRecipes(unsigned wanted) {
  using Entry = std::pair<double, unsigned>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
  std::vector<unsigned> seenNodes;
  auto reach = [&](unsigned n) {
    double most = 0;
    for (unsigned t : problem.nodes[n].reads)
      if (inRegion[t])
        most = std::max(most, value[t]);
    double cost = problem.nodes[n].cost + most;
    for (unsigned t : problem.nodes[n].writes) {
      if (!inRegion[t] || isDone[t] || (choice[t] != none && value[t] <= cost))
        continue;
      value[t] = cost;
      choice[t] = n;
      queue.push({cost, t});
    }
  };
  region.assign(1, wanted);
  inRegion[wanted] = true;
  choice[wanted] = none;
  for (size_t i = 0; i < region.size(); ++i)
    for (unsigned n : instance.recipes[region[i]]) {
      if (isNodeSeen[n] || at < instance.earliest[n] || at > instance.latest[n])
        continue;
      isNodeSeen[n] = true;
      seenNodes.push_back(n);
      missing[n] = 0;
      for (unsigned t : problem.nodes[n].reads) {
        if (!inRegion[t]) {
          if (isAvailable(t))
            continue;
          inRegion[t] = true;
          choice[t] = none;
          region.push_back(t);
        }
        waiting[t].push_back(n);
        ++missing[n];
      }
    }
  for (unsigned n : seenNodes)
    if (missing[n] == 0)
      reach(n);
  bool found = false;
  while (!queue.empty() && !found) {
    auto [cost, t] = queue.top();
    queue.pop();
    if (isDone[t] || cost != value[t])
      continue;
    isDone[t] = true;
    found = t == wanted;
    for (unsigned n : waiting[t])
      if (--missing[n] == 0)
        reach(n);
  }
  for (unsigned t : region) {
    inRegion[t] = isDone[t] = false;
    waiting[t].clear();
  }
  for (unsigned n : seenNodes)
    isNodeSeen[n] = false;
  return found;
}

/// Appends the chosen recipes, those that others read first.
void KeepOnly::execute(unsigned wanted) {
  std::vector<unsigned> stack{wanted};
  while (!stack.empty()) {
    unsigned n = choice[stack.back()];
    if (isAvailable(stack.back())) {
      stack.pop_back();
      continue;
    }
    size_t before = stack.size();
    for (unsigned t : problem.nodes[n].reads)
      if (!isAvailable(t))
        stack.push_back(t);
    if (stack.size() > before) {
      // The one that the order writes first goes first.
      std::sort(stack.begin() + before, stack.end(), [&](unsigned a, unsigned b) {
        return std::pair(instance.writtenAt[a], a) > std::pair(instance.writtenAt[b], b);
      });
      continue;
    }
    sequence.push_back(n);
    for (unsigned t : problem.nodes[n].writes)
      hadAt[t] = at;
    stack.pop_back();
  }
}

std::vector<unsigned> KeepOnly::run() {
  for (at = 0; at < instance.getSize(); ++at) {
    unsigned n = problem.order[at];
    if (at >= problem.forward)
      for (unsigned t : problem.nodes[n].reads) {
        if (isAvailable(t))
          continue;
        if (chooseRecipes(t))
          execute(t);
        else
          stays[t] = true;
      }
    sequence.push_back(n);
  }
  return std::move(sequence);
}
} // namespace

ResidencySolution keepOnly(const ResidencyProblem &problem,
                           const std::vector<bool> &keep) {
  return measure(problem, KeepOnly(problem, keep).run(), "rule");
}

} // namespace train::planning
