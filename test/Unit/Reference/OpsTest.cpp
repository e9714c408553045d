// What the ops of models mean, against values worked out by hand or by a closed form.
// TrainingOpsTest.cpp has lookups, losses, optimizers and precision.
#include "Harness.h"

#include <cmath>

using namespace train::reference;

namespace {

class Ops : public ReferenceTest {
protected:
  double unary(const std::string &op, double x) {
    auto y =
        evaluate(op + " : tensor<f64>", {tensor("tensor<f64>", {x})}, {"tensor<f64>"});
    return y.empty() ? NAN : y[0]->f[0];
  }
};

TEST_F(Ops, UnaryFunctions) {
  EXPECT_EQ(unary("train.neg %a", 2), -2);
  EXPECT_EQ(unary("train.abs %a", -2), 2);
  EXPECT_DOUBLE_EQ(unary("train.exp %a", 1), M_E);
  EXPECT_DOUBLE_EQ(unary("train.log %a", M_E), 1);
  EXPECT_EQ(unary("train.sqrt %a", 9), 3);
  EXPECT_EQ(unary("train.rsqrt %a", 4), 0.5);
  EXPECT_NEAR(unary("train.sin %a", M_PI / 6), 0.5, 1e-15);
  EXPECT_NEAR(unary("train.cos %a", M_PI / 3), 0.5, 1e-15);
  EXPECT_DOUBLE_EQ(unary("train.tanh %a", 0.5), (M_E - 1) / (M_E + 1));
  EXPECT_DOUBLE_EQ(unary("train.sigmoid %a", std::log(3)), 0.75);
  EXPECT_EQ(unary("train.sigmoid %a", -1000), 0);
  EXPECT_DOUBLE_EQ(unary("train.erf %a", 1), 0.84270079294971486934);
  EXPECT_EQ(unary("train.relu %a", -3), 0);
  EXPECT_TRUE(std::isnan(unary("train.relu %a", NAN)));
  EXPECT_DOUBLE_EQ(unary("train.silu %a", std::log(3)), 0.75 * std::log(3));
  EXPECT_EQ(unary("train.clamp %a {low = -1.0 : f64, high = 2.0 : f64}", 5), 2);
  EXPECT_EQ(unary("train.clamp %a {low = -1.0 : f64, high = 2.0 : f64}", -5), -1);
}

TEST_F(Ops, GeluKeepsItsLeftTail) {
  // x Phi(x) at -10: Phi(-10) = 7.61985302416052606597e-24.
  EXPECT_NEAR(unary("train.gelu erf %a", -10) / -7.61985302416052606597e-23, 1, 1e-13);
  EXPECT_DOUBLE_EQ(unary("train.gelu erf %a", 1), 0.84134474606854294859);
  double u = std::sqrt(2 / M_PI) * (1 + 0.044715);
  EXPECT_DOUBLE_EQ(unary("train.gelu tanh %a", 1), 0.5 * (1 + std::tanh(u)));
  EXPECT_LT(unary("train.gelu tanh %a", -10), 0);
}

TEST_F(Ops, SlopesAreThoseOfTheFunctions) {
  for (const char *kind : {"gelu erf", "gelu tanh", "silu"})
    for (double x : {-6.0, -0.75, -0.1, 0.0, 0.3, 2.0, 8.0}) {
      std::string name(kind), forward = "train." + name + " %a";
      size_t space = name.find(' ');
      std::string backward =
          space == std::string::npos
              ? "train." + name + "_backward %a, %b : tensor<f64>"
              : "train.gelu_backward " + name.substr(space + 1) + " %a, %b : tensor<f64>";
      auto dx =
          evaluate(backward, {tensor("tensor<f64>", {2.0}), tensor("tensor<f64>", {x})},
                   {"tensor<f64>"});
      ASSERT_EQ(dx.size(), 1u);
      double h = 1e-5, slope = (unary(forward, x + h) - unary(forward, x - h)) / (2 * h);
      EXPECT_NEAR(dx[0]->f[0], 2 * slope, 1e-9) << kind << " at " << x;
    }
}

TEST_F(Ops, BinaryOpsBroadcast) {
  auto column = tensor("tensor<2x1xf64>", {10, 20}),
       row = tensor("tensor<3xf64>", {1, 2, 4});
  const std::string types = " %a, %b : tensor<2x1xf64>, tensor<3xf64> -> tensor<2x3xf64>";
  auto get = [&](const std::string &op) {
    return evaluate(op + types, {column, row}, {"tensor<2x3xf64>"}).at(0);
  };
  expectNear(get("train.add"), {11, 12, 14, 21, 22, 24});
  expectNear(get("train.sub"), {9, 8, 6, 19, 18, 16});
  expectNear(get("train.mul"), {10, 20, 40, 20, 40, 80});
  expectNear(get("train.div"), {10, 5, 2.5, 20, 10, 5});
  expectNear(get("train.pow"), {10, 100, 10000, 20, 400, 160000});
  expectNear(get("train.max"), {10, 10, 10, 20, 20, 20});
}

TEST_F(Ops, MinAndMaxPropagateNaN) {
  auto a = tensor("tensor<3xf64>", {NAN, 1, -0.0}),
       b = tensor("tensor<3xf64>", {1, NAN, 0.0});
  const std::string types = " %a, %b : tensor<3xf64>, tensor<3xf64> -> tensor<3xf64>";
  for (const char *op : {"train.min", "train.max"}) {
    auto y = evaluate(op + types, {a, b}, {"tensor<3xf64>"});
    ASSERT_EQ(y.size(), 1u);
    EXPECT_TRUE(std::isnan(y[0]->f[0]) && std::isnan(y[0]->f[1]));
    EXPECT_EQ(std::signbit(y[0]->f[2]), std::string(op) == "train.min");
  }
}

TEST_F(Ops, IntegersTruncateAndWrap) {
  auto a = tensor("tensor<3xi32>", {-7, 7, 2147483647}),
       b = tensor("tensor<3xi32>", {2, -2, 1});
  const std::string types = " %a, %b : tensor<3xi32>, tensor<3xi32> -> tensor<3xi32>";
  expectNear(evaluate("train.div" + types, {a, b}, {"tensor<3xi32>"}).at(0),
             {-3, -3, 2147483647});
  expectNear(evaluate("train.add" + types, {a, b}, {"tensor<3xi32>"}).at(0),
             {-5, 5, -2147483648.0});
  EXPECT_TRUE(evaluate("train.div" + types, {a, tensor("tensor<3xi32>", {1, 0, 1})},
                       {"tensor<3xi32>"})
                  .empty());
  EXPECT_EQ(diagnostics.back(), "'train.div' op divides an integer by zero");
}

TEST_F(Ops, CompareAndSelect) {
  auto a = tensor("tensor<3xf64>", {1, 2, NAN}), b = tensor("tensor<f64>", {2});
  expectNear(
      evaluate("train.compare lt %a, %b : tensor<3xf64>, tensor<f64> -> tensor<3xi1>",
               {a, b}, {"tensor<3xi1>"})
          .at(0),
      {1, 0, 0});
  expectNear(
      evaluate("train.compare ne %a, %b : tensor<3xf64>, tensor<f64> -> tensor<3xi1>",
               {a, b}, {"tensor<3xi1>"})
          .at(0),
      {1, 0, 1});
  auto chosen = evaluate("train.select %a, %b, %c : tensor<2x1xi1>, tensor<2xf64>, "
                         "tensor<f64> -> tensor<2x2xf64>",
                         {tensor("tensor<2x1xi1>", {1, 0}),
                          tensor("tensor<2xf64>", {3, 4}), tensor("tensor<f64>", {9})},
                         {"tensor<2x2xf64>"});
  expectNear(chosen.at(0), {3, 4, 9, 9});
}

TEST_F(Ops, MatmulTransposesBatchesAndAccumulates) {
  // a = [1 2 3; 4 5 6], b = [1 0; 0 1; 1 1]: a b = [4 5; 10 11].
  auto a = tensor("tensor<2x3xf64>", {1, 2, 3, 4, 5, 6}),
       b = tensor("tensor<3x2xf64>", {1, 0, 0, 1, 1, 1});
  expectNear(
      evaluate(
          "train.matmul %a, %b : tensor<2x3xf64>, tensor<3x2xf64> -> tensor<2x2xf64>",
          {a, b}, {"tensor<2x2xf64>"})
          .at(0),
      {4, 5, 10, 11});
  expectNear(evaluate("train.matmul %b, %a {transpose_lhs, transpose_rhs} : "
                      "tensor<3x2xf64>, tensor<2x3xf64> -> tensor<2x2xf64>",
                      {a, b}, {"tensor<2x2xf64>"})
                 .at(0),
             {4, 10, 5, 11});
  auto batch = tensor("tensor<2x1x3xf64>", {1, 2, 3, 4, 5, 6});
  expectNear(evaluate("train.matmul %a, %b into %c : tensor<2x1x2xf64>, : "
                      "tensor<2x1x3xf64>, tensor<3x2xf64> -> tensor<2x1x2xf64>",
                      {batch, b, tensor("tensor<2x1x2xf64>", {100, 200, 300, 400})},
                      {"tensor<2x1x2xf64>"})
                 .at(0),
             {104, 205, 310, 411});
}

TEST_F(Ops, MatmulRemaindersOfItsBlocks) {
  // 5 rows and 515 columns leave a remainder on both sides; ones times ones is K
  // everywhere.
  auto y = evaluate(
      "train.matmul %a, %b : tensor<5x7xf64>, tensor<7x515xf64> -> tensor<5x515xf64>",
      {tensor("tensor<5x7xf64>", {1.0}), tensor("tensor<7x515xf64>", {1.0})},
      {"tensor<5x515xf64>"});
  expectNear(y.at(0), std::vector<double>(5 * 515, 7.0));
}

TEST_F(Ops, ConvolutionAndItsAdjointsPairUp) {
  // <conv(x, w), g> = <x, conv_transpose(g, w)> = <w, filter_grad(x, g)>, whatever
  // strides, padding, dilation and groups.
  const std::string attributes =
      "{strides = array<i64: 2, 1>, padding = array<i64: 1, 0, 2, 1>, dilations = "
      "array<i64: 1, 2>, groups = 2 : i64";
  NamedStream stream(1, "conv");
  auto fill = [&](const char *type, int64_t offset) {
    auto value = std::make_shared<Tensor>(*tensor(type, {0.0}));
    for (int64_t e = 0; e < value->size(); ++e)
      value->f[e] = stream.normal(offset + e);
    return value;
  };
  auto x = fill("tensor<2x4x5x6xf64>", 0), w = fill("tensor<6x2x3x2xf64>", 1000),
       g = fill("tensor<2x6x3x5xf64>", 2000);
  auto y =
      evaluate("train.conv2d %a, %b " + attributes +
                   "} : tensor<2x4x5x6xf64>, tensor<6x2x3x2xf64> -> tensor<2x6x3x5xf64>",
               {x, w}, {"tensor<2x6x3x5xf64>"});
  auto dx = evaluate("train.conv2d_transpose %a, %b " + attributes +
                         ", size = array<i64: 5, 6>} : tensor<2x6x3x5xf64>, "
                         "tensor<6x2x3x2xf64> -> tensor<2x4x5x6xf64>",
                     {g, w}, {"tensor<2x4x5x6xf64>"});
  auto dw = evaluate("train.conv2d_filter_grad %a, %b " + attributes +
                         ", size = array<i64: 3, 2>} : tensor<2x4x5x6xf64>, "
                         "tensor<2x6x3x5xf64> -> tensor<6x2x3x2xf64>",
                     {x, g}, {"tensor<6x2x3x2xf64>"});
  ASSERT_TRUE(y.size() == 1 && dx.size() == 1 && dw.size() == 1);
  auto dot = [](const Tensor &a, const Tensor &b) {
    double sum = 0;
    for (int64_t e = 0; e < a.size(); ++e)
      sum += a.f[e] * b.f[e];
    return sum;
  };
  double expected = dot(*y[0], *g);
  EXPECT_NEAR(dot(*x, *dx[0]), expected, 1e-10);
  EXPECT_NEAR(dot(*w, *dw[0]), expected, 1e-10);
}

TEST_F(Ops, ConvolutionByHand) {
  // 2x2 ones over [1 2 3; 4 5 6; 7 8 9] without padding: sums of the four corners.
  auto y = evaluate("train.conv2d %a, %b {strides = array<i64: 1, 1>, padding = "
                    "array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : "
                    "tensor<1x1x3x3xf64>, tensor<1x1x2x2xf64> -> tensor<1x1x2x2xf64>",
                    {tensor("tensor<1x1x3x3xf64>", {1, 2, 3, 4, 5, 6, 7, 8, 9}),
                     tensor("tensor<1x1x2x2xf64>", {1.0})},
                    {"tensor<1x1x2x2xf64>"});
  expectNear(y.at(0), {12, 16, 24, 28});
}

TEST_F(Ops, AttentionAveragesWhatItSees) {
  // Equal scores: query t of a causal row sees keys 0 … t with equal weight.
  auto zero = tensor("tensor<1x3x1x1xf64>", {0.0}),
       v = tensor("tensor<1x3x1x1xf64>", {3, 5, 10});
  auto y = evaluate("train.attention %a, %b, %c {scale = 1.0 : f64, causal} : "
                    "tensor<1x3x1x1xf64>, tensor<1x3x1x1xf64>, tensor<1x3x1x1xf64> -> "
                    "tensor<1x3x1x1xf64>, tensor<1x1x3xf64>",
                    {zero, zero, v}, {"tensor<1x3x1x1xf64>", "tensor<1x1x3xf64>"});
  ASSERT_EQ(y.size(), 2u);
  expectNear(y[0], {3, 4, 6});
  expectNear(y[1], {0, std::log(2), std::log(3)});
}

TEST_F(Ops, ReductionsOverChosenDimensions) {
  auto x = tensor("tensor<2x3xf64>", {1, 5, 3, 4, 2, 6});
  expectNear(evaluate("train.reduce_sum %a over [0] : tensor<2x3xf64> -> tensor<3xf64>",
                      {x}, {"tensor<3xf64>"})
                 .at(0),
             {5, 7, 9});
  expectNear(evaluate("train.reduce_mean %a over [1] {keep_dims} : tensor<2x3xf64> -> "
                      "tensor<2x1xf64>",
                      {x}, {"tensor<2x1xf64>"})
                 .at(0),
             {3, 4});
  expectNear(evaluate("train.reduce_max %a over [0, 1] : tensor<2x3xf64> -> tensor<f64>",
                      {x}, {"tensor<f64>"})
                 .at(0),
             {6});
}

TEST_F(Ops, SoftmaxSurvivesLargeInputs) {
  auto x = tensor("tensor<1x2xf64>", {1000, 1000 + std::log(3)});
  expectNear(
      evaluate("train.softmax %a : tensor<1x2xf64>", {x}, {"tensor<1x2xf64>"}).at(0),
      {0.25, 0.75});
  expectNear(
      evaluate("train.log_softmax %a : tensor<1x2xf64>", {x}, {"tensor<1x2xf64>"}).at(0),
      {std::log(0.25), std::log(0.75)});
}

TEST_F(Ops, Normalizations) {
  // Row [1, 3]: mean 2, biased variance 1.
  auto x = tensor("tensor<1x2xf64>", {1, 3}), gamma = tensor("tensor<2xf64>", {2, 4}),
       beta = tensor("tensor<2xf64>", {10, 20});
  auto layer = evaluate(
      "train.layer_norm %a, %b, %c {eps = 0.0 : f64} : tensor<1x2xf64>, tensor<2xf64>, "
      "tensor<2xf64> -> tensor<1x2xf64>, tensor<1xf64>, tensor<1xf64>",
      {x, gamma, beta}, {"tensor<1x2xf64>", "tensor<1xf64>", "tensor<1xf64>"});
  ASSERT_EQ(layer.size(), 3u);
  expectNear(layer[0], {8, 24});
  expectNear(layer[1], {2});
  expectNear(layer[2], {1});
  auto rms = evaluate("train.rms_norm %a, %b {eps = 0.0 : f64} : tensor<1x2xf64>, "
                      "tensor<2xf64> -> tensor<1x2xf64>, tensor<1xf64>",
                      {x, gamma}, {"tensor<1x2xf64>", "tensor<1xf64>"});
  ASSERT_EQ(rms.size(), 2u);
  expectNear(rms[0], {2 / std::sqrt(5), 12 / std::sqrt(5)});
  // Channels of [[1, 10], [3, 30]]: means 2 and 20, variances 1 and 100.
  auto batch = evaluate("train.batch_norm %a, %b, %c {eps = 0.0 : f64, momentum = 0.1 : "
                        "f64} : tensor<2x2xf64>, tensor<2xf64>, tensor<2xf64> -> "
                        "tensor<2x2xf64>, tensor<2xf64>, tensor<2xf64>",
                        {tensor("tensor<2x2xf64>", {1, 10, 3, 30}), gamma, beta},
                        {"tensor<2x2xf64>", "tensor<2xf64>", "tensor<2xf64>"});
  ASSERT_EQ(batch.size(), 3u);
  expectNear(batch[0], {8, 16, 12, 24});
  expectNear(batch[1], {2, 20});
  expectNear(batch[2], {1, 100});
}

TEST_F(Ops, MaxPoolingNamesTheFirstMaximum) {
  auto x = tensor("tensor<1x1x2x4xf64>", {1, 7, -2, -9, 7, 0, -2, -3});
  const std::string attributes = "{window = array<i64: 2, 2>, strides = array<i64: 2, "
                                 "2>, padding = array<i64: 0, 0, 0, 0>";
  auto y =
      evaluate("train.max_pool2d %a " + attributes +
                   "} : tensor<1x1x2x4xf64> -> tensor<1x1x1x2xf64>, tensor<1x1x1x2xi32>",
               {x}, {"tensor<1x1x1x2xf64>", "tensor<1x1x1x2xi32>"});
  ASSERT_EQ(y.size(), 2u);
  expectNear(y[0], {7, -2});
  expectNear(y[1], {1, 2});
  auto dx =
      evaluate("train.max_pool2d_backward %a, %b " + attributes +
                   ", size = array<i64: 2, 4>} : tensor<1x1x1x2xf64>, "
                   "tensor<1x1x1x2xi32> -> tensor<1x1x2x4xf64>",
               {tensor("tensor<1x1x1x2xf64>", {5, 6}), y[1]}, {"tensor<1x1x2x4xf64>"});
  expectNear(dx.at(0), {0, 5, 6, 0, 0, 0, 0, 0});
}

TEST_F(Ops, AveragePoolingCountsPadding) {
  auto x = tensor("tensor<1x1x2x2xf64>", {4, 8, 12, 16});
  const std::string attributes = "{window = array<i64: 2, 2>, strides = array<i64: 2, "
                                 "2>, padding = array<i64: 1, 1, 1, 1>";
  expectNear(evaluate("train.avg_pool2d %a " + attributes +
                          "} : tensor<1x1x2x2xf64> -> tensor<1x1x2x2xf64>",
                      {x}, {"tensor<1x1x2x2xf64>"})
                 .at(0),
             {1, 2, 3, 4});
  expectNear(
      evaluate(
          "train.avg_pool2d_backward %a " + attributes +
              ", size = array<i64: 2, 2>} : tensor<1x1x2x2xf64> -> tensor<1x1x2x2xf64>",
          {x}, {"tensor<1x1x2x2xf64>"})
          .at(0),
      {1, 2, 3, 4});
}

TEST_F(Ops, ShapesMoveElements) {
  auto x = tensor("tensor<2x3xf64>", {1, 2, 3, 4, 5, 6});
  expectNear(evaluate("train.transpose %a by [1, 0] : tensor<2x3xf64> -> tensor<3x2xf64>",
                      {x}, {"tensor<3x2xf64>"})
                 .at(0),
             {1, 4, 2, 5, 3, 6});
  expectNear(
      evaluate("train.slice %a {offsets = array<i64: 0, 0>, sizes = array<i64: 2, 2>, "
               "strides = array<i64: 1, 2>} : tensor<2x3xf64> -> tensor<2x2xf64>",
               {x}, {"tensor<2x2xf64>"})
          .at(0),
      {1, 3, 4, 6});
  expectNear(evaluate("train.concat %a, %b along 1 : tensor<2x3xf64>, tensor<2x1xf64> -> "
                      "tensor<2x4xf64>",
                      {x, tensor("tensor<2x1xf64>", {8, 9})}, {"tensor<2x4xf64>"})
                 .at(0),
             {1, 2, 3, 8, 4, 5, 6, 9});
  expectNear(
      evaluate("train.pad %a {low = array<i64: 1>, high = array<i64: 0>, interior = "
               "array<i64: 1>, value = 9.0 : f64} : tensor<3xf64> -> tensor<6xf64>",
               {tensor("tensor<3xf64>", {1, 2, 3})}, {"tensor<6xf64>"})
          .at(0),
      {9, 1, 9, 2, 9, 3});
  expectNear(evaluate("train.broadcast %a to [2, 2] : tensor<2x1xf64> -> tensor<2x2xf64>",
                      {tensor("tensor<2x1xf64>", {1, 2})}, {"tensor<2x2xf64>"})
                 .at(0),
             {1, 1, 2, 2});
  expectNear(evaluate("train.reshape %a to [3, 2] : tensor<2x3xf64> -> tensor<3x2xf64>",
                      {x}, {"tensor<3x2xf64>"})
                 .at(0),
             {1, 2, 3, 4, 5, 6});
  expectNear(evaluate("train.iota 1 : tensor<2x3xi32>", {}, {"tensor<2x3xi32>"}).at(0),
             {0, 1, 2, 0, 1, 2});
}

} // namespace
