//===- ResidencyPlan.h - a sequence that can be changed ----------------------===//
//
// The solvers' working state: a sequence of executions with its profile of bytes, kept up
// to date under single insertions and removals, and undone as easily. The executions of
// the given order always stay; everything else comes and goes.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_PLANNING_RESIDENCYPLAN_H
#define TRAIN_LIB_PLANNING_RESIDENCYPLAN_H

#include "ResidencyInstance.h"

namespace train::planning {

class ResidencyPlan {
public:
  static constexpr unsigned none = ResidencyInstance::none;

  /// A use of a tensor by an execution.
  struct Touch {
    unsigned execution;
    bool isWrite;
  };

  /// The given order.
  explicit ResidencyPlan(const ResidencyInstance &instance);

  /// Sets the bytes beyond which a position counts as excess.
  void setTarget(int64_t bytes);
  int64_t getTarget() const { return target; }

  unsigned getSize() const { return static_cast<unsigned>(sequence.size()); }
  /// Executions have numbers that stay as positions shift; those of the order have their
  /// position in it.
  unsigned getExecution(unsigned at) const { return sequence[at]; }
  unsigned getPosition(unsigned execution) const { return positions[execution]; }
  unsigned getNode(unsigned execution) const { return nodes[execution]; }
  bool isRepetition(unsigned execution) const { return execution >= instance.getSize(); }
  /// The executions beyond the order, in no particular order.
  const std::vector<unsigned> &getRepetitions() const { return repetitions; }
  const std::vector<Touch> &getTouches(unsigned tensor) const { return touches[tensor]; }
  const std::vector<int64_t> &getProfile() const { return memory; }

  double getCost() const { return cost; }
  /// The sum over positions of bytes beyond the target, and how many such positions.
  double getExcess() const { return static_cast<double>(excess) * unit; }
  unsigned getOverfull() const { return overfull; }
  int64_t findPeak() const;
  /// Work done so far, in units of about a nanosecond.
  int64_t getWork() const { return work; }

  /// The first touch of a tensor at or after position `at`.
  unsigned findTouch(unsigned tensor, unsigned at) const;
  /// Whether an execution inserted at `at` can read the tensor without extending its
  /// life.
  bool isAliveAt(unsigned tensor, unsigned at) const;
  /// Whether `node` may stand at position `at`.
  bool isAllowedAt(unsigned node, unsigned at) const;
  /// The sum of excess that `bytes` more in [first, last] would add.
  double getAddedExcess(unsigned first, unsigned last, int64_t bytes) const;

  /// Inserts an execution of `node` before position `at`, extending the lives of what it
  /// reads; 0 < at < getSize(). Returns its number.
  unsigned insert(unsigned at, unsigned node);
  /// Removes a repetition; readers of what it wrote read earlier values.
  void remove(unsigned execution);
  /// Removes repetitions that nobody reads, among those that changes since the last call
  /// or undo may have left so.
  void removeUnread();

  /// Changes since the last commit() are undone by rollback().
  void commit() { log.clear(), suspects.clear(); }
  void rollback();

  /// Replaces all repetitions by those of `sequence`, which can be executed.
  void assign(const std::vector<unsigned> &sequence);
  std::vector<unsigned> getSequence() const;

private:
  struct Change {
    unsigned at, node;
    bool isInsertion;
  };

  void add(unsigned first, unsigned last, int64_t bytes);
  void addTouch(unsigned tensor, unsigned execution, bool isWrite);
  void removeTouch(unsigned tensor, unsigned execution);
  void touchChanged(unsigned execution);
  void settleInPlace();
  int64_t getInPlaceBytes(unsigned execution) const;
  bool isUnread(unsigned execution) const;
  /// Whether the value before touch `next` is needed there.
  bool isNeeded(unsigned tensor, unsigned next) const {
    return next < touches[tensor].size() ? !touches[tensor][next].isWrite
                                         : instance.isOutput[tensor];
  }
  /// The position of the touch before `next`; inputs are touched at the start.
  unsigned previous(unsigned tensor, unsigned next) const {
    return next > 0 ? positions[touches[tensor][next - 1].execution] : 0;
  }
  unsigned doInsert(unsigned at, unsigned node);
  void doRemove(unsigned execution);

  const ResidencyInstance &instance;
  int64_t target = std::numeric_limits<int64_t>::max();
  /// Excess is summed in units of this many bytes, so that no sum overflows.
  double unit = 1;
  int shift = 0;
  int64_t excess = 0;
  unsigned overfull = 0;
  double cost = 0;
  mutable int64_t work = 0;

  std::vector<unsigned> sequence; ///< by position
  std::vector<int64_t> memory;    ///< by position
  std::vector<int64_t> across;    ///< bytes alive from one to the next
  std::vector<unsigned> positions, nodes, freeNumbers; ///< by execution
  std::vector<int64_t> inPlaceBytes;                   ///< by execution
  std::vector<unsigned> repetitions, repetitionIndex;
  std::vector<std::vector<Touch>> touches; ///< by tensor
  std::vector<Change> log;
  std::vector<unsigned> suspects;
  std::vector<unsigned> unsettled; ///< executions whose in-place results may change
};

} // namespace train::planning

#endif // TRAIN_LIB_PLANNING_RESIDENCYPLAN_H
