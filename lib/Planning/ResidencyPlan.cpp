//===- ResidencyPlan.cpp - a sequence that can be changed --------------------===//
//
// Each change costs a few shifted arrays and range additions to the profile: about a
// microsecond for hundreds of executions, tens of them for ten thousand.
//
//===----------------------------------------------------------------------===//
#include "ResidencyPlan.h"
#include "ResidencyProfile.h"

#include <algorithm>

namespace train::planning {

ResidencyPlan::ResidencyPlan(const ResidencyInstance &instance) : instance(instance) {
  const ResidencyProblem &problem = instance.problem;
  int64_t total = problem.baseBytes;
  for (const ResidencyTensor &tensor : problem.tensors)
    total += tensor.bytes;
  // Below 2^40 bytes the sum over any number of positions that fits in memory is exact.
  while ((total >> shift) >= int64_t(1) << 40)
    ++shift;
  unit = static_cast<double>(int64_t(1) << shift);
  touches.resize(problem.tensors.size());
  assign(problem.order);
}

void ResidencyPlan::setTarget(int64_t bytes) {
  target = bytes;
  excess = 0;
  overfull = 0;
  for (int64_t each : memory)
    if (each > target) {
      excess += (each - target) >> shift;
      ++overfull;
    }
}

int64_t ResidencyPlan::findPeak() const {
  int64_t peak = instance.problem.baseBytes;
  for (int64_t each : memory)
    peak = std::max(peak, each);
  return peak;
}

void ResidencyPlan::assign(const std::vector<unsigned> &order) {
  const ResidencyProblem &problem = instance.problem;
  const unsigned size = order.size(), base = instance.getSize();
  sequence.clear();
  positions.assign(base, 0);
  nodes.assign(base, 0);
  freeNumbers.clear();
  repetitions.clear();
  repetitionIndex.assign(base, none);
  for (auto &each : touches)
    each.clear();
  unsigned next = 0;
  cost = 0;
  for (unsigned at = 0; at < size; ++at) {
    unsigned n = order[at], execution;
    if (next < base && problem.order[next] == n) {
      execution = next++;
    } else {
      execution = nodes.size();
      nodes.push_back(0);
      positions.push_back(0);
      repetitionIndex.push_back(repetitions.size());
      repetitions.push_back(execution);
    }
    nodes[execution] = n;
    positions[execution] = at;
    sequence.push_back(execution);
    cost += problem.nodes[n].cost;
    for (unsigned t : problem.nodes[n].reads)
      touches[t].push_back({execution, false});
    for (unsigned t : problem.nodes[n].writes)
      touches[t].push_back({execution, true});
  }
  // The profile: runs of each tensor's values.
  memory.assign(size, 0);
  across.assign(size + 1, 0);
  std::vector<int64_t> change(size + 1, 0), changeAcross(size + 2, 0);
  for (unsigned t = 0; t < touches.size(); ++t) {
    int64_t bytes = problem.tensors[t].bytes;
    auto live = [&](unsigned first, unsigned last) {
      change[first] += bytes;
      change[last + 1] -= bytes;
      changeAcross[first + 1] += bytes;
      changeAcross[last + 1] -= bytes;
    };
    unsigned first = instance.isInput[t] ? 0 : none, last = 0;
    for (const Touch &touch : touches[t]) {
      unsigned at = positions[touch.execution];
      if (touch.isWrite) {
        if (first != none)
          live(first, last);
        first = at;
      }
      last = at;
    }
    if (first != none && size > 0)
      live(first, instance.isOutput[t] ? size - 1 : last);
  }
  int64_t alive = problem.baseBytes, passing = 0;
  for (unsigned at = 0; at < size; ++at) {
    alive += change[at];
    passing += changeAcross[at];
    across[at] = passing;
    memory[at] = alive + problem.nodes[order[at]].workspace;
  }
  inPlaceBytes.assign(nodes.size(), 0);
  for (unsigned execution = 0; execution < nodes.size(); ++execution) {
    inPlaceBytes[execution] = getInPlaceBytes(execution);
    memory[positions[execution]] -= inPlaceBytes[execution];
  }
  unsettled.clear();
  commit();
  setTarget(target);
}

std::vector<unsigned> ResidencyPlan::getSequence() const {
  std::vector<unsigned> result;
  result.reserve(sequence.size());
  for (unsigned execution : sequence)
    result.push_back(nodes[execution]);
  return result;
}

unsigned ResidencyPlan::findTouch(unsigned tensor, unsigned at) const {
  const std::vector<Touch> &list = touches[tensor];
  return std::partition_point(
             list.begin(), list.end(),
             [&](const Touch &touch) { return positions[touch.execution] < at; }) -
         list.begin();
}

bool ResidencyPlan::isAliveAt(unsigned tensor, unsigned at) const {
  unsigned next = findTouch(tensor, at);
  return isNeeded(tensor, next) && (next > 0 || instance.isInput[tensor]);
}

bool ResidencyPlan::isAllowedAt(unsigned node, unsigned at) const {
  unsigned earliest = instance.earliest[node], latest = instance.latest[node];
  return (earliest == 0 || positions[earliest - 1] < at) &&
         (latest >= instance.getSize() || at <= positions[latest]);
}

double ResidencyPlan::getAddedExcess(unsigned first, unsigned last, int64_t bytes) const {
  if (first > last)
    return 0;
  work += 40 + (last - first);
  return static_cast<double>(
             measureAdded(&memory[first], last - first + 1, bytes, target, shift)) *
         unit;
}

void ResidencyPlan::add(unsigned first, unsigned last, int64_t bytes) {
  if (first > last)
    return;
  work += 40 + 2 * (last - first);
  AddedExcess added = addToAll(&memory[first], last - first + 1, bytes, target, shift);
  excess += added.bytes;
  overfull += added.positions;
}

void ResidencyPlan::touchChanged(unsigned execution) {
  if (!instance.problem.nodes[nodes[execution]].inPlace.empty())
    unsettled.push_back(execution);
}

void ResidencyPlan::addTouch(unsigned tensor, unsigned execution, bool isWrite) {
  const unsigned at = positions[execution];
  const int64_t bytes = instance.problem.tensors[tensor].bytes;
  std::vector<Touch> &list = touches[tensor];
  unsigned next = findTouch(tensor, at);
  bool needed = isNeeded(tensor, next);
  unsigned before = previous(tensor, next);
  if (next > 0)
    touchChanged(list[next - 1].execution);
  if (isWrite) {
    if (needed) {
      // The value from before ends at its last use; the new one takes over here.
      add(before + 1, at - 1, -bytes);
      for (unsigned k = before + 1; k <= at; ++k)
        across[k] -= bytes;
      if (next > 0)
        suspects.push_back(list[next - 1].execution);
    } else {
      add(at, at, bytes);
    }
  } else if (!needed) {
    add(before + 1, at, bytes);
    for (unsigned k = before + 1; k <= at; ++k)
      across[k] += bytes;
  }
  list.insert(list.begin() + next, {execution, isWrite});
}

void ResidencyPlan::removeTouch(unsigned tensor, unsigned execution) {
  const unsigned at = positions[execution];
  const int64_t bytes = instance.problem.tensors[tensor].bytes;
  std::vector<Touch> &list = touches[tensor];
  unsigned next = findTouch(tensor, at);
  bool isWrite = list[next].isWrite;
  list.erase(list.begin() + next);
  bool needed = isNeeded(tensor, next);
  unsigned before = previous(tensor, next);
  if (next > 0) {
    touchChanged(list[next - 1].execution);
    suspects.push_back(list[next - 1].execution);
  }
  if (isWrite) {
    if (needed) {
      add(before + 1, at - 1, bytes);
      for (unsigned k = before + 1; k <= at; ++k)
        across[k] += bytes;
    } else {
      add(at, at, -bytes);
    }
  } else if (!needed) {
    add(before + 1, at, -bytes);
    for (unsigned k = before + 1; k <= at; ++k)
      across[k] -= bytes;
  }
}

int64_t ResidencyPlan::getInPlaceBytes(unsigned execution) const {
  const ResidencyNode &node = instance.problem.nodes[nodes[execution]];
  if (node.inPlace.empty())
    return 0;
  const auto &tensors = instance.problem.tensors;
  int64_t sum = 0;
  uint64_t taken[4] = {0, 0, 0, 0};
  std::vector<bool> takenMore;
  if (node.reads.size() > 256)
    takenMore.resize(node.reads.size());
  auto isTaken = [&](unsigned r) {
    return takenMore.empty() ? (taken[r / 64] >> r % 64 & 1) != 0 : bool(takenMore[r]);
  };
  for (unsigned w = 0; w < node.writes.size(); ++w)
    for (const InPlacePair &pair : node.inPlace) {
      unsigned t = node.reads[pair.read];
      if (pair.write != w || isTaken(pair.read) || instance.isOutput[t] ||
          tensors[t].bytes != tensors[node.writes[w]].bytes ||
          isNeeded(t, findTouch(t, positions[execution] + 1)))
        continue;
      if (takenMore.empty())
        taken[pair.read / 64] |= uint64_t(1) << pair.read % 64;
      else
        takenMore[pair.read] = true;
      sum += tensors[t].bytes;
      break;
    }
  return sum;
}

void ResidencyPlan::settleInPlace() {
  for (unsigned execution : unsettled) {
    if (positions[execution] == none)
      continue;
    int64_t bytes = getInPlaceBytes(execution);
    if (bytes != inPlaceBytes[execution]) {
      add(positions[execution], positions[execution], inPlaceBytes[execution] - bytes);
      inPlaceBytes[execution] = bytes;
    }
  }
  unsettled.clear();
}

unsigned ResidencyPlan::doInsert(unsigned at, unsigned node) {
  unsigned execution;
  if (freeNumbers.empty()) {
    execution = nodes.size();
    nodes.push_back(0);
    positions.push_back(0);
    inPlaceBytes.push_back(0);
    repetitionIndex.push_back(0);
  } else {
    execution = freeNumbers.back();
    freeNumbers.pop_back();
  }
  nodes[execution] = node;
  inPlaceBytes[execution] = 0;
  repetitionIndex[execution] = repetitions.size();
  repetitions.push_back(execution);
  sequence.insert(sequence.begin() + at, execution);
  for (unsigned k = at; k < sequence.size(); ++k)
    positions[sequence[k]] = k;
  work += 400 + 3 * (sequence.size() - at);
  const ResidencyNode &each = instance.problem.nodes[node];
  memory.insert(memory.begin() + at, target);
  add(at, at, across[at] + instance.problem.baseBytes + each.workspace - target);
  across.insert(across.begin() + at, across[at]);
  cost += each.cost;
  for (unsigned t : each.reads)
    addTouch(t, execution, false);
  for (unsigned t : each.writes)
    addTouch(t, execution, true);
  touchChanged(execution);
  settleInPlace();
  return execution;
}

void ResidencyPlan::doRemove(unsigned execution) {
  const unsigned at = positions[execution];
  const ResidencyNode &each = instance.problem.nodes[nodes[execution]];
  if (inPlaceBytes[execution] != 0)
    add(at, at, inPlaceBytes[execution]);
  for (unsigned t : each.reads)
    removeTouch(t, execution);
  for (unsigned t : each.writes)
    removeTouch(t, execution);
  add(at, at, target - memory[at]);
  memory.erase(memory.begin() + at);
  across.erase(across.begin() + at);
  sequence.erase(sequence.begin() + at);
  for (unsigned k = at; k < sequence.size(); ++k)
    positions[sequence[k]] = k;
  work += 400 + 3 * (sequence.size() - at);
  positions[execution] = none;
  cost -= each.cost;
  unsigned last = repetitions.back();
  repetitions[repetitionIndex[execution]] = last;
  repetitionIndex[last] = repetitionIndex[execution];
  repetitions.pop_back();
  freeNumbers.push_back(execution);
  settleInPlace();
}

unsigned ResidencyPlan::insert(unsigned at, unsigned node) {
  log.push_back({at, node, true});
  return doInsert(at, node);
}

void ResidencyPlan::remove(unsigned execution) {
  log.push_back({positions[execution], nodes[execution], false});
  doRemove(execution);
}

bool ResidencyPlan::isUnread(unsigned execution) const {
  for (unsigned t : instance.problem.nodes[nodes[execution]].writes)
    if (isNeeded(t, findTouch(t, positions[execution] + 1)))
      return false;
  return true;
}

void ResidencyPlan::removeUnread() {
  while (!suspects.empty()) {
    unsigned execution = suspects.back();
    suspects.pop_back();
    if (isRepetition(execution) && positions[execution] != none && isUnread(execution))
      remove(execution);
  }
}

void ResidencyPlan::rollback() {
  while (!log.empty()) {
    Change change = log.back();
    log.pop_back();
    if (change.isInsertion)
      doRemove(sequence[change.at]);
    else
      doInsert(change.at, change.node);
  }
  suspects.clear();
}

} // namespace train::planning
