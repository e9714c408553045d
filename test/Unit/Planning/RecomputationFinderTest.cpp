//===- RecomputationFinderTest.cpp - what one tensor costs to have again ------===//
//
// An answer put into the order has to be a valid plan that needs the tensor's bytes less
// where it was dropped, and nowhere more outside of the answer itself.
//
//===----------------------------------------------------------------------===//
#include "train/Planning/RecomputationFinder.h"
#include "ResidencyInstances.h"

#include <gtest/gtest.h>

#include <numeric>

using namespace train::planning;
using namespace train::planning::test;

namespace {

/// A random step whose backward nodes read half of what they could, so that more is gone
/// than what was dropped.
ResidencyProblem forgetfulStep(unsigned seed) {
  ResidencyProblem problem = randomStep(seed, 3 + seed % 25);
  std::mt19937 engine(seed);
  for (size_t at = problem.forward; at < problem.order.size(); ++at) {
    ResidencyNode &node = problem.nodes[problem.order[at]];
    auto isForgotten = [&](unsigned) { return engine() % 2; };
    // Pairs of in-place results number the reads.
    if (node.inPlace.empty())
      node.reads.erase(std::remove_if(node.reads.begin(), node.reads.end(), isForgotten),
                       node.reads.end());
  }
  return problem;
}

/// Bytes alive at each execution.
std::vector<int64_t> getProfile(const ResidencyProblem &problem,
                                const std::vector<unsigned> &sequence) {
  std::vector<int64_t> change(sequence.size() + 1, 0);
  for (const ResidencyLifetime &life : getLifetimes(problem, sequence)) {
    change[life.first] += life.bytes;
    change[life.last + 1] -= life.bytes;
  }
  std::partial_sum(change.begin(), change.end(), change.begin());
  change.pop_back();
  return change;
}

TEST(RecomputationFinder, WhatIsGoneIsHadAgainToo) {
  // a -> b -> c, and only c is kept for backward, which reads a as well.
  ResidencyBuilder builder;
  unsigned a = builder.input(8), b = builder.tensor(4), c = builder.tensor(2);
  unsigned d = builder.tensor(1);
  unsigned first = builder.node(5, {a}, {b}), second = builder.node(7, {b}, {c});
  builder.problem.forward = 2;
  builder.node(1, {a, c}, {d});
  builder.problem.outputs = {d};
  RecomputationFinder finder(builder.problem);
  EXPECT_EQ(finder.findRead(c, 0), 2u);
  EXPECT_EQ(finder.findRead(b, 2), std::nullopt);
  EXPECT_EQ(finder.find(c, 2), (std::vector<unsigned>{first, second}));

  // With b alive there it is one node.
  builder.problem.nodes[2].reads.push_back(b);
  EXPECT_EQ(RecomputationFinder(builder.problem).find(c, 2),
            std::vector<unsigned>{second});
  builder.problem.nodes[2].reads.pop_back();

  // A dearer detour is taken where the short way may not be, and none where there is
  // none.
  builder.problem.nodes[second].repeatable = false;
  EXPECT_EQ(RecomputationFinder(builder.problem).find(c, 2), std::nullopt);
  unsigned other = builder.node(20, {a}, {c}, /*inOrder=*/false);
  EXPECT_EQ(RecomputationFinder(builder.problem).find(c, 2),
            std::vector<unsigned>{other});

  // What only an input could give that is gone by then is gone.
  builder.problem.nodes[2].reads = {c};
  EXPECT_EQ(RecomputationFinder(builder.problem).find(c, 2), std::nullopt);
}

TEST(RecomputationFinder, AnswersAreValidAndFreeWhatTheySay) {
  size_t found = 0, longer = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    ResidencyProblem problem =
        seed % 3 ? forgetfulStep(seed) : randomStep(seed, 3 + seed % 25);
    ASSERT_FALSE(problem.check());
    const std::vector<int64_t> before = getProfile(problem, problem.order);
    RecomputationFinder finder(problem);
    std::vector<bool> keepsBytes(problem.tensors.size(), false);
    for (unsigned t : problem.outputs)
      keepsBytes[t] = true;
    for (unsigned n : problem.order) {
      for (unsigned t : problem.nodes[n].updates)
        keepsBytes[t] = true;
      // Who gives bytes on in place has no bytes of its own to free.
      for (const InPlacePair &pair : problem.nodes[n].inPlace) {
        keepsBytes[problem.nodes[n].writes[pair.write]] = true;
        keepsBytes[problem.nodes[n].reads[pair.read]] = true;
      }
    }
    for (unsigned position = 0; position < problem.forward; ++position)
      for (unsigned t : problem.nodes[problem.order[position]].writes)
        // The later the read, the more is gone that the tensor was computed from.
        for (auto at = finder.findRead(t, problem.forward); at;
             at = finder.findRead(t, *at + 1)) {
          if (keepsBytes[t])
            continue;
          std::optional<std::vector<unsigned>> again = finder.find(t, *at);
          if (!again)
            continue;
          ++found;
          longer += again->size() > 1;
          ResidencySolution solution;
          solution.sequence.assign(problem.order.begin(), problem.order.begin() + *at);
          solution.sequence.insert(solution.sequence.end(), again->begin(), again->end());
          solution.sequence.insert(solution.sequence.end(), problem.order.begin() + *at,
                                   problem.order.end());
          for (unsigned n : solution.sequence)
            solution.cost += problem.nodes[n].cost;
          const std::vector<int64_t> after = getProfile(problem, solution.sequence);
          solution.peak =
              problem.baseBytes + *std::max_element(after.begin(), after.end());
          EXPECT_EQ(solution.verify(problem), std::nullopt) << "seed " << seed;

          unsigned last = position;
          while (std::optional<unsigned> read = finder.findRead(t, last + 1)) {
            if (*read >= *at)
              break;
            last = *read;
          }
          for (unsigned k = 0; k < before.size(); ++k) {
            int64_t now = after[k < *at ? k : k + again->size()];
            EXPECT_LE(now, before[k]) << "seed " << seed << ", position " << k;
            if (last < k && k < *at)
              EXPECT_LE(now, before[k] - problem.tensors[t].bytes)
                  << "seed " << seed << ", position " << k;
          }
        }
  }
  // Or nothing was tested.
  EXPECT_GT(found, 500u);
  EXPECT_GT(longer, 100u);
}

} // namespace
