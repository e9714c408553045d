//===- ResidencySolversTest.cpp - plans are valid, good and repeatable -------===//
//
// Every plan is judged by verify(); small ones are compared with an exhaustive search,
// chains with their dynamic program, large ones with the rules.
//
//===----------------------------------------------------------------------===//
#include "train/Planning/ResidencySolvers.h"
#include "ResidencyChain.h"
#include "ResidencyInstances.h"

#include <gtest/gtest.h>

#include <queue>

using namespace train::planning;
using namespace train::planning::test;

namespace {

/// The cheapest way to execute a problem without in-place results and updates, by
/// Dijkstra's algorithm over (executions of the order, tensors held).
double exhaust(const ResidencyProblem &problem, int64_t budget) {
  using State = std::pair<size_t, unsigned>;
  std::map<State, double> known;
  std::priority_queue<std::pair<double, State>, std::vector<std::pair<double, State>>,
                      std::greater<>>
      queue;
  unsigned start = 0, wanted = 0;
  for (unsigned t : problem.inputs)
    start |= 1u << t;
  for (unsigned t : problem.outputs)
    wanted |= 1u << t;
  auto reach = [&](double cost, State state) {
    auto [it, isNew] = known.try_emplace(state, cost);
    if (!isNew && it->second <= cost)
      return;
    it->second = cost;
    queue.push({cost, state});
  };
  reach(0, {0, start});
  while (!queue.empty()) {
    auto [cost, state] = queue.top();
    queue.pop();
    auto [done, held] = state;
    if (known[state] < cost)
      continue;
    if (done == problem.order.size() && (held & wanted) == wanted)
      return cost;
    for (unsigned t = 0; t < problem.tensors.size(); ++t)
      if (held >> t & 1)
        reach(cost, {done, held & ~(1u << t)});
    for (unsigned n = 0; n < problem.nodes.size(); ++n) {
      const ResidencyNode &node = problem.nodes[n];
      bool isNext = done < problem.order.size() && problem.order[done] == n;
      auto place = std::find(problem.order.begin(), problem.order.end(), n);
      if (!isNext && (!node.repeatable ||
                      (place != problem.order.end() &&
                       place - problem.order.begin() >= static_cast<ptrdiff_t>(done))))
        continue;
      unsigned after = held;
      bool canRead = true;
      for (unsigned t : node.reads)
        canRead &= held >> t & 1;
      for (unsigned t : node.writes)
        after |= 1u << t;
      int64_t alive = problem.baseBytes + node.workspace;
      for (unsigned t = 0; t < problem.tensors.size(); ++t)
        alive += after >> t & 1 ? problem.tensors[t].bytes : 0;
      if (canRead && alive <= budget)
        reach(cost + node.cost, {done + isNext, after});
    }
  }
  return INFINITY;
}

std::string judge(const ResidencyProblem &problem, const ResidencySolution &plan) {
  return plan.verify(problem).value_or("valid");
}

TEST(ResidencySolvers, SmallPlansAreOptimalAndBoundsHold) {
  unsigned compared = 0, feasible = 0;
  for (unsigned seed = 0; seed < 60; seed += 2) {
    ResidencyProblem problem = randomStep(seed, 3 + seed % 3);
    if (problem.tensors.size() > 13)
      continue;
    const int64_t top = keepEverything(problem).peak, floor = boundPeak(problem);
    for (int64_t part = 0; part <= 4; ++part) {
      int64_t budget = floor - 1 + (top - floor + 1) * part / 4;
      double optimum = exhaust(problem, budget);
      ResidencySolution plan = solveForBudget(problem, budget);
      ASSERT_EQ(judge(problem, plan), "valid") << "seed " << seed;
      double found = plan.peak <= budget ? plan.cost : INFINITY;
      EXPECT_EQ(found, optimum) << "seed " << seed << ", budget " << budget;
      // The search backwards ends on problems as small as these.
      double bound = boundCost(problem, budget);
      EXPECT_LE(bound, optimum + 1e-6) << "seed " << seed << ", budget " << budget;
      EXPECT_GE(bound, std::min(optimum, 1e300) - 1e-3) << "seed " << seed;
      if (optimum < INFINITY)
        EXPECT_LE(floor, budget) << "seed " << seed;
      ++compared;
      feasible += optimum < INFINITY;
    }
  }
  EXPECT_GT(compared, 50u);
  EXPECT_GT(feasible, 30u);
}

TEST(ResidencySolvers, FrontiersAreValidAndStrictlyMonotone) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    ResidencyProblem problem = randomStep(seed, 5 + 2 * seed);
    std::vector<ResidencySolution> frontier = findFrontier(problem);
    ASSERT_FALSE(frontier.empty());
    EXPECT_EQ(frontier.front().cost, problem.baseCost());
    for (size_t i = 0; i < frontier.size(); ++i) {
      ASSERT_EQ(judge(problem, frontier[i]), "valid") << "seed " << seed;
      EXPECT_GE(frontier[i].peak, boundPeak(problem)) << "seed " << seed;
      EXPECT_LE(boundCost(problem, frontier[i].peak), frontier[i].cost * (1 + 1e-9))
          << "seed " << seed;
      if (i > 0) {
        EXPECT_LT(frontier[i].peak, frontier[i - 1].peak);
        EXPECT_GT(frontier[i].cost, frontier[i - 1].cost);
      }
    }
  }
}

TEST(ResidencySolvers, NoKnownPlanIsBetterThanTheFrontier) {
  for (unsigned seed = 0; seed < 6; ++seed) {
    ResidencyProblem problem = randomStep(seed, 12);
    std::mt19937 engine(seed);
    std::vector<ResidencySolution> rules;
    for (unsigned i = 0; i < 6; ++i) {
      std::vector<bool> keep(problem.tensors.size());
      for (size_t t = 0; t < keep.size(); ++t)
        keep[t] = engine() % 2;
      rules.push_back(keepOnly(problem, keep));
    }
    std::vector<ResidencySolution> frontier = findFrontier(problem, rules);
    for (const ResidencySolution &rule : rules) {
      double best = INFINITY;
      for (const ResidencySolution &point : frontier)
        if (point.peak <= rule.peak)
          best = std::min(best, point.cost);
      EXPECT_LE(best, rule.cost) << "seed " << seed;
    }
  }
}

TEST(ResidencySolvers, ChainsAreNeverDearerThanTheirDynamicProgram) {
  unsigned equal = 0, cheaper = 0;
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 engine(seed);
    auto below = [&](unsigned bound) { return static_cast<int>(engine() % bound); };
    std::vector<ChainLayer> layers;
    for (int i = 0, count = 3 + below(12); i < count; ++i) {
      int64_t gradient = i > 0 ? layers.back().activation : 1 + below(8);
      layers.push_back({1 + below(8), below(3) * below(6), gradient, 1.0 + below(10),
                        1.0 + below(20)});
    }
    ResidencyProblem problem = chain(4, layers);
    ChainOptimum program(4, layers);
    const int64_t top = keepEverything(problem).peak, floor = boundPeak(problem);
    for (int64_t part = 0; part < 4; ++part) {
      int64_t budget = floor + (top - floor) * part / 4;
      double optimum = program.solve(budget);
      ResidencySolution plan = solveForBudget(problem, budget);
      ASSERT_EQ(judge(problem, plan), "valid") << "seed " << seed;
      if (optimum == INFINITY)
        continue;
      EXPECT_LE(plan.peak, budget) << "seed " << seed;
      EXPECT_LE(plan.cost, optimum + 1e-9) << "seed " << seed << ", budget " << budget;
      (plan.cost < optimum - 1e-9 ? cheaper : equal) += 1;
    }
  }
  // The program keeps what it stores until its last use, which is not always best.
  EXPECT_GT(equal, 5u);
  EXPECT_GT(cheaper, 5u);
}

// Homogeneous layers without gradients to carry: Griewank and Walther's closed form. With
// c checkpoints and r repetitions of each layer at most, binomial(c + r, c) layers are
// reached.
TEST(ResidencySolvers, DeepChainsAreRepeatedOnSeveralLevels) {
  std::vector<ChainLayer> layers(60, {10, 0, 10, 1, 2});
  ResidencyProblem problem = chain(10, layers);
  for (int64_t kept : {5, 8, 12}) {
    // The input, `kept` more, and while a backward node runs its result and two
    // gradients.
    int64_t budget = 10 * (kept + 4);
    ChainOptimum program(10, layers);
    ResidencySolution plan = solveForBudget(problem, budget);
    ASSERT_EQ(judge(problem, plan), "valid");
    EXPECT_LE(plan.peak, budget);
    EXPECT_LE(plan.cost, program.solve(budget));
    unsigned most = 0;
    std::vector<unsigned> executions(problem.nodes.size(), 0);
    for (unsigned n : plan.sequence)
      most = std::max(most, ++executions[n]);
    EXPECT_GT(most, kept < 10 ? 2u : 1u);
  }
}

TEST(ResidencySolvers, TransformersBeatTheRules) {
  ResidencyProblem problem = transformer(12, 1 << 20);
  ASSERT_EQ(problem.check().value_or("valid"), "valid");
  std::vector<ResidencySolution> frontier = findFrontier(problem);
  // Keep each layer's input: the tensors that a layer's last addition writes.
  std::vector<bool> keep(problem.tensors.size(), false);
  for (unsigned n = 9; n < problem.forward; n += 10)
    keep[problem.nodes[problem.order[n]].writes.front()] = true;
  ResidencySolution rule = keepOnly(problem, keep);
  ASSERT_EQ(judge(problem, rule), "valid");
  const double base = problem.baseCost();
  double half = INFINITY, better = INFINITY;
  const int64_t top = frontier.front().peak, floor = boundPeak(problem);
  for (const ResidencySolution &point : frontier) {
    ASSERT_EQ(judge(problem, point), "valid");
    if (point.peak <= rule.peak)
      better = std::min(better, point.cost);
    if (point.peak - floor <= (top - floor) / 2)
      half = std::min(half, point.cost);
  }
  EXPECT_LT(rule.peak, top);
  // Within one step of the grid of it, and mostly far below.
  EXPECT_LE(better, rule.cost + 0.01 * base);
  EXPECT_LE(half, 1.10 * base);
}

// Branches that each begin large and end small, all beginnings first in the given order.
TEST(ResidencySolvers, AnotherOrderMaySaveAllRepetitions) {
  ResidencyBuilder builder;
  unsigned x = builder.input(1);
  std::vector<unsigned> large, small;
  for (int i = 0; i < 12; ++i)
    builder.node(5, {x}, {large.emplace_back(builder.tensor(20))});
  for (unsigned t : large)
    builder.node(5, {t}, {small.emplace_back(builder.tensor(1))});
  builder.node(1, small, {builder.tensor(1)});
  builder.problem.anyOrder = true;
  const int64_t budget = 1 + 20 + 12;
  ResidencySolution plan = solveForBudget(builder.problem, budget);
  ASSERT_EQ(judge(builder.problem, plan), "valid");
  EXPECT_LE(plan.peak, budget);
  EXPECT_EQ(plan.cost, builder.problem.baseCost());
  std::vector<ResidencySolution> frontier = findFrontier(builder.problem);
  ASSERT_EQ(frontier.size(), 1u);
  EXPECT_LE(frontier[0].peak, budget);
  EXPECT_EQ(judge(builder.problem, frontier[0]), "valid");
}

// One of two branches is at its widest while the other one's end is alive.
TEST(ResidencySolvers, SmallestPeaksAreBoundedByWhatComesBefore) {
  ResidencyBuilder builder;
  unsigned x = builder.input(1);
  std::vector<unsigned> ends;
  for (int i = 0; i < 2; ++i) {
    unsigned wide = builder.tensor(30);
    builder.node(1, {x}, {wide});
    builder.node(1, {wide}, {ends.emplace_back(builder.tensor(10))});
  }
  builder.node(1, ends, {builder.tensor(1)});
  for (bool anyOrder : {false, true}) {
    builder.problem.anyOrder = anyOrder;
    // The widest node alone needs 40 bytes.
    EXPECT_EQ(boundPeak(builder.problem), 10 + 30 + 10);
    ResidencySolution plan = solveForBudget(builder.problem, 1);
    EXPECT_EQ(judge(builder.problem, plan), "valid");
    EXPECT_EQ(plan.peak, 10 + 30 + 10);
  }
}

// Random graphs on which annealing alone ends above the budget.
TEST(ResidencySolvers, WhateverFitsIsFoundCloseToTheSmallestPeak) {
  for (unsigned seed : {6, 7}) {
    std::mt19937 engine(seed);
    auto below = [&](unsigned bound) { return static_cast<unsigned>(engine() % bound); };
    ResidencyBuilder builder;
    std::vector<unsigned> have;
    for (unsigned i = 0; i < 40; ++i) {
      std::vector<unsigned> reads;
      for (unsigned r = 0; r < 3 && i > 0; ++r) {
        unsigned back = below(4) ? below(8) : below(20);
        unsigned t = have[i - 1 - std::min(back, i - 1)];
        if (std::find(reads.begin(), reads.end(), t) == reads.end())
          reads.push_back(t);
      }
      have.push_back(builder.tensor(1 + below(60)));
      builder.node(1 + below(20), reads, {have.back()});
    }
    std::vector<bool> isRead(builder.problem.tensors.size(), false);
    for (const ResidencyNode &node : builder.problem.nodes)
      for (unsigned t : node.reads)
        isRead[t] = true;
    std::vector<unsigned> ends;
    for (unsigned t : have)
      if (!isRead[t])
        ends.push_back(t);
    builder.node(1, ends, {builder.tensor(1)});
    builder.problem.anyOrder = true;
    const int64_t floor = boundPeak(builder.problem);
    const int64_t budget = floor + floor / 8;
    ResidencySolution plan = solveForBudget(builder.problem, budget);
    EXPECT_EQ(judge(builder.problem, plan), "valid") << "seed " << seed;
    EXPECT_LE(plan.peak, budget) << "seed " << seed;
  }
}

TEST(ResidencySolvers, EqualProblemsHaveEqualPlans) {
  ResidencyProblem problem = randomStep(5, 16);
  std::vector<ResidencySolution> first = findFrontier(problem),
                                 second = findFrontier(problem);
  ASSERT_EQ(first.size(), second.size());
  for (size_t i = 0; i < first.size(); ++i)
    EXPECT_EQ(first[i].sequence, second[i].sequence);
  int64_t budget = (first.front().peak + first.back().peak) / 2;
  EXPECT_EQ(solveForBudget(problem, budget).sequence,
            solveForBudget(problem, budget).sequence);
}

TEST(ResidencySolvers, EdgesOfTheProblem) {
  ResidencyProblem empty;
  ASSERT_FALSE(empty.check());
  EXPECT_EQ(judge(empty, keepEverything(empty)), "valid");
  EXPECT_EQ(findFrontier(empty).size(), 1u);
  EXPECT_EQ(judge(empty, solveForBudget(empty, 0)), "valid");
  EXPECT_EQ(boundCost(empty, 0), 0);

  // Nothing may be repeated, and all costs and sizes are zero.
  ResidencyProblem fixed = randomStep(4, 10);
  for (ResidencyNode &node : fixed.nodes)
    node.repeatable = false, node.cost = 0;
  EXPECT_EQ(findFrontier(fixed).size(), 1u);
  EXPECT_EQ(solveForBudget(fixed, 1).sequence, fixed.order);
  EXPECT_EQ(boundPeak(fixed), keepEverything(fixed).peak);

  // Free repetitions and sizes near the end of the range.
  ResidencyProblem large =
      chain(1, std::vector<ChainLayer>(8, {int64_t(1) << 58, 0, 1, 0, 1}));
  ASSERT_FALSE(large.check());
  ResidencySolution plan = solveForBudget(large, (int64_t(1) << 58) * 4);
  EXPECT_EQ(judge(large, plan), "valid");
  EXPECT_LE(plan.peak, (int64_t(1) << 58) * 4);
}

} // namespace
