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
    problem.buffers.push_back(
        {"b" + std::to_string(i), lower, upper, 1 + below(largest)});
  }
  return problem;
}

/// `count` pieces of a rectangle of `positions` by `bytes`, cut again and again
/// straight through one piece: the optimum is `bytes`, with no slack anywhere.
inline ArenaProblem perfectPacking(unsigned seed, size_t count, int64_t positions,
                                   int64_t bytes) {
  std::mt19937 engine(seed);
  ArenaProblem problem;
  problem.buffers = {{"p0", 0, positions, bytes}};
  const int64_t grain = bytes / 128;
  while (problem.buffers.size() < count) {
    Buffer &piece = problem.buffers[engine() % problem.buffers.size()];
    Buffer other = piece;
    other.id = "p" + std::to_string(problem.buffers.size());
    int64_t duration = piece.upper - piece.lower;
    if (engine() % 2 != 0 && duration > 1) {
      piece.upper = other.lower = piece.lower + 1 + engine() % (duration - 1);
    } else if (piece.size > grain) {
      int64_t below = grain * (1 + engine() % (piece.size / grain - 1));
      other.size = piece.size - below;
      piece.size = below;
    } else {
      continue;
    }
    problem.buffers.push_back(other);
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
  const int64_t results[12] = {stream,      tokens,     3 * stream, stream,
                               tokens * 16, stream,     stream,     stream,
                               tokens,      4 * stream, 4 * stream, stream};
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
    for (int64_t matrix :
         {3 * width * width, width * width, 4 * width * width, 4 * width * width})
      add(done, ops + 1, matrix);
  }
  return problem;
}

/// Nine buffers whose optimum exceeds their lower bound, which few instances of
/// this size have; sizes are blurred by `seed`, which keeps it so for most.
inline ArenaProblem aboveLowerBound(unsigned seed) {
  std::mt19937 engine(seed);
  const int64_t shape[9][3] = {{1, 3, 3}, {0, 2, 3}, {2, 4, 2}, {4, 7, 3}, {6, 8, 3},
                               {1, 2, 1}, {5, 8, 1}, {3, 5, 2}, {2, 5, 2}};
  ArenaProblem problem;
  for (const auto &[lower, upper, size] : shape)
    problem.buffers.push_back(
        {"b" + std::to_string(problem.buffers.size()), lower, upper,
         size * 16 + (seed ? static_cast<int64_t>(engine() % 3) : 0)});
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
