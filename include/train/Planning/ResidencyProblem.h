//===- ResidencyProblem.h - what to keep, what to compute again --------------===//
//
// The residency planner's problem and solution: plain data without MLIR, so that a
// pass, a tool and a test can state the same question. The solution carries its own
// judge, which shares no code with any solver.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_PLANNING_RESIDENCYPROBLEM_H
#define TRAIN_PLANNING_RESIDENCYPROBLEM_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace train::planning {

/// A run of bytes with a value in it.
struct ResidencyTensor {
  std::string id;
  int64_t bytes = 0;
};

/// A result that may take the place of an operand: `writes[write]` the bytes of
/// `reads[read]`. It does so in an execution where that read is the last of its value, is
/// no output, has as many bytes, and gave its place to no earlier write: for each write
/// in order of index, the first such pair.
struct InPlacePair {
  unsigned write = 0;
  unsigned read = 0;
};

/// A kernel that may be executed, once or more often. What ways there are to have a
/// tensor again (computing it, computing it from its neighbours, fetching it) are nodes
/// that write it.
struct ResidencyNode {
  std::string id;
  /// Time of one execution, in any unit that the whole problem shares.
  double cost = 0;
  /// Bytes alive only while it executes.
  int64_t workspace = 0;
  /// Tensors, each once. All are alive while the node executes.
  std::vector<unsigned> reads;
  /// Tensors, each once, that hold a new value from here on; not among `reads`. All are
  /// alive while the node executes, even those that nobody reads.
  std::vector<unsigned> writes;
  /// Tensors that it overwrites in place, each also among `reads`. No node that writes
  /// such a tensor or that updates one is executed twice, and what an execution
  /// reads of it has seen the same updates as in the given order (nodes outside it: as
  /// the first node of the order that writes one of its writes).
  std::vector<unsigned> updates;
  /// In order of preference; no read among `updates`.
  std::vector<InPlacePair> inPlace;
  /// Whether it may be executed more often than the given order does.
  bool repeatable = true;
  /// Repetitions come after this many first executions of the order.
  size_t notBefore = 0;
};

/// Execute `order`, with repetitions where that saves memory: a cheap complete order
/// whose peak is within a budget.
struct ResidencyProblem {
  std::vector<ResidencyTensor> tensors;
  std::vector<ResidencyNode> nodes;
  /// The given order: nodes, each at most once, of which one at most writes a tensor.
  /// What is not in it is a way to have tensors again. Executions of a solution that are
  /// the first of their node in `order` come in this order.
  std::vector<unsigned> order;
  /// Tensors that hold a value at the start; no node writes them.
  std::vector<unsigned> inputs;
  /// Tensors that have to hold their value at the end.
  std::vector<unsigned> outputs;
  /// Bytes alive all the time besides the tensors.
  int64_t baseBytes = 0;
  /// The number of executions of `order` that are the forward pass; what is written
  /// there and read after it is saved for backward. Zero if unknown.
  size_t forward = 0;

  /// Whether first executions may come in any order instead. The given order then only
  /// says what has to be executed, and is the one that costs and peaks are compared with.
  /// Not with updates.
  bool anyOrder = false;

  /// Whether an execution that updates nothing, and whose values nobody needs before they
  /// are written again, is left out: it takes no time and no bytes, and keeps nothing
  /// alive. It stands in the sequence all the same. The searches and the bounds count it
  /// as any other, so a plan may cost or need less than a bound by what it leaves out.
  bool leavesOutUnread = false;

  /// The first thing wrong with the problem, or nothing. Every other member and every
  /// solver needs a problem that checks.
  std::optional<std::string> check() const;

  /// The sum of the costs of `order`.
  double baseCost() const;
};

/// A complete order. A tensor's value lives from the execution that writes it to the last
/// one that reads it before it is written again; outputs live to the end. What nobody
/// reads is alive at its write alone, an input that nobody reads at the first execution
/// alone.
struct ResidencySolution {
  /// Nodes; those of the problem's order at least once.
  std::vector<unsigned> sequence;
  /// The largest number of bytes alive at one execution.
  int64_t peak = 0;
  /// The sum of the costs of all executions.
  double cost = 0;
  /// The name of the method that found it.
  std::string solver;

  /// Judges the solution by executing it: the first violation (a read of a tensor that
  /// holds no value, or one with other updates than in the given order; an execution that
  /// is missing, or repeated though it must not be; a wrong peak or cost), or nothing.
  std::optional<std::string> verify(const ResidencyProblem &problem) const;
};

/// By execution, whether it is left out because nobody needs its values; none are where
/// the problem does not leave them out.
std::vector<bool> findLeftOut(const ResidencyProblem &problem,
                              const std::vector<unsigned> &sequence);

/// A run of bytes in a solution: one value, or several that took each other's place.
struct ResidencyLifetime {
  /// The tensor of its first value; for workspaces, the number of tensors plus the node.
  unsigned tensor = 0;
  int64_t bytes = 0;
  /// Indices into the sequence, both included. Inputs start at 0.
  size_t first = 0;
  size_t last = 0;
};

/// What is alive when under `sequence`, which can be executed: the storages for an arena
/// planner, workspaces included.
std::vector<ResidencyLifetime> getLifetimes(const ResidencyProblem &problem,
                                            const std::vector<unsigned> &sequence);

} // namespace train::planning

#endif // TRAIN_PLANNING_RESIDENCYPROBLEM_H
