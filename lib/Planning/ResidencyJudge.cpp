//===- ResidencyJudge.cpp - what a valid residency plan is -------------------===//
//
// verify(): executes a plan step by step with nothing but the problem at hand. It shares
// no code with the solvers, which shift profiles of bytes, nor with getLifetimes(), which
// thinks in storages.
//
//===----------------------------------------------------------------------===//
#include "train/Planning/ResidencyProblem.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace train::planning {

static constexpr size_t never = std::numeric_limits<size_t>::max();

static std::string node(const ResidencyProblem &problem, size_t index) {
  return "node '" + problem.nodes[index].id + "'";
}

static std::string tensor(const ResidencyProblem &problem, size_t index) {
  return "tensor '" + problem.tensors[index].id + "'";
}

namespace {
/// Executes a plan.
class Judge {
public:
  Judge(const ResidencyProblem &problem, const ResidencySolution &solution)
      : problem(problem), solution(solution), tensors(problem.tensors.size()) {}

  std::optional<std::string> run();

private:
  struct Tensor {
    bool isOutput = false;
    bool holds = false;
    /// Updates that its value has seen.
    size_t version = 0;
  };

  using Wrong = std::optional<std::string>;
  void findLastUses();
  void findVersions();
  Wrong checkPlace(size_t step);
  void execute(size_t step);
  std::string at(size_t step) const {
    return "step " + std::to_string(step) + ": " + node(problem, solution.sequence[step]);
  }

  const ResidencyProblem &problem;
  const ResidencySolution &solution;
  std::vector<Tensor> tensors;
  /// Per step and tensor that it reads, then writes: the last use of the value, seen from
  /// here. Per step, because a tensor has several values.
  std::vector<std::vector<size_t>> readUntil, writeUntil;
  /// Per node and read: the updates that the value must have seen.
  std::vector<std::vector<size_t>> versions;
  std::vector<bool> ordered, executed;
  /// Per step: whether it is left out.
  std::vector<bool> idle;
  std::vector<unsigned> unread;
  size_t nextInOrder = 0;
  int64_t alive = 0, peak = 0;
  double cost = 0;
};

void Judge::findLastUses() {
  const std::vector<unsigned> &sequence = solution.sequence;
  // Backwards: until when the value that a tensor holds before this step is needed.
  std::vector<size_t> until(tensors.size(), 0);
  std::vector<bool> needed(tensors.size(), false);
  for (unsigned t : problem.outputs) {
    tensors[t].isOutput = true;
    until[t] = never;
    needed[t] = true;
  }
  readUntil.resize(sequence.size());
  writeUntil.resize(sequence.size());
  idle.assign(sequence.size(), false);
  for (size_t step = sequence.size(); step-- > 0;) {
    const ResidencyNode &each = problem.nodes[sequence[step]];
    bool isRead = false;
    for (unsigned t : each.writes)
      isRead = isRead || needed[t];
    if (problem.leavesOutUnread && each.updates.empty() && !isRead) {
      idle[step] = true;
      continue;
    }
    for (unsigned t : each.writes) {
      writeUntil[step].push_back(needed[t] ? until[t] : step);
      needed[t] = false;
    }
    for (unsigned t : each.reads) {
      if (!needed[t])
        until[t] = step;
      needed[t] = true;
      readUntil[step].push_back(until[t]);
    }
  }
  for (unsigned t : problem.inputs)
    if (!needed[t])
      unread.push_back(t);
}

void Judge::findVersions() {
  std::vector<size_t> now(tensors.size(), 0);
  std::vector<size_t> writtenAt(tensors.size(), never);
  versions.resize(problem.nodes.size());
  std::vector<std::vector<size_t>> updatedAt(tensors.size());
  for (size_t position = 0; position < problem.order.size(); ++position) {
    unsigned n = problem.order[position];
    ordered[n] = true;
    for (unsigned t : problem.nodes[n].reads)
      versions[n].push_back(updatedAt[t].size());
    for (unsigned t : problem.nodes[n].writes)
      writtenAt[t] = position;
    for (unsigned t : problem.nodes[n].updates)
      updatedAt[t].push_back(position);
  }
  // Another way to have tensors again reads what their writer in the order could have
  // read.
  for (size_t n = 0; n < problem.nodes.size(); ++n) {
    if (ordered[n])
      continue;
    size_t position = never;
    for (unsigned t : problem.nodes[n].writes)
      position = std::min(position, writtenAt[t]);
    for (unsigned t : problem.nodes[n].reads) {
      const std::vector<size_t> &updates = updatedAt[t];
      versions[n].push_back(
          position == never ? 0
                            : std::lower_bound(updates.begin(), updates.end(), position) -
                                  updates.begin());
    }
  }
}

Judge::Wrong Judge::checkPlace(size_t step) {
  unsigned n = solution.sequence[step];
  const ResidencyNode &each = problem.nodes[n];
  if (ordered[n] && !executed[n]) {
    if (!problem.anyOrder && problem.order[nextInOrder] != n)
      return at(step) + " is executed before " +
             node(problem, problem.order[nextInOrder]) +
             ", which precedes it in the order";
    ++nextInOrder;
  } else if (!each.repeatable) {
    return at(step) + " is executed " +
           (ordered[n] ? "again" : "without being in the order") +
           " and is not repeatable";
  } else if (nextInOrder < each.notBefore) {
    return at(step) + " is a repetition after " + std::to_string(nextInOrder) +
           " executions of the order, not after " + std::to_string(each.notBefore);
  }
  executed[n] = true;
  if (idle[step])
    return std::nullopt;
  for (size_t i = 0; i < each.reads.size(); ++i) {
    const Tensor &read = tensors[each.reads[i]];
    if (!read.holds)
      return at(step) + " reads " + tensor(problem, each.reads[i]) +
             ", which holds no value";
    if (read.version != versions[n][i])
      return at(step) + " reads " + tensor(problem, each.reads[i]) + " after " +
             std::to_string(read.version) + " updates instead of " +
             std::to_string(versions[n][i]);
  }
  return std::nullopt;
}

void Judge::execute(size_t step) {
  const ResidencyNode &each = problem.nodes[solution.sequence[step]];
  // What an execution writes needs its bytes beside what it reads, except in place.
  std::vector<bool> taken(each.reads.size(), false);
  int64_t released = 0;
  for (size_t w = 0; w < each.writes.size(); ++w) {
    unsigned t = each.writes[w];
    tensors[t].holds = true;
    tensors[t].version = 0;
    int64_t bytes = problem.tensors[t].bytes;
    bool inPlace = false;
    for (const InPlacePair &pair : each.inPlace) {
      unsigned from = pair.write == w ? each.reads[pair.read] : t;
      if (from == t || taken[pair.read] || problem.tensors[from].bytes != bytes ||
          tensors[from].isOutput || readUntil[step][pair.read] != step)
        continue;
      taken[pair.read] = inPlace = true;
      break;
    }
    if (!inPlace)
      alive += bytes;
    if (writeUntil[step][w] == step)
      released += bytes;
  }
  peak = std::max(peak, alive + each.workspace);
  for (size_t r = 0; r < each.reads.size(); ++r)
    if (readUntil[step][r] == step && !taken[r])
      released += problem.tensors[each.reads[r]].bytes;
  alive -= released;
  for (unsigned t : each.updates)
    ++tensors[t].version;
  cost += each.cost;
}

std::optional<std::string> Judge::run() {
  for (size_t step = 0; step < solution.sequence.size(); ++step)
    if (solution.sequence[step] >= problem.nodes.size())
      return "step " + std::to_string(step) + " names node " +
             std::to_string(solution.sequence[step]) + " of " +
             std::to_string(problem.nodes.size());
  ordered.assign(problem.nodes.size(), false);
  executed = ordered;
  findLastUses();
  findVersions();
  alive = peak = problem.baseBytes;
  for (unsigned t : problem.inputs) {
    tensors[t].holds = true;
    alive += problem.tensors[t].bytes;
  }
  for (size_t step = 0; step < solution.sequence.size(); ++step) {
    if (Wrong wrong = checkPlace(step))
      return wrong;
    if (idle[step])
      peak = std::max(peak, alive);
    else
      execute(step);
    if (step == 0)
      for (unsigned t : unread)
        alive -= problem.tensors[t].bytes;
  }
  for (unsigned n : problem.order)
    if (!executed[n])
      return node(problem, n) + " is never executed";
  if (solution.peak != peak)
    return "the peak is " + std::to_string(peak) + " bytes, not " +
           std::to_string(solution.peak);
  if (!(std::abs(solution.cost - cost) <= 1e-9 * std::max(1.0, cost)))
    return "the cost is " + std::to_string(cost) + ", not " +
           std::to_string(solution.cost);
  return std::nullopt;
}
} // namespace

std::optional<std::string>
ResidencySolution::verify(const ResidencyProblem &problem) const {
  return Judge(problem, *this).run();
}

} // namespace train::planning
