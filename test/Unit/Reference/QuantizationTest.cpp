// What quantization means, in numbers that can be checked by hand; and that rounding at
// random has the expected value that it promises.
#include "Harness.h"

#include <cmath>

using namespace mlir;
using namespace train::reference;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

class Quantization : public ReferenceTest {
protected:
  /// The scales and elements of one row of x in blocks of 4.
  std::pair<TensorRef, TensorRef> blocks(std::vector<double> x, const char *low) {
    std::string columns = std::to_string(x.size()), parts = std::to_string(x.size() / 4);
    std::string q = "tensor<" + columns + "x" + low + ">",
                b = "tensor<" + parts + "xf8E8M0FNU>";
    auto results = evaluate(
        "train.quantize_blocks %a : tensor<" + columns + "xf32> -> " + q + ", " + b,
        {tensor("tensor<" + columns + "xf32>", x)}, {q, b}, Mode::Native);
    return {results.at(1), results.at(0)};
  }
};

TEST_F(Quantization, BlocksOfPowersOfTwoNeverSaturate) {
  // 448 * 2 < 900 <= 448 * 4; 448 is reached exactly; nothing at all; not finite.
  auto [scales, q] =
      blocks({900, 8, -1, 0, 448, 1, 2, 3, 0, 0, 0, 0, 1, kInfinity, 2, 3}, "f8E4M3FN");
  ASSERT_EQ(scales->size(), 4);
  EXPECT_EQ(scales->f[0], 4);
  EXPECT_EQ(scales->f[1], 1);
  EXPECT_EQ(scales->f[2], 0x1p-127);
  EXPECT_TRUE(std::isnan(scales->f[3]));
  EXPECT_EQ(q->f[0], 224); // 225, of which 224 and 240 are the neighbours
  EXPECT_EQ(q->f[1], 2);
  EXPECT_EQ(q->f[2], -0.25);
  EXPECT_EQ(q->f[4], 448);
  EXPECT_EQ(q->f[9], 0);
  EXPECT_TRUE(std::isnan(q->f[12]));

  auto [narrowScales, narrow] = blocks({7, 3, 1.25, -0.3}, "f4E2M1FN");
  EXPECT_EQ(narrowScales->f[0], 2);
  expectNear(narrow, {4, 1.5, 0.5, -0.0});
}

TEST_F(Quantization, BlocksWithAScaleOfTheTensor) {
  // scale = 6 * 448 / amax of the tensor, 12: 224. Blocks: 12 / 6 * 224 = 448, and
  // 0.5 / 6 * 224 = 18.67, to nearest 18.
  auto results = evaluate(
      "train.quantize_blocks %a scale %b : tensor<f32>, : tensor<4xf32> -> "
      "tensor<4xf4E2M1FN>, tensor<2xf8E4M3FN>",
      {tensor("tensor<4xf32>", {12, -4, 0.5, 0.1}), tensor("tensor<f32>", {224})},
      {"tensor<4xf4E2M1FN>", "tensor<2xf8E4M3FN>"}, Mode::Native);
  expectNear(results.at(1), {448, 18});
  expectNear(results.at(0), {6, -2, 6, 1});
  auto back = evaluate("train.dequantize_blocks %a, %b scale %c : tensor<f32>, : "
                       "tensor<4xf4E2M1FN>, tensor<2xf8E4M3FN> -> tensor<4xf32>",
                       {results.at(0), results.at(1), tensor("tensor<f32>", {224})},
                       {"tensor<4xf32>"}, Mode::Native);
  expectNear(back.at(0), {12, -4, 6 * 18.0 / 224, 18.0 / 224}, 1e-7);
}

TEST_F(Quantization, DelayedScaleFollowsTheLargestOfItsHistory) {
  auto step = [&](std::vector<double> history, double scale, double amax, int margin) {
    std::string type = "tensor<" + std::to_string(history.size()) + "xf32>";
    return evaluate("train.delayed_scale %a, %b, %c {largest = 448.0 : f64, margin = " +
                        std::to_string(margin) + " : i64} : " + type +
                        ", tensor<f32>, tensor<f32>",
                    {tensor(type, history), tensor("tensor<f32>", {scale}),
                     tensor("tensor<f32>", {amax})},
                    {type, "tensor<f32>"}, Mode::Native);
  };
  auto plain = step({1, 4, 9}, 1, 2, 0);
  expectNear(plain.at(0), {2, 1, 4});
  expectNear(plain.at(1), {112});
  expectNear(step({1, 4, 9}, 1, 2, 1).at(1), {56});
  expectNear(step({1}, 1, 14, 0).at(1), {32});
  // Nothing seen yet, and what is no number: the scale stays.
  expectNear(step({0, 0}, 3, 0, 0).at(1), {3});
  for (double amax : {kInfinity, kNaN}) {
    auto skipped = step({1, 4}, 3, amax, 0);
    expectNear(skipped.at(0), {0, 1});
    expectNear(skipped.at(1), {3});
  }
  expectNear(step({0}, 3, 1e-44, 0).at(1), {3}); // the quotient overflows
}

TEST_F(Quantization, AmaxIsTheLargestMagnitude) {
  auto amax = [&](std::vector<double> x, double previous) {
    std::string type = "tensor<" + std::to_string(x.size()) + "xf32>";
    return evaluate("train.amax %a and %b : tensor<f32>, : " + type + " -> tensor<f32>",
                    {tensor(type, x), tensor("tensor<f32>", {previous})}, {"tensor<f32>"})
        .at(0)
        ->f[0];
  };
  EXPECT_EQ(amax({1, -3, 2}, 0), 3);
  EXPECT_EQ(amax({1, -3, 2}, 5), 5);
  EXPECT_EQ(amax({1, -kInfinity, 2}, 5), kInfinity);
  EXPECT_TRUE(std::isnan(amax({1, kNaN, 2}, 5)));
  EXPECT_TRUE(std::isnan(amax({1, 2}, kNaN)));
}

TEST_F(Quantization, RandomRoundingHasTheExpectedValue) {
  constexpr int count = 40000;
  struct Format {
    const char *name;
    double quantum; ///< between 1 and 2; below the smallest normal number, `tiny`
    double tiny;
  };
  for (Format format : {Format{"f8E4M3FN", 0.125, 0x1p-9},
                        Format{"f8E5M2", 0.25, 0x1p-16}, Format{"f4E2M1FN", 0.5, 0.5}}) {
    std::string wide = "tensor<" + std::to_string(count) + "xf32>",
                low = "tensor<" + std::to_string(count) + "x" + format.name + ">";
    for (double share : {0.0, 0.01, 0.3, 0.5, 0.99})
      for (double sign : {1.0, -1.0})
        for (bool small : {false, true}) {
          double quantum = small ? format.tiny : format.quantum;
          double low0 = small ? 0 : 1;
          double value = static_cast<float>(sign * (low0 + share * quantum));
          auto rounded =
              evaluate("train.quantize %a, %b random %c : tensor<3xi64>, {samples = 8 : "
                       "i64, site = 4 : i64} : " +
                           wide + ", tensor<f32> -> " + low,
                       {tensor(wide, {value}), tensor("tensor<f32>", {1}),
                        tensor("tensor<3xi64>", {11, 3, 0})},
                       {low}, Mode::Native)
                  .at(0);
          double sum = 0;
          for (double x : rounded->f) {
            double steps = std::fabs(x) - low0;
            ASSERT_TRUE(steps == 0 || steps == quantum) << format.name << " " << x;
            sum += x;
          }
          // Five standard errors, and the grid of the drawn numbers.
          double deviation = quantum * std::sqrt(share * (1 - share) / count);
          EXPECT_NEAR(sum / count, value, 5 * deviation + quantum * 0x1p-17)
              << format.name << " " << value;
        }
  }
}

} // namespace
