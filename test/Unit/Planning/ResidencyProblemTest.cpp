//===- ResidencyProblemTest.cpp - problems, plans and their judge ------------===//
//
// check() refuses each kind of wrong problem, verify() each kind of wrong plan, and the
// two accounts of bytes, step by step and by storages, agree.
//
//===----------------------------------------------------------------------===//
#include "ResidencyInstances.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

using namespace train::planning;
using namespace train::planning::test;
using testing::HasSubstr;

namespace {

/// a = w1 x, b = w2 a, c = w3 b, loss from c; backwards each needs what came before it.
ResidencyProblem threeLayers() {
  return chain(4, {{4, 0, 4, 1, 2}, {4, 0, 4, 1, 2}, {4, 0, 4, 1, 2}});
}

ResidencySolution planned(const ResidencyProblem &problem, std::vector<unsigned> sequence,
                          int64_t peak) {
  ResidencySolution solution;
  solution.peak = peak;
  for (unsigned n : sequence)
    solution.cost += n < problem.nodes.size() ? problem.nodes[n].cost : 0;
  solution.sequence = std::move(sequence);
  return solution;
}

std::string whatIsWrong(const ResidencyProblem &problem) {
  return problem.check().value_or("nothing");
}

TEST(ResidencyProblem, EachViolationIsNamed) {
  const ResidencyProblem good = threeLayers();
  EXPECT_EQ(whatIsWrong(good), "nothing");
  auto broken = [&](auto &&change) {
    ResidencyProblem problem = good;
    change(problem);
    return whatIsWrong(problem);
  };
  using P = ResidencyProblem &;
  EXPECT_EQ(broken([](P p) { p.tensors[2].bytes = -3; }),
            "tensor 't2' has a negative size -3");
  EXPECT_THAT(broken([](P p) { p.tensors[1].bytes = INT64_MAX - 2; }),
              HasSubstr("sizes overflow 63 bits at tensor 't1'"));
  EXPECT_THAT(broken([](P p) { p.nodes[0].workspace = INT64_MAX - 2; }),
              HasSubstr("sizes overflow 63 bits at a workspace"));
  EXPECT_EQ(broken([](P p) { p.baseBytes = -1; }),
            "base bytes must not be negative, got -1");
  EXPECT_EQ(broken([](P p) { p.nodes[1].workspace = -1; }),
            "node 'n1' has a negative workspace -1");
  EXPECT_EQ(broken([](P p) { p.nodes[1].cost = std::nan(""); }),
            "node 'n1' has a cost that is negative or not finite");
  EXPECT_EQ(broken([](P p) { p.nodes[1].cost = -1; }),
            "node 'n1' has a cost that is negative or not finite");
  EXPECT_EQ(broken([](P p) { p.nodes[1].reads = {99}; }),
            "reads of node 'n1' name tensor 99 of 7");
  EXPECT_EQ(broken([](P p) { p.nodes[1].reads = {1, 1}; }),
            "reads of node 'n1' name tensor 't1' twice");
  EXPECT_EQ(broken([](P p) { p.nodes[1].reads = {2}; }),
            "node 'n1' both reads and writes tensor 't2'");
  EXPECT_EQ(broken([](P p) { p.nodes[1].writes = {0}; }),
            "node 'n1' writes tensor 't0', which is an input");
  EXPECT_EQ(broken([](P p) { p.nodes[2].writes = {2}, p.nodes[2].reads = {1}; }),
            "tensor 't2' is written twice in the order: by node 'n1' and by node 'n2'");
  EXPECT_EQ(broken([](P p) { p.order = {1, 0, 2, 3, 4, 5}; }),
            "node 'n1' reads tensor 't1' before anything in the order writes it");
  EXPECT_EQ(broken([](P p) { p.order = {0, 1, 1}; }), "the order names node 'n1' twice");
  EXPECT_EQ(broken([](P p) { p.order = {0, 17}; }), "the order names node 17 of 6");
  EXPECT_EQ(broken([](P p) { p.order.pop_back(), p.forward = 0; }),
            "tensor 't6' is an output, but nothing in the order writes it");
  EXPECT_EQ(broken([](P p) { p.forward = 7; }),
            "the forward pass has 7 executions, the order only 6");
  EXPECT_EQ(broken([](P p) { p.nodes[1].updates = {0}; }),
            "node 'n1' updates tensor 't0' without reading it");
  EXPECT_THAT(broken([](P p) { p.nodes[1].updates = {1}; }),
              HasSubstr("must be executed once"));
  EXPECT_THAT(
      broken([](P p) { p.nodes[1].updates = {1}, p.nodes[1].repeatable = false; }),
      HasSubstr("node 'n0' writes tensor 't1', which is updated"));
  EXPECT_THAT(broken([](P p) { p.nodes[1].inPlace = {{0, 1}}; }),
              HasSubstr("has an in-place pair (write 0, read 1) beyond"));
}

// The smallest worked example: keep a and c, compute b again.
TEST(ResidencyProblem, TheWorkedExample) {
  ResidencyProblem problem = threeLayers();
  // Forward n0..n2, backward n3 (layer 3) to n5 (layer 1).
  ResidencySolution all = keepEverything(problem);
  EXPECT_FALSE(all.verify(problem));
  EXPECT_EQ(all.peak, 4 * 4 + 4);
  EXPECT_EQ(all.cost, 9);
  ResidencySolution two = keepOnly(problem, {false, true, false, true});
  EXPECT_EQ(two.sequence, (std::vector<unsigned>{0, 1, 2, 1, 3, 4, 5}));
  EXPECT_FALSE(two.verify(problem));
}

TEST(ResidencyProblem, EachWrongPlanIsRefused) {
  ResidencyProblem problem = threeLayers();
  auto wrong = [&](std::vector<unsigned> sequence, int64_t peak = 20) {
    return planned(problem, std::move(sequence), peak)
        .verify(problem)
        .value_or("nothing");
  };
  EXPECT_EQ(wrong({0, 1, 2, 3, 4, 5}), "nothing");
  EXPECT_EQ(wrong({0, 1, 2, 3, 4, 5}, 19), "the peak is 20 bytes, not 19");
  EXPECT_EQ(wrong({0, 1, 2, 3, 4}), "node 'n5' is never executed");
  EXPECT_EQ(wrong({0, 1, 2, 3, 4, 7}), "step 5 names node 7 of 6");
  EXPECT_EQ(
      wrong({0, 2, 1, 3, 4, 5}),
      "step 1: node 'n2' is executed before node 'n1', which precedes it in the order");
  problem.nodes[1].repeatable = false;
  EXPECT_EQ(wrong({0, 1, 1, 2, 3, 4, 5}),
            "step 2: node 'n1' is executed again and is not repeatable");
  ResidencyBuilder builder;
  builder.problem = threeLayers();
  builder.node(1, {3}, {2}, false);
  problem = builder.problem;
  EXPECT_EQ(wrong({0, 1, 6, 2, 3, 4, 5}),
            "step 2: node 'n6' reads tensor 't3', which holds no value");
  problem.nodes[6].repeatable = false;
  EXPECT_EQ(wrong({0, 1, 2, 6, 3, 4, 5}),
            "step 3: node 'n6' is executed without being in "
            "the order and is not repeatable");
  ResidencySolution dear = keepEverything(problem);
  dear.cost += 1;
  EXPECT_THAT(dear.verify(problem).value_or("nothing"), HasSubstr("the cost is 9"));
}

// A way to have b again that is none before the turn.
TEST(ResidencyProblem, SomeWaysOpenLate) {
  ResidencyBuilder builder;
  unsigned x = builder.input(1), a = builder.tensor(2), b = builder.tensor(3);
  builder.node(1, {x}, {a});
  builder.node(1, {a}, {b});
  builder.node(1, {b}, {});
  builder.node(1, {b}, {});
  builder.node(1, {x}, {b}, false);
  builder.problem.nodes[4].notBefore = 3;
  auto wrong = [&](std::vector<unsigned> sequence, int64_t peak) {
    ResidencySolution solution = planned(builder.problem, std::move(sequence), peak);
    solution.cost = 5;
    return solution.verify(builder.problem).value_or("nothing");
  };
  EXPECT_EQ(wrong({0, 1, 2, 4, 3}, 6), "nothing");
  EXPECT_EQ(wrong({0, 1, 4, 2, 3}, 6), "step 2: node 'n4' is a repetition after 2 "
                                       "executions of the order, not after 3");
  // The solvers know: b dies after its first reader and comes back, or not at all.
  for (const ResidencySolution &point : findFrontier(builder.problem))
    EXPECT_FALSE(point.verify(builder.problem));
  builder.problem.nodes[4].notBefore = 5;
  EXPECT_THAT(whatIsWrong(builder.problem),
              HasSubstr("is not repeated before 5 executions of the order, which has 4"));
}

// b is computed again before anybody has read it: then its first execution is none.
TEST(ResidencyProblem, WhatNobodyReadsIsLeftOutOnRequest) {
  ResidencyBuilder builder;
  unsigned x = builder.input(1), a = builder.tensor(2), b = builder.tensor(3),
           c = builder.tensor(4);
  builder.node(5, {x}, {a});
  builder.node(7, {a}, {b});
  builder.node(1, {x}, {c});
  builder.node(1, {a, b, c}, {});
  builder.problem.nodes[3].updates = {c};
  builder.problem.nodes[3].repeatable = builder.problem.nodes[2].repeatable = false;
  std::vector<unsigned> sequence{0, 1, 2, 0, 1, 3};
  auto measured = [&](int64_t peak, double cost) {
    ResidencySolution solution = planned(builder.problem, sequence, peak);
    solution.cost = cost;
    return solution.verify(builder.problem).value_or("nothing");
  };
  // a, b and c at the end.
  EXPECT_EQ(measured(9, 26), "nothing");
  builder.problem.leavesOutUnread = true;
  EXPECT_EQ(findLeftOut(builder.problem, sequence),
            (std::vector<bool>{true, true, false, false, false, false}));
  EXPECT_EQ(measured(9, 14), "nothing");
  EXPECT_THAT(measured(9, 26), HasSubstr("the cost is 14"));
  for (const ResidencyLifetime &life : getLifetimes(builder.problem, sequence))
    EXPECT_TRUE(life.tensor == x || life.first >= 2) << life.tensor;
  // Nobody reads c between its write and an update, yet the update happens.
  sequence = {0, 1, 2, 3};
  EXPECT_EQ(findLeftOut(builder.problem, sequence), std::vector<bool>(4, false));
}

TEST(ResidencyProblem, OrdersAreFreeOnlyWhereTheProblemSaysSo) {
  ResidencyBuilder builder;
  unsigned x = builder.input(1), a = builder.tensor(2), b = builder.tensor(3);
  builder.node(1, {x}, {a});
  builder.node(1, {x}, {b});
  builder.problem.outputs = {a, b};
  EXPECT_TRUE(planned(builder.problem, {1, 0}, 6).verify(builder.problem));
  builder.problem.anyOrder = true;
  EXPECT_FALSE(planned(builder.problem, {1, 0}, 6).verify(builder.problem));
  EXPECT_EQ(planned(builder.problem, {1}, 4).verify(builder.problem),
            "node 'n0' is never executed");
  builder.problem.nodes[0].updates = {x};
  builder.problem.nodes[0].repeatable = false;
  EXPECT_THAT(whatIsWrong(builder.problem), HasSubstr("so the order must be kept"));
}

TEST(ResidencyProblem, ReadsSeeTheUpdatesThatTheGivenOrderHas) {
  ResidencyBuilder builder;
  unsigned counter = builder.input(4), mask = builder.tensor(8), loss = builder.tensor(2);
  builder.node(1, {counter}, {mask});
  builder.node(1, {counter}, {});
  builder.node(1, {mask}, {loss});
  builder.problem.nodes[1].updates = {counter};
  builder.problem.nodes[1].repeatable = false;
  builder.problem.outputs = {counter, loss};
  ASSERT_EQ(whatIsWrong(builder.problem), "nothing");
  EXPECT_FALSE(planned(builder.problem, {0, 0, 1, 2}, 14).verify(builder.problem));
  EXPECT_EQ(planned(builder.problem, {0, 1, 0, 2}, 14).verify(builder.problem),
            "step 2: node 'n0' reads tensor 't0' after 1 updates instead of 0");
}

TEST(ResidencyProblem, InPlaceResultsShareBytesWithReadsThatEnd) {
  ResidencyBuilder builder;
  unsigned x = builder.input(8), y = builder.tensor(8), z = builder.tensor(8);
  builder.node(1, {x}, {y});
  builder.node(1, {x, y}, {z});
  builder.problem.nodes[0].inPlace = {{0, 0}};
  builder.problem.nodes[1].inPlace = {{0, 1}, {0, 0}};
  builder.problem.outputs = {z};
  // x is read again, so y cannot take its place; z takes that of y, which is preferred.
  ResidencySolution all = keepEverything(builder.problem);
  EXPECT_EQ(all.peak, 16);
  EXPECT_FALSE(all.verify(builder.problem));
  auto lifetimes = getLifetimes(builder.problem, all.sequence);
  ASSERT_EQ(lifetimes.size(), 2u);
  EXPECT_EQ(lifetimes[1].tensor, y);
  EXPECT_EQ(lifetimes[1].last, 1u);
  // An output is never overwritten.
  builder.problem.outputs = {z, y, x};
  EXPECT_EQ(keepEverything(builder.problem).peak, 24);
}

TEST(ResidencyProblem, TheTwoAccountsOfBytesAgree) {
  for (unsigned seed = 0; seed < 400; ++seed) {
    ResidencyProblem problem = randomStep(seed, 3 + seed % 30);
    ASSERT_EQ(whatIsWrong(problem), "nothing") << "seed " << seed;
    std::mt19937 engine(seed);
    std::vector<bool> keep(problem.tensors.size());
    for (unsigned rate = 0; rate < 4; ++rate) {
      for (size_t t = 0; t < keep.size(); ++t)
        keep[t] = engine() % 4 < rate;
      ResidencySolution plan = keepOnly(problem, keep);
      EXPECT_EQ(plan.verify(problem).value_or("nothing"), "nothing") << "seed " << seed;
    }
    EXPECT_EQ(keepEverything(problem).verify(problem).value_or("nothing"), "nothing")
        << "seed " << seed;
  }
}

TEST(ResidencyProblem, KeepingEveryTensorRepeatsNothing) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    ResidencyProblem problem = randomStep(seed, 20);
    std::vector<bool> keep(problem.tensors.size(), true);
    EXPECT_EQ(keepOnly(problem, keep).sequence, problem.order) << "seed " << seed;
  }
}

// Segments of a long chain are computed once each, whatever lies between.
TEST(ResidencyProblem, RulesRecomputeASegmentOnce) {
  std::vector<ChainLayer> layers(100, {10, 0, 10, 1, 2});
  ResidencyProblem problem = chain(10, layers);
  std::vector<bool> keep(problem.tensors.size());
  for (size_t i = 0; i <= 100; i += 10)
    keep[i] = true;
  ResidencySolution plan = keepOnly(problem, keep);
  EXPECT_FALSE(plan.verify(problem));
  EXPECT_EQ(plan.cost, 300 + 90);
  EXPECT_LE(plan.peak, 10 * (10 + 10 + 4));
}

} // namespace
