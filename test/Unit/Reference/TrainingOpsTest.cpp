// What lookups, losses, optimizer updates and precision ops mean, against values worked
// out by hand.
#include "Harness.h"

#include <cmath>

using namespace train::reference;

namespace {

class TrainingOps : public ReferenceTest {};

TEST_F(TrainingOps, EmbeddingAndItsAdjoint) {
  auto ids = tensor("tensor<3xi32>", {2, 0, 2});
  expectNear(
      evaluate(
          "train.embedding %a, %b : tensor<3x2xf64>, tensor<3xi32> -> tensor<3x2xf64>",
          {tensor("tensor<3x2xf64>", {1, 2, 3, 4, 5, 6}), ids}, {"tensor<3x2xf64>"})
          .at(0),
      {5, 6, 1, 2, 5, 6});
  expectNear(evaluate("train.embedding_grad %a, %b {vocabulary = 3 : i64} : "
                      "tensor<3xi32>, tensor<3x2xf64> -> tensor<3x2xf64>",
                      {ids, tensor("tensor<3x2xf64>", {1, 2, 3, 4, 5, 6})},
                      {"tensor<3x2xf64>"})
                 .at(0),
             {3, 4, 0, 0, 6, 8});
  EXPECT_TRUE(
      evaluate(
          "train.embedding %a, %b : tensor<2x2xf64>, tensor<3xi32> -> tensor<3x2xf64>",
          {tensor("tensor<2x2xf64>", {1.0}), ids}, {"tensor<3x2xf64>"})
          .empty());
  EXPECT_EQ(diagnostics.back(),
            "'train.embedding' op reads row 2 of a table of 2 rows (id at position 0)");
}

TEST_F(TrainingOps, CrossEntropyLeavesIgnoredLabelsOut) {
  auto logits = tensor("tensor<3x2xf64>", {0, 0, 0, std::log(3), 5, 7}),
       labels = tensor("tensor<3xi32>", {0, 1, -100});
  auto y = evaluate("train.cross_entropy %a, %b : tensor<3x2xf64>, tensor<3xi32> -> "
                    "tensor<f64>, tensor<3xf64>, tensor<f64>",
                    {logits, labels}, {"tensor<f64>", "tensor<3xf64>", "tensor<f64>"});
  ASSERT_EQ(y.size(), 3u);
  expectNear(y[0], {(std::log(2) + std::log(4.0 / 3)) / 2});
  expectNear(y[1], {std::log(2), std::log(4), 7 + std::log1p(std::exp(-2))});
  expectNear(y[2], {2});
  // A part of a mean over 8 labels.
  auto part = evaluate(
      "train.cross_entropy %a, %b, %c : tensor<3x2xf64>, tensor<3xi32>, tensor<f64> -> "
      "tensor<f64>, tensor<3xf64>, tensor<f64>",
      {logits, labels, tensor("tensor<f64>", {8})},
      {"tensor<f64>", "tensor<3xf64>", "tensor<f64>"});
  ASSERT_EQ(part.size(), 3u);
  expectNear(part[0], {(std::log(2) + std::log(4.0 / 3)) / 8});
  expectNear(part[2], {2});
  auto d = evaluate(
      "train.cross_entropy_backward %a, %b, %c, %d, %e : tensor<f64>, tensor<3x2xf64>, "
      "tensor<3xi32>, tensor<3xf64>, tensor<f64> -> tensor<3x2xf64>",
      {tensor("tensor<f64>", {2}), logits, labels, y[1], y[2]}, {"tensor<3x2xf64>"});
  expectNear(d.at(0), {-0.5, 0.5, 0.25, -0.25, 0, 0});
  EXPECT_TRUE(evaluate("train.cross_entropy %a, %b : tensor<3x2xf64>, tensor<3xi32> -> "
                       "tensor<f64>, tensor<3xf64>, tensor<f64>",
                       {logits, tensor("tensor<3xi32>", {0, 2, 0})},
                       {"tensor<f64>", "tensor<3xf64>", "tensor<f64>"})
                  .empty());
  EXPECT_EQ(diagnostics.back(), "'train.cross_entropy' op got label 2 at position 1, "
                                "expected 0 to 1 or ignore_index -100");
}

TEST_F(TrainingOps, OptimizersFollowTheirFormulas) {
  auto p = tensor("tensor<1xf64>", {2.0}), g = tensor("tensor<1xf64>", {4.0}),
       lr = tensor("tensor<f32>", {0.5}), half = tensor("tensor<f32>", {0.5});
  // g = 0.5 * 4 + 0.25 * 2 = 2.5, p = 2 - 0.5 * 2.5.
  expectNear(evaluate("train.sgd %a, %b, lr %c scale %d : tensor<f32> {weight_decay = "
                      "0.25 : f64} : tensor<1xf64>, tensor<1xf64>, tensor<f32>",
                      {p, g, lr, half}, {"tensor<1xf64>"})
                 .at(0),
             {0.75});
  // v = 0.5 * 10 + 4 = 9, p = 2 - 4.5.
  auto momentum = evaluate(
      "train.momentum %a, %b, %c, lr %d {beta = 0.5 : f64, weight_decay = 0.0 : f64} : "
      "tensor<1xf64>, tensor<1xf64>, tensor<f32>",
      {p, g, tensor("tensor<1xf64>", {10}), lr}, {"tensor<1xf64>", "tensor<1xf64>"});
  ASSERT_EQ(momentum.size(), 2u);
  expectNear(momentum[0], {-2.5});
  expectNear(momentum[1], {9});
  // First step of Adam: m = 0.1 g, v = 0.01 g^2, corrections 0.1 and 0.01: the update is
  // lr * sign(g), p first decays by lr * 0.1.
  const std::string adam = "train.adamw %a, %b, %c, %d, corrections %e, %f, lr %g ";
  const std::string rest =
      "{beta1 = 0.9 : f64, beta2 = 0.99 : f64, eps = 0.0 : f64, weight_decay = 0.1 : "
      "f64} : tensor<1xf64>, tensor<1xf64>, tensor<f32>, tensor<f32>, tensor<f32>";
  auto zero = tensor("tensor<1xf64>", {0.0}), c1 = tensor("tensor<f32>", {1 - 0.9}),
       c2 = tensor("tensor<f32>", {1 - 0.99});
  auto adamw = evaluate(adam + rest, {p, g, zero, zero, c1, c2, lr},
                        {"tensor<1xf64>", "tensor<1xf64>", "tensor<1xf64>"});
  ASSERT_EQ(adamw.size(), 3u);
  expectNear(adamw[0], {2 * 0.95 - 0.5});
  expectNear(adamw[1], {0.4});
  expectNear(adamw[2], {0.16});
  auto skipped = evaluate(adam + "apply %h : tensor<i1> " + rest,
                          {p, g, g, g, c1, c2, lr, tensor("tensor<i1>", {0})},
                          {"tensor<1xf64>", "tensor<1xf64>", "tensor<1xf64>"});
  ASSERT_EQ(skipped.size(), 3u);
  expectNear(skipped[0], {2});
  expectNear(skipped[1], {4});
  expectNear(skipped[2], {4});
}

TEST_F(TrainingOps, StepScalars) {
  auto count = tensor("tensor<i64>", {1});
  expectNear(evaluate("train.increment %a apply %b : tensor<i1> : tensor<i64>",
                      {count, tensor("tensor<i1>", {0})}, {"tensor<i64>"})
                 .at(0),
             {1});
  expectNear(evaluate("train.increment %a : tensor<i64>", {count}, {"tensor<i64>"}).at(0),
             {2});
  expectNear(
      evaluate("train.bias_correction %a {beta = 0.9 : f64} : tensor<i64> -> tensor<f32>",
               {count}, {"tensor<f32>"})
          .at(0),
      {0.19});
  expectNear(evaluate("train.sum_squares %a : tensor<2xf64> -> tensor<f32>",
                      {tensor("tensor<2xf64>", {3, 4})}, {"tensor<f32>"})
                 .at(0),
             {25});
  auto clip = evaluate("train.clip_coefficient %a, %b {max_norm = 2.0 : f64} : "
                       "tensor<f32>, tensor<f32> -> tensor<f32>, tensor<f32>",
                       {tensor("tensor<f32>", {9}), tensor("tensor<f32>", {16})},
                       {"tensor<f32>", "tensor<f32>"});
  ASSERT_EQ(clip.size(), 2u);
  expectNear(clip[0], {2 / (5 + 1e-6)});
  expectNear(clip[1], {5});
}

TEST_F(TrainingOps, LossScaleGrowsAndBacksOff) {
  auto update = [&](double scale, double good, double bad, bool finite) {
    auto y =
        evaluate("train.update_scale %a, %b, %c, %d {growth = 2.0 : f64, backoff = 0.5 : "
                 "f64, window = 3 : i64, hysteresis = 2 : i64, minimum = 1.0 : f64} : "
                 "tensor<f32>, tensor<i64>, tensor<i64>, tensor<i1>",
                 {tensor("tensor<f32>", {scale}), tensor("tensor<i64>", {good}),
                  tensor("tensor<i64>", {bad}), tensor("tensor<i1>", {double(finite)})},
                 {"tensor<f32>", "tensor<i64>", "tensor<i64>"});
    return std::vector<double>{y.at(0)->f[0], y.at(1)->number(0), y.at(2)->number(0)};
  };
  EXPECT_EQ(update(8, 0, 1, true), (std::vector<double>{8, 1, 1}));
  EXPECT_EQ(update(8, 2, 1, true), (std::vector<double>{16, 0, 0}));
  EXPECT_EQ(update(8, 2, 0, false), (std::vector<double>{8, 0, 1}));
  EXPECT_EQ(update(8, 2, 1, false), (std::vector<double>{4, 0, 0}));
  EXPECT_EQ(update(1, 0, 1, false), (std::vector<double>{1, 0, 0}));
}

TEST_F(TrainingOps, CheckFiniteChains) {
  auto check = [&](double value, bool previous) {
    return evaluate(
               "train.check_finite %a and %b : tensor<i1>, : tensor<2xf64> -> tensor<i1>",
               {tensor("tensor<2xf64>", {1, value}),
                tensor("tensor<i1>", {double(previous)})},
               {"tensor<i1>"})
        .at(0)
        ->i[0];
  };
  EXPECT_EQ(check(2, true), 1);
  EXPECT_EQ(check(2, false), 0);
  EXPECT_EQ(check(INFINITY, true), 0);
  EXPECT_EQ(check(NAN, true), 0);
}

TEST_F(TrainingOps, CastsSaturateAndQuantizeClamps) {
  expectNear(evaluate("train.cast %a : tensor<4xf64> -> tensor<4xi32>",
                      {tensor("tensor<4xf64>", {-2.7, 1e10, -1e10, NAN})},
                      {"tensor<4xi32>"})
                 .at(0),
             {-2, 2147483647, -2147483648.0, 0});
  auto x = tensor("tensor<3xf64>", {1.1, 1000, -1000}),
       scale = tensor("tensor<f32>", {2});
  const char *quantize =
      "train.quantize %a, %b : tensor<3xf64>, tensor<f32> -> tensor<3xf8E4M3FN>";
  expectNear(evaluate(quantize, {x, scale}, {"tensor<3xf8E4M3FN>"}, Mode::Native).at(0),
             {2.25, 448, -448});
  // f64 mode leaves the rounding out, not the saturation.
  expectNear(evaluate(quantize, {x, scale}, {"tensor<3xf8E4M3FN>"}).at(0),
             {2.2, 448, -448});
  expectNear(evaluate("train.cast %a : tensor<1xf64> -> tensor<1xbf16>",
                      {tensor("tensor<1xf64>", {257})}, {"tensor<1xbf16>"}, Mode::Native)
                 .at(0),
             {256});
  expectNear(evaluate("train.cast %a : tensor<1xf64> -> tensor<1xbf16>",
                      {tensor("tensor<1xf64>", {257})}, {"tensor<1xbf16>"})
                 .at(0),
             {257});
}

} // namespace
