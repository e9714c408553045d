//===- ResidencyMoves.h - how to have a tensor again -------------------------===//
//
// The step that all searches share: execute a node once more at some place, together with
// whatever it needs there.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_PLANNING_RESIDENCYMOVES_H
#define TRAIN_LIB_PLANNING_RESIDENCYMOVES_H

#include "ResidencyPlan.h"

namespace train::planning {

/// Uniform numbers, the same on every machine (Steele, Lea and Flood's SplitMix64).
class RandomNumbers {
public:
  explicit RandomNumbers(uint64_t seed) : state(seed) {}
  uint64_t next();
  unsigned below(unsigned bound) { return (next() >> 32) * bound >> 32; }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

private:
  uint64_t state;
};

class ResidencyMoves {
public:
  ResidencyMoves(const ResidencyInstance &instance, ResidencyPlan &plan)
      : instance(instance), plan(plan) {}

  /// Inserts `node` right before the execution `user`. What it reads and is not alive
  /// there is had by what is cheapest at `price`: its last value lives longer, its next
  /// repetition moves here, or a recipe of it is executed too. False if something
  /// cannot be had; the plan must be rolled back then. With `random`, choices vary.
  bool insertBefore(unsigned user, unsigned node, RandomNumbers *random = nullptr);

  /// Whether everything that a repetition writes can be read without it.
  bool canRemove(unsigned execution) const;

  /// The repetitions, the dearest first, removed where no position gets more than the
  /// target by it.
  void prune();

  /// Cost that a byte beyond the target at one position counts as.
  double price = 0;

private:
  static constexpr unsigned none = ResidencyInstance::none;
  bool provide(unsigned tensor, unsigned user, unsigned depth, RandomNumbers *random);
  bool insertWithReads(unsigned user, unsigned node, unsigned depth,
                       RandomNumbers *random);

  const ResidencyInstance &instance;
  ResidencyPlan &plan;
  /// Executions inserted right before the user since insertBefore() began.
  unsigned inserted = 0;
};

} // namespace train::planning

#endif // TRAIN_LIB_PLANNING_RESIDENCYMOVES_H
