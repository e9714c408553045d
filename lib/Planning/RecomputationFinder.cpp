//===- RecomputationFinder.cpp - what it takes to have one tensor again -------===//
//
// Walks from the tensor back to what is alive, settles the cheapest way to have each
// tensor in between, and puts the nodes of those ways in order.
//
//===----------------------------------------------------------------------===//
#include "train/Planning/RecomputationFinder.h"
#include "ResidencyInstance.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace train::planning {

namespace {
/// How a tensor that is not there is had.
struct Way {
  double cost = std::numeric_limits<double>::infinity();
  unsigned node = ResidencyInstance::none;
  bool done = false;
};
using Ways = std::unordered_map<unsigned, Way>;
} // namespace

RecomputationFinder::RecomputationFinder(const ResidencyProblem &problem)
    : instance(std::make_unique<const ResidencyInstance>(problem)) {}

RecomputationFinder::~RecomputationFinder() = default;

std::optional<unsigned> RecomputationFinder::findRead(unsigned tensor,
                                                      unsigned at) const {
  const std::vector<unsigned> &reads = instance->readAt[tensor];
  auto found = std::lower_bound(reads.begin(), reads.end(), at);
  return found == reads.end() ? std::nullopt : std::optional<unsigned>(*found);
}

bool RecomputationFinder::isAlive(unsigned tensor, unsigned at) const {
  unsigned written = instance->writtenAt[tensor];
  if (!instance->isInput[tensor] && (written == ResidencyInstance::none || written >= at))
    return false;
  // What has no bytes lives elsewhere, and longer.
  return instance->problem.tensors[tensor].bytes == 0 || instance->isOutput[tensor] ||
         findRead(tensor, at);
}

/// What `node` reads and is still to be had; what is to come first, last.
static std::vector<unsigned> getOpenReads(const ResidencyInstance &instance,
                                          unsigned node, const Ways &ways) {
  std::vector<unsigned> open;
  for (unsigned t : instance.problem.nodes[node].reads)
    if (auto way = ways.find(t); way != ways.end() && !way->second.done)
      open.push_back(t);
  std::sort(open.begin(), open.end(), [&](unsigned a, unsigned b) {
    return std::pair(instance.writtenAt[a], a) > std::pair(instance.writtenAt[b], b);
  });
  return open;
}

std::optional<std::vector<unsigned>> RecomputationFinder::find(unsigned tensor,
                                                               unsigned at) const {
  const ResidencyProblem &problem = instance->problem;
  Ways ways;
  std::vector<unsigned> gone{tensor}, nodes;
  std::unordered_set<unsigned> seen;
  ways[tensor];
  for (size_t i = 0; i < gone.size(); ++i)
    for (unsigned n : instance->recipes[gone[i]]) {
      if (at < instance->earliest[n] || at > instance->latest[n] ||
          !seen.insert(n).second)
        continue;
      nodes.push_back(n);
      for (unsigned t : problem.nodes[n].reads)
        if (!isAlive(t, at) && ways.try_emplace(t).second)
          gone.push_back(t);
    }

  // Costs only fall and each is a sum along a path, so this ends; nodes were found from
  // the tensor backwards, so the other way round it ends soon.
  for (bool changed = true; changed;) {
    changed = false;
    for (auto n = nodes.rbegin(); n != nodes.rend(); ++n) {
      double dearest = 0;
      for (unsigned t : problem.nodes[*n].reads)
        if (auto way = ways.find(t); way != ways.end())
          dearest = std::max(dearest, way->second.cost);
      double cost = problem.nodes[*n].cost + dearest;
      for (unsigned t : problem.nodes[*n].writes) {
        auto way = ways.find(t);
        if (way == ways.end() || way->second.cost <= cost)
          continue;
        way->second.cost = cost;
        way->second.node = *n;
        changed = true;
      }
    }
  }
  if (ways[tensor].node == ResidencyInstance::none)
    return std::nullopt;

  std::vector<unsigned> found, stack{tensor};
  while (!stack.empty()) {
    Way &way = ways[stack.back()];
    if (way.done) {
      stack.pop_back();
      continue;
    }
    if (std::vector<unsigned> open = getOpenReads(*instance, way.node, ways);
        !open.empty()) {
      stack.insert(stack.end(), open.begin(), open.end());
      continue;
    }
    found.push_back(way.node);
    for (unsigned t : problem.nodes[way.node].writes)
      if (auto written = ways.find(t); written != ways.end())
        written->second.done = true;
    stack.pop_back();
  }
  return found;
}

} // namespace train::planning
