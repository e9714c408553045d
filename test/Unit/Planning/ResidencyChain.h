//===- ResidencyChain.h - the dynamic program for chains ---------------------===//
//
// The optimum over plans for a heterogeneous chain that keep what they store until its
// last use: Beaumont, Eyraud-Dubois, Herrmann, Joly, Shilova, "Optimal checkpointing for
// heterogeneous chains" (2019), section 4. Written apart from the planner, which it
// judges.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_TEST_UNIT_PLANNING_RESIDENCYCHAIN_H
#define TRAIN_TEST_UNIT_PLANNING_RESIDENCYCHAIN_H

#include "ResidencyInstances.h"

#include <cmath>
#include <map>

namespace train::planning::test {

class ChainOptimum {
public:
  ChainOptimum(int64_t inputBytes, const std::vector<ChainLayer> &layers)
      : input(inputBytes), layers(layers) {}

  /// The smallest cost of the whole chain within `budget` bytes; infinity where none
  /// fits.
  double solve(int64_t budget) { return solve(0, layers.size() - 1, budget - input); }

private:
  /// The gradient of layer i's result; that of the last is part of its backward node.
  int64_t gradient(size_t i) const {
    return i + 1 < layers.size() ? layers[i + 1].gradient : 0;
  }

  /// Layers s to t, forward and backward, with the input of s stored by the caller and
  /// the gradient of t's result alive, in `m` bytes beside that input.
  double solve(size_t s, size_t t, int64_t m) {
    if (m < 0)
      return INFINITY;
    auto [it, isNew] = known.try_emplace({s, t, m}, INFINITY);
    if (!isNew)
      return it->second;
    const ChainLayer &first = layers[s];
    const int64_t all = first.activation + first.saved;
    double best = INFINITY;
    // Everything that the backward of s needs is kept.
    if (m >= std::max(gradient(t) + all, gradient(s) + all + first.gradient))
      best = first.forward + first.backward + (s < t ? solve(s + 1, t, m - all) : 0);
    // The input of some later layer is stored, nothing before it.
    double forward = 0;
    for (size_t next = s + 1; next <= t; ++next) {
      const ChainLayer &layer = layers[next - 1];
      int64_t before = next - 1 > s ? layers[next - 2].activation : 0;
      if (m < gradient(t) + before + layer.activation + layer.saved)
        break;
      forward += layer.forward;
      best = std::min(best, forward + solve(next, t, m - layer.activation) +
                                solve(s, next - 1, m));
    }
    return known[{s, t, m}] = best;
  }

  int64_t input;
  const std::vector<ChainLayer> layers;
  std::map<std::tuple<size_t, size_t, int64_t>, double> known;
};

} // namespace train::planning::test

#endif // TRAIN_TEST_UNIT_PLANNING_RESIDENCYCHAIN_H
