//===- ResidencyLifetimes.cpp - the storages of a sequence -------------------===//
//
// From a sequence of executions to runs of bytes: first values, each from its write to
// its last read, then storages, in which values take each other's place.
//
//===----------------------------------------------------------------------===//
#include "train/Planning/ResidencyProblem.h"

#include <algorithm>
#include <limits>

namespace train::planning {

static constexpr unsigned none = std::numeric_limits<unsigned>::max();

std::vector<bool> findLeftOut(const ResidencyProblem &problem,
                              const std::vector<unsigned> &sequence) {
  std::vector<bool> leftOut(sequence.size(), false);
  if (!problem.leavesOutUnread)
    return leftOut;
  std::vector<bool> isNeeded(problem.tensors.size(), false);
  for (unsigned t : problem.outputs)
    isNeeded[t] = true;
  for (size_t step = sequence.size(); step-- > 0;) {
    const ResidencyNode &node = problem.nodes[sequence[step]];
    leftOut[step] =
        node.updates.empty() && std::none_of(node.writes.begin(), node.writes.end(),
                                             [&](unsigned t) { return isNeeded[t]; });
    if (leftOut[step])
      continue;
    for (unsigned t : node.writes)
      isNeeded[t] = false;
    for (unsigned t : node.reads)
      isNeeded[t] = true;
  }
  return leftOut;
}

std::vector<ResidencyLifetime> getLifetimes(const ResidencyProblem &problem,
                                            const std::vector<unsigned> &sequence) {
  const std::vector<bool> leftOut = findLeftOut(problem, sequence);
  // Values in order of birth; `live` is the latest value of each tensor.
  std::vector<ResidencyLifetime> values;
  std::vector<unsigned> live(problem.tensors.size(), none);
  std::vector<unsigned> firstValue(sequence.size() + 1, 0);
  auto bear = [&](unsigned t, size_t step) {
    live[t] = values.size();
    values.push_back({t, problem.tensors[t].bytes, step, step});
  };
  for (unsigned t : problem.inputs)
    bear(t, 0);
  for (size_t step = 0; step < sequence.size(); ++step) {
    const ResidencyNode &node = problem.nodes[sequence[step]];
    firstValue[step] = values.size();
    if (leftOut[step])
      continue;
    for (unsigned t : node.reads)
      values[live[t]].last = step;
    for (unsigned t : node.writes)
      bear(t, step);
  }
  std::vector<bool> isOutput(problem.tensors.size(), false);
  for (unsigned t : problem.outputs) {
    isOutput[t] = true;
    if (live[t] != none && !sequence.empty())
      values[live[t]].last = sequence.size() - 1;
  }

  // The storage of each value: its own, or that of the read whose place it takes.
  std::vector<unsigned> storage(values.size(), none);
  std::vector<ResidencyLifetime> storages;
  std::fill(live.begin(), live.end(), none);
  auto place = [&](unsigned value) {
    storage[value] = storages.size();
    storages.push_back(values[value]);
    live[values[value].tensor] = value;
  };
  for (unsigned value = 0; value < problem.inputs.size(); ++value)
    place(value);
  std::vector<bool> taken;
  for (size_t step = 0; step < sequence.size(); ++step) {
    const ResidencyNode &node = problem.nodes[sequence[step]];
    if (leftOut[step])
      continue;
    taken.assign(node.reads.size(), false);
    for (unsigned w = 0; w < node.writes.size(); ++w) {
      unsigned value = firstValue[step] + w;
      for (const InPlacePair &pair : node.inPlace) {
        if (pair.write != w || taken[pair.read])
          continue;
        unsigned from = live[node.reads[pair.read]];
        if (values[from].last != step || values[from].bytes != values[value].bytes ||
            isOutput[values[from].tensor])
          continue;
        taken[pair.read] = true;
        storage[value] = storage[from];
        ResidencyLifetime &shared = storages[storage[from]];
        shared.last = std::max(shared.last, values[value].last);
        break;
      }
      if (storage[value] == none)
        place(value);
      live[node.writes[w]] = value;
    }
    if (node.workspace > 0)
      storages.push_back({static_cast<unsigned>(problem.tensors.size()) + sequence[step],
                          node.workspace, step, step});
  }
  return storages;
}

} // namespace train::planning
