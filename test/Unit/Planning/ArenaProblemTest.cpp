//===- ArenaProblemTest.cpp - check() and verify() say what is wrong ------===//
//
// The judge must be right before any solver is: each corruption of a valid
// solution is rejected, and named.
//
//===----------------------------------------------------------------------===//
#include "Instances.h"
#include "train/Planning/ArenaSolvers.h"

#include <gtest/gtest.h>

#include <limits>

using namespace train::planning;
using testing::Test;

namespace {

constexpr int64_t most = std::numeric_limits<int64_t>::max();

void expectSays(const std::optional<std::string> &error, const std::string &words) {
  ASSERT_TRUE(error) << "expected an error with: " << words;
  EXPECT_NE(error->find(words), std::string::npos) << *error;
}

TEST(ArenaProblem, EmptyProblemIsValidAndNeedsNothing) {
  ArenaProblem problem;
  EXPECT_FALSE(problem.check());
  EXPECT_EQ(problem.lowerBound(), 0);
  ArenaSolution solution = planArena(problem);
  EXPECT_EQ(solution.peak, 0);
  EXPECT_TRUE(solution.optimal);
  EXPECT_FALSE(solution.verify(problem));
}

TEST(ArenaProblem, CheckNamesWhatIsWrong) {
  ArenaProblem problem;
  problem.buffers = {{"x", 3, 3, 8}};
  expectSays(problem.check(), "buffer 'x' has an empty lifetime [3, 3)");
  problem.buffers = {{"x", 0, 1, -8}};
  expectSays(problem.check(), "buffer 'x' has a negative size -8");
  constexpr int64_t mostInAll = int64_t(1) << 62;
  problem.buffers = {{"x", 0, 1, mostInAll}, {"y", 0, 1, 1}};
  expectSays(problem.check(), "sizes exceed 2^62 bytes in all at buffer 'y'");
  problem.buffers = {{"x", 0, 1, most}};
  expectSays(problem.check(), "sizes exceed 2^62 bytes in all at buffer 'x'");
  problem.buffers = {{"x", 0, 1, mostInAll - 1}};
  EXPECT_FALSE(problem.check());
  problem.alignment = mostInAll - 1;
  EXPECT_FALSE(problem.check());
  problem.alignment = most;
  expectSays(problem.check(), "sizes exceed 2^62 bytes in all at buffer 'x'");
  problem.alignment = 0;
  expectSays(problem.check(), "alignment must be at least 1, got 0");
  problem.alignment = 1;
  problem.capacity = -1;
  expectSays(problem.check(), "capacity must not be negative, got -1");
}

TEST(ArenaProblem, TheLargestSizesArePlanned) {
  constexpr int64_t mostInAll = int64_t(1) << 62;
  ArenaProblem problem;
  problem.buffers = {{"x", 0, 2, mostInAll / 2}, {"y", 1, 3, mostInAll / 2}};
  ArenaSolution solution = planArena(problem);
  EXPECT_FALSE(solution.verify(problem));
  EXPECT_EQ(solution.peak, mostInAll);
  problem.buffers = {{"x", 0, 2, 5}, {"y", 2, 3, 7}};
  problem.alignment = mostInAll / 2;
  solution = planArena(problem);
  EXPECT_FALSE(solution.verify(problem));
  EXPECT_EQ(solution.peak, mostInAll / 2);
}

TEST(ArenaProblem, LowerBoundCountsPaddedLiveBytes) {
  ArenaProblem problem;
  problem.buffers = {{"a", 0, 2, 10}, {"b", 1, 3, 20}, {"c", 2, 4, 5}, {"z", 0, 9, 0}};
  EXPECT_EQ(problem.lowerBound(), 30);
  problem.alignment = 16;
  EXPECT_EQ(problem.lowerBound(), 48);
}

TEST(ArenaSolution, ZeroSizedBuffersNeverCollide) {
  ArenaProblem problem;
  problem.buffers = {{"a", 0, 4, 8}, {"z", 0, 4, 0}, {"y", 1, 2, 0}};
  ArenaSolution solution = planArena(problem);
  EXPECT_EQ(solution.peak, 8);
  EXPECT_FALSE(solution.verify(problem));
}

class CorruptedSolution : public Test {
protected:
  void SetUp() override {
    problem.buffers = {{"a", 0, 4, 16}, {"b", 2, 6, 32}, {"c", 4, 8, 16}};
    solution.offsets = {32, 0, 32};
    solution.peak = 48;
    ASSERT_FALSE(solution.verify(problem));
  }
  ArenaProblem problem;
  ArenaSolution solution;
};

TEST_F(CorruptedSolution, OverlapNamesBothBuffers) {
  solution.offsets = {16, 0, 32};
  expectSays(solution.verify(problem),
             "buffer 'a' (live [0, 4), bytes [16, 32)) overlaps "
             "buffer 'b' (live [2, 6), bytes [0, 32))");
  solution.offsets = {32, 0, 0};
  expectSays(solution.verify(problem), "buffer 'b' (live [2, 6), bytes [0, 32)) overlaps "
                                       "buffer 'c' (live [4, 8), bytes [0, 16))");
  // Overlap with the neighbour above rather than below.
  solution.offsets = {24, 32, 8};
  solution.peak = 64;
  expectSays(solution.verify(problem),
             "buffer 'a' (live [0, 4), bytes [24, 40)) overlaps");
}

TEST_F(CorruptedSolution, WrongPeak) {
  solution.peak = 40;
  expectSays(solution.verify(problem),
             "the stated peak is 40 bytes, but the offsets reach 48");
}

TEST_F(CorruptedSolution, WrongCountOrOffset) {
  solution.offsets = {32, 0};
  expectSays(solution.verify(problem), "expected 3 offsets, got 2");
  solution.offsets = {32, -1, 32};
  expectSays(solution.verify(problem), "buffer 'b' has an offset outside the arena: -1");
  solution.offsets = {32, most - 8, 32};
  expectSays(solution.verify(problem), "buffer 'b' has an offset outside the arena");
}

TEST_F(CorruptedSolution, Misaligned) {
  problem.alignment = 16;
  EXPECT_FALSE(solution.verify(problem));
  solution.offsets[2] = 40;
  expectSays(solution.verify(problem), "not a multiple of the alignment 16");
}

TEST_F(CorruptedSolution, AboveCapacity) {
  problem.capacity = 47;
  expectSays(solution.verify(problem), "peak of 48 bytes exceeds the capacity of 47");
}

// The judge against the definition: every pair compared.
TEST(ArenaSolution, JudgeAgreesWithAllPairsOnRandomOffsets) {
  int valid = 0, invalid = 0;
  for (unsigned seed = 0; seed < 2000; ++seed) {
    ArenaProblem problem = test::randomProblem(seed, 4, 6, 3);
    std::mt19937 engine(seed + 77);
    ArenaSolution solution;
    for (const Buffer &buffer : problem.buffers) {
      solution.offsets.push_back(engine() % 10);
      solution.peak = std::max(solution.peak, solution.offsets.back() + buffer.size);
    }
    bool collides = false;
    for (size_t i = 0; i < 4; ++i)
      for (size_t j = 0; j < i; ++j) {
        const Buffer &a = problem.buffers[i], &b = problem.buffers[j];
        collides |= a.lower < b.upper && b.lower < a.upper &&
                    solution.offsets[i] < solution.offsets[j] + b.size &&
                    solution.offsets[j] < solution.offsets[i] + a.size;
      }
    EXPECT_EQ(solution.verify(problem).has_value(), collides) << "seed " << seed;
    ++(collides ? invalid : valid);
  }
  EXPECT_GT(valid, 100);
  EXPECT_GT(invalid, 100);
}

} // namespace
