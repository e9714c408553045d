// Counter-based random numbers: the generator's published vectors, and the streams built
// on it.
#include "Harness.h"
#include "train/Reference/Philox.h"

#include <cmath>

using namespace mlir;
using namespace train::reference;

namespace {

// Known answers of philox4x32 with ten rounds, as distributed with Random123 by the
// authors of the method.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}),
            (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox({ones, ones, ones, ones}, {ones, ones}),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(
      philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
      (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, DropoutTakesTheWordOfItsElement) {
  EXPECT_EQ(dropoutUniform(0, 0, 0, 0, 0), (0x6627e8d5 >> 8) * 0x1p-24);
  EXPECT_EQ(dropoutUniform(0, 0, 0, 0, 3), (0x9b00dbd8u >> 8) * 0x1p-24);
  // Element 4 begins the next counter; seed, site, step and sample each change the block.
  PhiloxBlock next = philox({1, 7, 9, 11}, {5, 3});
  EXPECT_EQ(dropoutUniform((int64_t(3) << 32) | 5, 7, 9, 11, 6),
            (next[2] >> 8) * 0x1p-24);
}

TEST(NamedStream, HasTheMomentsOfItsDistributions) {
  NamedStream stream(42, "w");
  double sum = 0, squares = 0, uniforms = 0;
  constexpr int count = 200000;
  for (int e = 0; e < count; ++e) {
    double value = stream.normal(e);
    sum += value;
    squares += value * value;
    uniforms += stream.uniform(e);
  }
  // Five standard errors of each mean.
  EXPECT_NEAR(sum / count, 0, 5 / std::sqrt(count));
  EXPECT_NEAR(squares / count, 1, 5 * std::sqrt(2.0 / count));
  EXPECT_NEAR(uniforms / count, 0.5, 5 * std::sqrt(1.0 / 12 / count));
}

TEST(NamedStream, DependsOnSeedAndName) {
  EXPECT_NE(NamedStream(1, "w").uniform(0), NamedStream(2, "w").uniform(0));
  EXPECT_NE(NamedStream(1, "w").uniform(0), NamedStream(1, "b").uniform(0));
}

// The empty name's FNV-1a hash is its offset basis, so the first block is one Philox call
// that can be written out.
TEST(NamedStream, FollowsTheWrittenRule) {
  PhiloxBlock words = philox({0, 0, 0x84222325, 0xcbf29ce4}, {9, 0});
  double first = double((uint64_t(words[1]) << 32 | words[0]) >> 11) * 0x1p-53;
  double second = double((uint64_t(words[3]) << 32 | words[2]) >> 11) * 0x1p-53;
  NamedStream stream(9, "");
  EXPECT_EQ(stream.uniform(0), first);
  EXPECT_EQ(stream.uniform(1), second);
  double radius = std::sqrt(-2 * std::log(1 - first));
  EXPECT_EQ(stream.normal(0), radius * std::cos(2 * M_PI * second));
  EXPECT_EQ(stream.normal(1), radius * std::sin(2 * M_PI * second));
}

class Dropout : public ReferenceTest {};

TEST_F(Dropout, ScalesWhatItKeeps) {
  auto y =
      evaluate("train.dropout %a, %b {rate = 0.25 : f64, site = 3 : i64, samples = 4 : "
               "i64} : tensor<4x1000xf64>, tensor<3xi64>",
               {tensor("tensor<4x1000xf64>", {3.0}), tensor("tensor<3xi64>", {5, 2, 8})},
               {"tensor<4x1000xf64>"});
  ASSERT_EQ(y.size(), 1u);
  int kept = 0;
  for (int64_t e = 0; e < 4000; ++e) {
    bool keep = dropoutUniform(5, 3, 2, 8 + e / 1000, e % 1000) >= 0.25;
    EXPECT_EQ(y[0]->f[e], keep ? 4.0 : 0.0);
    kept += keep;
  }
  EXPECT_NEAR(kept / 4000.0, 0.75, 5 * std::sqrt(0.25 * 0.75 / 4000));
}

// What makes resharding neutral: two halves of a batch, each with its first sample's
// index, see the whole batch's mask.
TEST_F(Dropout, FollowsTheGlobalSample) {
  const char *whole = "train.dropout %a, %b {rate = 0.5 : f64, site = 1 : i64, samples = "
                      "4 : i64} : tensor<4x6xf64>, tensor<3xi64>";
  const char *half = "train.dropout %a, %b {rate = 0.5 : f64, site = 1 : i64, samples = "
                     "2 : i64} : tensor<2x6xf64>, tensor<3xi64>";
  auto all = evaluate(
      whole, {tensor("tensor<4x6xf64>", {1.0}), tensor("tensor<3xi64>", {1, 0, 0})},
      {"tensor<4x6xf64>"});
  auto second = evaluate(
      half, {tensor("tensor<2x6xf64>", {1.0}), tensor("tensor<3xi64>", {1, 0, 2})},
      {"tensor<2x6xf64>"});
  ASSERT_TRUE(all.size() == 1 && second.size() == 1);
  EXPECT_TRUE(
      std::equal(second[0]->f.begin(), second[0]->f.end(), all[0]->f.begin() + 12));
}

} // namespace
