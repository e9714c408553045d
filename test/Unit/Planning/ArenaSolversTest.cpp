//===- ArenaSolversTest.cpp - plans are valid, good and repeatable --------===//
//
// Each solver is judged by verify(), by brute force where that can answer, and
// by the lower bound on an instance of the size that real models have.
//
//===----------------------------------------------------------------------===//
#include "train/Planning/ArenaSolvers.h"
#include "Instances.h"

#include <gtest/gtest.h>

#include <chrono>

using namespace train::planning;
using namespace train::planning::test;

namespace {

constexpr ArenaOrder orders[] = {ArenaOrder::Size,     ArenaOrder::Area,
                                 ArenaOrder::Duration, ArenaOrder::Start,
                                 ArenaOrder::End,      ArenaOrder::Contention};

TEST(ArenaSolvers, EverySolverIsValidOnRandomProblems) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    ArenaProblem problem = randomProblem(seed, 1 + seed % 60, 1 + seed % 25, 1000);
    problem.alignment = 1 + seed % 3 * 31;
    for (ArenaOrder order : orders)
      for (ArenaFit fit : {ArenaFit::First, ArenaFit::Best}) {
        ArenaSolution solution = placeGreedily(problem, order, fit);
        std::optional<std::string> wrong = solution.verify(problem);
        ASSERT_FALSE(wrong) << solution.solver << ", seed " << seed << ": " << *wrong;
        EXPECT_GE(solution.peak, problem.lowerBound());
      }
  }
}

TEST(ArenaSolvers, GreedyStaysValidAcrossManyBlocksOfPlacedItems) {
  ArenaProblem problem = randomProblem(7, 3000, 500, 10000);
  for (ArenaOrder order : orders)
    for (ArenaFit fit : {ArenaFit::First, ArenaFit::Best})
      EXPECT_FALSE(placeGreedily(problem, order, fit).verify(problem));
}

TEST(ArenaSolvers, RaceIsNoWorseThanAnyRunner) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    ArenaProblem problem = randomProblem(seed, 40, 20, 100);
    ArenaSolution raced = raceGreedy(problem);
    ASSERT_FALSE(raced.verify(problem));
    for (ArenaOrder order : orders)
      EXPECT_LE(raced.peak, placeGreedily(problem, order, ArenaFit::First).peak);
  }
}

// Where the search ends before its nodes do, its answer is the optimum and says
// so; instances of seven buffers must end.
TEST(ArenaSolvers, ExactSearchEqualsBruteForce) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    ArenaProblem problem = randomProblem(seed, 3 + seed % 5, 3 + seed % 6, 2 + seed % 9);
    problem.alignment = 1 + seed % 2;
    int64_t optimum = bruteForcePeak(problem);
    ArenaSolution solution = searchExactly(problem, 100'000);
    ASSERT_FALSE(solution.verify(problem));
    EXPECT_EQ(solution.peak, optimum) << "seed " << seed;
    EXPECT_TRUE(solution.optimal) << "seed " << seed;
    EXPECT_EQ(planArena(problem).peak, optimum) << "seed " << seed;
  }
}

// The same where the lower bound cannot be met, so that the answer is a proof.
TEST(ArenaSolvers, ExactSearchProvesWhatBruteForceFinds) {
  int above = 0;
  for (unsigned seed = 0; seed < 12; ++seed) {
    ArenaProblem problem = aboveLowerBound(seed);
    int64_t optimum = bruteForcePeak(problem);
    above += optimum > problem.lowerBound();
    ArenaSolution solution = planArena(problem);
    ASSERT_FALSE(solution.verify(problem));
    EXPECT_EQ(solution.peak, optimum) << "seed " << seed;
    EXPECT_TRUE(solution.optimal) << "seed " << seed;
    problem.capacity = optimum - 1;
    solution = planArena(problem);
    EXPECT_TRUE(solution.infeasible) << "seed " << seed;
    EXPECT_GT(solution.peak, *problem.capacity);
    problem.capacity = optimum;
    solution = planArena(problem);
    EXPECT_FALSE(solution.infeasible) << "seed " << seed;
    EXPECT_FALSE(solution.verify(problem)) << "seed " << seed;
  }
  EXPECT_GE(above, 8);
}

// Cutting a full rectangle into pieces gives instances whose optimum is known
// and has no slack at all, which is where greedy orders fail.
TEST(ArenaSolvers, ExactSearchSolvesPerfectPackings) {
  for (unsigned seed = 0; seed < 6; ++seed) {
    ArenaProblem problem = perfectPacking(seed, 60, 100, 1 << 20);
    ASSERT_EQ(problem.lowerBound(), 1 << 20);
    ArenaSolution solution = planArena(problem);
    EXPECT_FALSE(solution.verify(problem));
    EXPECT_EQ(solution.peak, 1 << 20) << "seed " << seed << ", " << solution.solver;
  }
}

// Many short lifetimes, which the search repairs region by region.
TEST(ArenaSolvers, ExactSearchSolvesLongPerfectPackings) {
  for (unsigned seed = 0; seed < 4; ++seed) {
    ArenaProblem problem = perfectPacking(seed, 200, 4000, 1 << 20);
    EXPECT_GT(raceGreedy(problem).peak, 1 << 20) << "too easy: seed " << seed;
    ArenaSolution solution = searchExactly(problem, 300'000);
    EXPECT_FALSE(solution.verify(problem));
    EXPECT_EQ(solution.peak, 1 << 20) << "seed " << seed;
  }
}

TEST(ArenaSolvers, PlanStopsAtTheCapacity) {
  ArenaProblem problem = randomProblem(3, 100, 30, 1000);
  problem.capacity = raceGreedy(problem).peak * 2;
  ArenaSolution solution = planArena(problem);
  EXPECT_FALSE(solution.verify(problem));
  EXPECT_EQ(solution.solver.rfind("greedy", 0), 0u) << solution.solver;
}

TEST(ArenaSolvers, CapacityBelowTheLowerBoundIsProvenInfeasible) {
  ArenaProblem problem = randomProblem(3, 30, 10, 1000);
  problem.capacity = problem.lowerBound() - 1;
  ArenaSolution solution = planArena(problem);
  EXPECT_TRUE(solution.infeasible);
  EXPECT_TRUE(solution.verify(problem));
  problem.capacity.reset();
  EXPECT_FALSE(solution.verify(problem));
}

TEST(ArenaSolvers, PartsApartInTimeShareTheArena) {
  ArenaProblem problem;
  for (unsigned part = 0; part < 5; ++part)
    for (Buffer buffer : randomProblem(part, 12, 10, 50).buffers) {
      buffer.lower += part * 10;
      buffer.upper += part * 10;
      problem.buffers.push_back(buffer);
    }
  ArenaSolution solution = planArena(problem);
  EXPECT_FALSE(solution.verify(problem));
  EXPECT_LE(solution.peak, raceGreedy(problem).peak);
}

TEST(ArenaSolvers, SameInputSamePlan) {
  for (unsigned seed = 0; seed < 5; ++seed) {
    ArenaProblem problem = randomProblem(seed, 120, 60, 997);
    ArenaOptions options;
    options.localSearchWork = 5'000'000;
    options.exactNodes = 20'000;
    ArenaSolution first = planArena(problem, options),
                  second = planArena(problem, options);
    EXPECT_EQ(first.offsets, second.offsets);
    EXPECT_EQ(first.solver, second.solver);
  }
}

TEST(ArenaSolvers, LifetimesAtTheEdgeOfTheNumberRange) {
  ArenaProblem problem;
  problem.buffers = {
      {"a", INT64_MIN, 0, 4}, {"b", -1, INT64_MAX, 4}, {"c", 0, INT64_MAX, 8}};
  ArenaSolution solution = planArena(problem);
  EXPECT_FALSE(solution.verify(problem));
  EXPECT_EQ(solution.peak, 12);
}

// Ten thousand buffers, as a deep transformer's step has: within 1 % of the
// lower bound, in a time that a compiler can afford. The limit on time is ten
// times what was measured, so that it fails on a wrong complexity only.
TEST(ArenaSolvers, TenThousandBuffersOfATransformerStep) {
  ArenaProblem problem = transformerStep(360, 768, 1024);
  ASSERT_GT(problem.buffers.size(), 10000u);
  auto start = std::chrono::steady_clock::now();
  ArenaSolution solution = planArena(problem);
  std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  EXPECT_FALSE(solution.verify(problem));
  double ratio =
      static_cast<double>(solution.peak) / static_cast<double>(problem.lowerBound());
  RecordProperty("ratio", std::to_string(ratio));
  RecordProperty("seconds", std::to_string(elapsed.count()));
  EXPECT_LT(ratio, 1.01);
  EXPECT_LT(elapsed.count(), 10.0);
}

} // namespace
