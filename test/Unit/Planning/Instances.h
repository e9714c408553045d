//===- Instances.h - arena instances that several tests share -------------===//
//
// Generated, not stored: small random ones that brute force can answer, and one
// shaped like a transformer's training step, with its long-lived parameters,
// saved activations that nest, and short-lived gradients.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_TEST_UNIT_PLANNING_INSTANCES_H
#define TRAIN_TEST_UNIT_PLANNING_INSTANCES_H

#include "train/Planning/ArenaProblem.h"

#include <algorithm>
#include <numeric>
#include <random>

namespace train::planning::test {

inline ArenaProblem randomProblem(unsigned seed, size_t count, int64_t positions,
                                  int64_t largest) {
  std::mt19937 engine(seed);
  auto below = [&](int64_t bound) { return static_cast<int64_t>(engine() % bound); };
  ArenaProblem problem;
  for (size_t i = 0; i < count; ++i) {
    int64_t lower = below(positions);
    int64_t upper = lower + 1 + below(positions - lower);
    problem.buffers.push_back({"b" + std::to_string(i), lower, upper, 1 + below(largest)});
  }
  return problem;
}

/// `layers` transformer layers, forward and backward: about 28 buffers each.
inline ArenaProblem transformerStep(int64_t layers, int64_t width, int64_t tokens) {
  ArenaProblem problem;
  const int64_t opsPerLayer = 12, ops = 2 * layers * opsPerLayer;
  auto add = [&](int64_t lower, int64_t upper, int64_t elements) {
    problem.buffers.push_back(
        {"v" + std::to_string(problem.buffers.size()), lower, upper, elements * 4});
  };
  // Elements of the twelve results of a layer's forward, and whether the
  // backward reads them.
  const int64_t stream = tokens * width;
  const int64_t results[12] = {stream, tokens, 3 * stream, stream, tokens * 16, stream,
                               stream, stream, tokens,     4 * stream, 4 * stream, stream};
  const bool saved[12] = {true, true, true, true, true, false,
                          true, true, true, true, true, false};
  for (int64_t layer = 0; layer < layers; ++layer) {
    for (int64_t op = 0; op < opsPerLayer; ++op) {
      int64_t forward = layer * opsPerLayer + op, backward = ops - 1 - forward;
      add(forward, saved[op] ? backward + 1 : forward + 2, results[op]);
      add(backward, backward + 2, results[op]);
    }
    // Weight gradients live from their layer's backward to the optimizer.
    int64_t done = ops - 1 - layer * opsPerLayer;
    for (int64_t matrix : {3 * width * width, width * width, 4 * width * width, 4 * width * width})
      add(done, ops + 1, matrix);
  }
  return problem;
}

/// The smallest arena, by trying every order in which buffers can be stacked:
/// pushing all buffers of an optimal solution down keeps it optimal, and makes
/// it the stack in the order of its offsets.
inline int64_t bruteForcePeak(const ArenaProblem &problem) {
  const auto &buffers = problem.buffers;
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), 0);
  int64_t best = INT64_MAX;
  do {
    std::vector<int64_t> top(buffers.size());
    int64_t peak = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      const Buffer &a = buffers[order[i]];
      int64_t offset = 0;
      for (size_t j = 0; j < i; ++j) {
        const Buffer &b = buffers[order[j]];
        if (a.lower < b.upper && b.lower < a.upper)
          offset = std::max(offset, top[order[j]]);
      }
      top[order[i]] = offset + problem.paddedSize(a);
      peak = std::max(peak, top[order[i]]);
    }
    best = std::min(best, peak);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

} // namespace train::planning::test

#endif // TRAIN_TEST_UNIT_PLANNING_INSTANCES_H
