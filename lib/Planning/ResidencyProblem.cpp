//===- ResidencyProblem.cpp - what a valid residency problem is --------------===//
//
// check(), baseCost() and verify(). The judge executes a plan step by step with nothing
// but the problem at hand; it shares no code with the solvers, which shift profiles of
// bytes, nor with getLifetimes(), which thinks in storages.
//
//===----------------------------------------------------------------------===//
#include "train/Planning/ResidencyProblem.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace train::planning {

static constexpr size_t never = std::numeric_limits<size_t>::max();

static std::string quote(const std::string &id) { return "'" + id + "'"; }

static std::string node(const ResidencyProblem &problem, size_t index) {
  return "node " + quote(problem.nodes[index].id);
}

static std::string tensor(const ResidencyProblem &problem, size_t index) {
  return "tensor " + quote(problem.tensors[index].id);
}

namespace {
/// The parts of check(), in the order in which they may rely on each other.
struct Checker {
  const ResidencyProblem &problem;
  std::vector<bool> isInput, isOutput, isUpdated, isOrdered;

  using Wrong = std::optional<std::string>;

  Wrong checkSizes() {
    int64_t total = problem.baseBytes, workspace = 0;
    if (total < 0)
      return "base bytes must not be negative, got " + std::to_string(total);
    for (size_t t = 0; t < problem.tensors.size(); ++t) {
      int64_t bytes = problem.tensors[t].bytes;
      if (bytes < 0)
        return tensor(problem, t) + " has a negative size " + std::to_string(bytes);
      if (__builtin_add_overflow(total, bytes, &total))
        return "sizes overflow 63 bits at " + tensor(problem, t) + " of " +
               std::to_string(bytes) + " bytes";
    }
    for (size_t n = 0; n < problem.nodes.size(); ++n) {
      const ResidencyNode &each = problem.nodes[n];
      if (each.workspace < 0)
        return node(problem, n) + " has a negative workspace " +
               std::to_string(each.workspace);
      workspace = std::max(workspace, each.workspace);
      if (!std::isfinite(each.cost) || each.cost < 0)
        return node(problem, n) + " has a cost that is negative or not finite";
    }
    if (__builtin_add_overflow(total, workspace, &total))
      return "sizes overflow 63 bits at a workspace of " + std::to_string(workspace) +
             " bytes";
    return std::nullopt;
  }

  /// `list` names tensors, each once.
  Wrong checkList(const std::vector<unsigned> &list, const std::string &what) {
    std::vector<unsigned> sorted(list);
    std::sort(sorted.begin(), sorted.end());
    for (size_t i = 0; i < sorted.size(); ++i) {
      if (sorted[i] >= problem.tensors.size())
        return what + " name tensor " + std::to_string(sorted[i]) + " of " +
               std::to_string(problem.tensors.size());
      if (i > 0 && sorted[i] == sorted[i - 1])
        return what + " name " + tensor(problem, sorted[i]) + " twice";
    }
    return std::nullopt;
  }

  Wrong checkNode(size_t n) {
    const ResidencyNode &each = problem.nodes[n];
    std::string name = node(problem, n);
    if (Wrong wrong = checkList(each.reads, "reads of " + name))
      return wrong;
    if (Wrong wrong = checkList(each.writes, "writes of " + name))
      return wrong;
    if (Wrong wrong = checkList(each.updates, "updates of " + name))
      return wrong;
    auto reads = [&](unsigned t) {
      return std::find(each.reads.begin(), each.reads.end(), t) != each.reads.end();
    };
    for (unsigned t : each.writes) {
      if (reads(t))
        return name + " both reads and writes " + tensor(problem, t);
      if (isInput[t])
        return name + " writes " + tensor(problem, t) + ", which is an input";
    }
    for (unsigned t : each.updates)
      if (!reads(t))
        return name + " updates " + tensor(problem, t) + " without reading it";
    if (each.notBefore > problem.order.size())
      return name + " is not repeated before " + std::to_string(each.notBefore) +
             " executions of the order, which has " +
             std::to_string(problem.order.size());
    for (const InPlacePair &pair : each.inPlace) {
      if (pair.write >= each.writes.size() || pair.read >= each.reads.size())
        return name + " has an in-place pair (write " + std::to_string(pair.write) +
               ", read " + std::to_string(pair.read) + ") beyond its " +
               std::to_string(each.writes.size()) + " writes or " +
               std::to_string(each.reads.size()) + " reads";
      unsigned t = each.reads[pair.read];
      if (std::find(each.updates.begin(), each.updates.end(), t) != each.updates.end())
        return name + " both updates " + tensor(problem, t) + " and gives its place away";
    }
    return std::nullopt;
  }

  /// Updates happen once, in the given order, to values that are written once.
  Wrong checkUpdates() {
    for (size_t n = 0; n < problem.nodes.size(); ++n) {
      const ResidencyNode &each = problem.nodes[n];
      if (!each.updates.empty() && problem.anyOrder)
        return node(problem, n) + " updates " + tensor(problem, each.updates.front()) +
               ", so the order must be kept";
      if (!each.updates.empty() && (each.repeatable || !isOrdered[n]))
        return node(problem, n) + " updates " + tensor(problem, each.updates.front()) +
               ", so it must be executed once: in the order, and not repeatable";
      for (unsigned t : each.writes)
        if (isUpdated[t] && (each.repeatable || !isOrdered[n]))
          return node(problem, n) + " writes " + tensor(problem, t) +
                 ", which is updated, so it must be executed once: in the order, and not "
                 "repeatable";
    }
    return std::nullopt;
  }

  Wrong checkOrder() {
    std::vector<bool> holds = isInput;
    std::vector<size_t> writer(problem.tensors.size(), never);
    for (unsigned n : problem.order) {
      for (unsigned t : problem.nodes[n].reads)
        if (!holds[t])
          return node(problem, n) + " reads " + tensor(problem, t) +
                 " before anything in the order writes it";
      for (unsigned t : problem.nodes[n].writes) {
        if (writer[t] != never)
          return tensor(problem, t) + " is written twice in the order: by " +
                 node(problem, writer[t]) + " and by " + node(problem, n);
        writer[t] = n;
        holds[t] = true;
      }
    }
    for (unsigned t : problem.outputs)
      if (!holds[t])
        return tensor(problem, t) + " is an output, but nothing in the order writes it";
    return std::nullopt;
  }

  Wrong run() {
    if (Wrong wrong = checkSizes())
      return wrong;
    if (Wrong wrong = checkList(problem.inputs, "inputs"))
      return wrong;
    if (Wrong wrong = checkList(problem.outputs, "outputs"))
      return wrong;
    isInput.assign(problem.tensors.size(), false);
    isUpdated = isOutput = isInput;
    isOrdered.assign(problem.nodes.size(), false);
    for (unsigned t : problem.inputs)
      isInput[t] = true;
    for (size_t n = 0; n < problem.nodes.size(); ++n) {
      if (Wrong wrong = checkNode(n))
        return wrong;
      for (unsigned t : problem.nodes[n].updates)
        isUpdated[t] = true;
    }
    for (unsigned n : problem.order) {
      if (n >= problem.nodes.size())
        return "the order names node " + std::to_string(n) + " of " +
               std::to_string(problem.nodes.size());
      if (isOrdered[n])
        return "the order names " + node(problem, n) + " twice";
      isOrdered[n] = true;
    }
    if (problem.forward > problem.order.size())
      return "the forward pass has " + std::to_string(problem.forward) +
             " executions, the order only " + std::to_string(problem.order.size());
    if (Wrong wrong = checkUpdates())
      return wrong;
    return checkOrder();
  }
};
} // namespace

std::optional<std::string> ResidencyProblem::check() const {
  return Checker{*this, {}, {}, {}, {}}.run();
}

double ResidencyProblem::baseCost() const {
  double sum = 0;
  for (unsigned n : order)
    sum += nodes[n].cost;
  return sum;
}

} // namespace train::planning
