//===- ResidencyInstance.cpp - a residency problem as the solvers see it -----===//
//
// The index over a problem, and the peak and cost of a whole sequence in linear time.
//
//===----------------------------------------------------------------------===//
#include "ResidencyInstance.h"

#include <algorithm>

namespace train::planning {

ResidencyInstance::ResidencyInstance(const ResidencyProblem &problem) : problem(problem) {
  const size_t tensors = problem.tensors.size(), nodes = problem.nodes.size();
  recipes.resize(tensors);
  writtenAt.assign(tensors, none);
  readAt.resize(tensors);
  position.assign(nodes, none);
  earliest.assign(nodes, 0);
  latest.assign(nodes, getSize());
  isInput.assign(tensors, false);
  isOutput = isUpdated = isInput;
  for (unsigned t : problem.inputs)
    isInput[t] = true;
  for (unsigned t : problem.outputs)
    isOutput[t] = true;
  std::vector<std::vector<unsigned>> updatedAt(tensors);
  for (unsigned at = 0; at < getSize(); ++at) {
    const ResidencyNode &node = problem.nodes[problem.order[at]];
    position[problem.order[at]] = at;
    for (unsigned t : node.reads)
      readAt[t].push_back(at);
    for (unsigned t : node.writes)
      writtenAt[t] = at;
    for (unsigned t : node.updates) {
      updatedAt[t].push_back(at);
      isUpdated[t] = true;
    }
  }
  for (unsigned n = 0; n < nodes; ++n) {
    const ResidencyNode &node = problem.nodes[n];
    // Nodes outside the order see the updates that their writer in the order could have
    // seen.
    unsigned like = position[n];
    if (like == none)
      for (unsigned t : node.writes)
        like = std::min(like, writtenAt[t]);
    earliest[n] = static_cast<unsigned>(node.notBefore);
    for (unsigned t : node.reads) {
      if (writtenAt[t] != none)
        earliest[n] = std::max(earliest[n], writtenAt[t] + 1);
      const std::vector<unsigned> &updates = updatedAt[t];
      size_t seen =
          like == none
              ? 0
              : std::lower_bound(updates.begin(), updates.end(), like) - updates.begin();
      if (seen > 0)
        earliest[n] = std::max(earliest[n], updates[seen - 1] + 1);
      if (seen < updates.size())
        latest[n] = std::min(latest[n], updates[seen]);
    }
    // Nothing is had again before it was had the first time.
    for (unsigned t : node.writes)
      if (writtenAt[t] != none)
        earliest[n] = std::max(earliest[n], writtenAt[t] + 1);
    if (node.repeatable && earliest[n] <= latest[n])
      for (unsigned t : node.writes)
        recipes[t].push_back(n);
  }
}

ResidencySolution measure(const ResidencyProblem &problem, std::vector<unsigned> sequence,
                          std::string solver) {
  ResidencySolution solution;
  solution.solver = std::move(solver);
  std::vector<int64_t> change(sequence.size() + 1, 0);
  for (const ResidencyLifetime &life : getLifetimes(problem, sequence)) {
    if (sequence.empty())
      break;
    change[life.first] += life.bytes;
    change[life.last + 1] -= life.bytes;
  }
  int64_t alive = problem.baseBytes;
  solution.peak = alive;
  if (sequence.empty())
    for (unsigned t : problem.inputs)
      solution.peak += problem.tensors[t].bytes;
  const std::vector<bool> leftOut = findLeftOut(problem, sequence);
  for (size_t step = 0; step < sequence.size(); ++step) {
    alive += change[step];
    solution.peak = std::max(solution.peak, alive);
    if (!leftOut[step])
      solution.cost += problem.nodes[sequence[step]].cost;
  }
  solution.sequence = std::move(sequence);
  return solution;
}

ResidencySolution keepEverything(const ResidencyProblem &problem) {
  return measure(problem, problem.order, "keep everything");
}

} // namespace train::planning
