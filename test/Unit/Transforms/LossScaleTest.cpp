// What a step with a loss scale does, executed: a skip where something overflows, small
// derivatives that f16 keeps; and what micro-batches of unequal numbers of labels come
// to.
#include "Training.h"
#include "mlir/Parser/Parser.h"
#include "train/Reference/Inputs.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace train;
using namespace train::test;
using namespace train::reference;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

class LossScale : public PassTest {
protected:
  OwningOpRef<ModuleOp> parse(StringRef text) {
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(module);
    return module;
  }
};

/// Three parameters whose gradients are the three inputs.
constexpr StringLiteral kThree = R"(
train.param @a : tensor<3xf32> init(#train.constant<0.5>)
train.param @b : tensor<3xf32> init(#train.constant<0.25>)
train.param @c : tensor<3xf32> init(#train.constant<-1.0>)
train.graph @g(%x: tensor<1x3xf32> batch(0), %y: tensor<1x3xf32> batch(0), %z: tensor<1x3xf32> batch(0))
    -> (loss: tensor<f32>) {
  %a = train.read @a : tensor<3xf32>
  %b = train.read @b : tensor<3xf32>
  %c = train.read @c : tensor<3xf32>
  %ax = train.mul %x, %a : tensor<1x3xf32>, tensor<3xf32> -> tensor<1x3xf32>
  %by = train.mul %y, %b : tensor<1x3xf32>, tensor<3xf32> -> tensor<1x3xf32>
  %cz = train.mul %z, %c : tensor<1x3xf32>, tensor<3xf32> -> tensor<1x3xf32>
  %0 = train.add %ax, %by : tensor<1x3xf32>, tensor<1x3xf32> -> tensor<1x3xf32>
  %1 = train.add %0, %cz : tensor<1x3xf32>, tensor<1x3xf32> -> tensor<1x3xf32>
  %loss = train.reduce_sum %1 over [0, 1] : tensor<1x3xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
)";

class ThreeGradients : public LossScale {
protected:
  std::unique_ptr<Training> start(const Recipe &recipe) {
    module = parse(kThree);
    EXPECT_TRUE(buildStep(*module, recipe));
    return std::make_unique<Training>(*module, Mode::Native);
  }

  /// One step with gradients of 1, 2 and 3, element 1 of number `bad` replaced in one
  /// micro-batch.
  void run(Training &training, int bad = -1, double value = 0, int microBatch = 0) {
    SmallVector<TensorRef> inputs;
    for (auto [i, argument] :
         llvm::enumerate(training.getProgram().getBodyBlock()->getArguments())) {
      auto type = cast<RankedTensorType>(argument.getType());
      SmallVector<double> values(type.getNumElements(), type.getRank() ? i + 1.0 : 0.125);
      if (static_cast<int>(i) == bad)
        values[3 * microBatch + 1] = value;
      inputs.push_back(tensorOf(type, values));
    }
    training.run(inputs);
  }

  OwningOpRef<ModuleOp> module;
};

TEST_F(ThreeGradients, AnyOverflowSkipsTheStep) {
  for (const char *optimizer : {"sgd", "momentum", "adam", "adamw"})
    for (int64_t accumulate : {1, 3})
      for (bool clip : {false, true})
        for (int bad : {0, 1, 2})
          for (double value : {kInfinity, -kInfinity, kNaN}) {
            int place = accumulate == 1 ? 0 : bad; // each micro-batch in turn
            auto training = start({accumulate, clip, optimizer, dynamic(1024)});
            run(*training);
            auto before = training->state();
            EXPECT_EQ(training->output("skipped"), 0);
            EXPECT_EQ(training->symbol("train.step_count"), 1);
            run(*training, bad, value, place);
            EXPECT_EQ(training->state(), before)
                << optimizer << " " << accumulate << " " << bad << " " << value;
            EXPECT_EQ(training->output("skipped"), 1);
            EXPECT_EQ(training->output("loss_scale"), 1024);
            EXPECT_EQ(training->output("loss_scale_exhausted"), 0);
            EXPECT_EQ(training->symbol("train.loss_scale"), 512);
            run(*training);
            EXPECT_NE(training->state(), before);
            EXPECT_EQ(training->output("loss_scale"), 512);
            EXPECT_EQ(training->symbol("train.step_count"), 2);
          }
}

TEST_F(ThreeGradients, AGradientThatOnlyOverflowsScaledSkips) {
  auto training = start({1, true, "sgd", dynamic(4)});
  auto before = training->state();
  run(*training, 1, 3e38);
  EXPECT_EQ(training->state(), before);
  EXPECT_EQ(training->output("skipped"), 1);
  EXPECT_TRUE(std::isfinite(training->output("loss")));
  // One quarter of the scale, and it fits.
  run(*training, 1, 3e38);
  EXPECT_EQ(training->output("skipped"), 1);
  run(*training, 1, 3e38);
  EXPECT_EQ(training->output("loss_scale"), 1);
  EXPECT_EQ(training->output("skipped"), 0);
}

TEST_F(ThreeGradients, TheScaleGrowsAndShrinks) {
  // overflow? -> the scale that the next step uses
  auto follow = [&](const LossScaleOptions &options,
                    ArrayRef<std::pair<bool, double>> steps) {
    auto training = start({1, false, "sgd", options});
    for (auto [i, step] : llvm::enumerate(steps)) {
      run(*training, step.first ? 0 : -1, kInfinity);
      EXPECT_EQ(training->output("skipped"), step.first);
      EXPECT_EQ(training->symbol("train.loss_scale"), step.second) << "step " << i;
    }
  };
  // The window starts anew behind an overflow.
  follow(dynamic(8, 3), {{false, 8},
                         {false, 8},
                         {false, 16},
                         {false, 16},
                         {true, 8},
                         {false, 8},
                         {false, 8},
                         {false, 16}});
  // Every second overflow counts, whatever lies between; the count restarts on growth.
  follow(dynamic(8, 3, 2), {{true, 8},
                            {false, 8},
                            {true, 4},
                            {true, 4},
                            {false, 4},
                            {false, 4},
                            {false, 8},
                            {true, 8},
                            {true, 4}});
  follow(dynamic(8, 2000, 1, 4), {{true, 4}, {true, 4}, {true, 4}});
}

TEST_F(ThreeGradients, TheMinimumEndsTheTraining) {
  auto training = start({1, false, "sgd", dynamic(4, 2000, 2, 2)});
  const int exhausted[] = {0, 0, 0, 1};
  for (int step = 0; step < 4; ++step) {
    run(*training, 2, kNaN);
    EXPECT_EQ(training->output("loss_scale_exhausted"), exhausted[step]) << step;
  }
  run(*training);
  EXPECT_EQ(training->output("loss_scale_exhausted"), 0);
}

TEST_F(ThreeGradients, AStaticScaleSkipsAndStays) {
  auto training = start({1, true, "adamw", fixed(32)});
  auto before = training->state();
  run(*training, 0, kInfinity);
  EXPECT_EQ(training->state(), before);
  EXPECT_EQ(training->output("skipped"), 1);
  EXPECT_EQ(training->output("loss_scale"), 32);
  EXPECT_FALSE(training->hasOutput("loss_scale_exhausted"));
  run(*training);
  EXPECT_EQ(training->output("loss_scale"), 32);
  EXPECT_NE(training->state(), before);
}

TEST_F(ThreeGradients, WithoutAScaleNothingIsSkipped) {
  auto training = start({1, false, "sgd", {}});
  run(*training, 1, kInfinity);
  EXPECT_FALSE(training->hasOutput("skipped"));
  EXPECT_FALSE(training->hasOutput("loss_scale"));
  EXPECT_FALSE(training->hasSymbol("train.loss_scale"));
  EXPECT_EQ(training->state()["b"][1], -kInfinity);
  EXPECT_TRUE(std::isfinite(training->state()["b"][0]));
}

TEST_F(ThreeGradients, ClippingMeasuresUnscaledGradients) {
  auto plain = start({1, true, "sgd", {}});
  run(*plain);
  double norm = plain->output("grad_norm");
  EXPECT_NEAR(norm, std::sqrt(3 * (1 + 4 + 9)), 1e-5);
  auto state = plain->state();
  auto scaled = start({1, true, "sgd", dynamic()});
  run(*scaled);
  EXPECT_EQ(scaled->output("grad_norm"), norm);
  EXPECT_EQ(scaled->state(), state);
}

/// The loss weighs f16 products by 1e-8, which f16 cannot hold: it rounds to zero.
constexpr StringLiteral kTiny = R"(
train.param @w : tensor<4xf32> init(#train.constant<0.5>)
train.graph @g(%x: tensor<1x4xf32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %w16 = train.cast %w : tensor<4xf32> -> tensor<4xf16>
  %x16 = train.cast %x : tensor<1x4xf32> -> tensor<1x4xf16>
  %y16 = train.mul %x16, %w16 : tensor<1x4xf16>, tensor<4xf16> -> tensor<1x4xf16>
  %y = train.cast %y16 : tensor<1x4xf16> -> tensor<1x4xf32>
  %c = train.constant dense<WEIGHT> : tensor<f32>
  %z = train.mul %y, %c : tensor<1x4xf32>, tensor<f32> -> tensor<1x4xf32>
  %loss = train.reduce_sum %z over [0, 1] : tensor<1x4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
)";

TEST_F(LossScale, KeepsSmallDerivativesInF16) {
  // The gradient of w is WEIGHT * x, x = 1: what f16 makes of it without a scale, and
  // that with one it is exact to f16's 11 bits.
  struct {
    const char *weight;
    double plain;
  } cases[] = {{"1.0e-8", 0},            // below 2^-25: zero
               {"1.0e-6", 0x1.1p-20},    // subnormal: 17 * 2^-24
               {"1.0e-4", 0x1.a38p-14}}; // normal: rounded to 11 bits
  for (const auto &[weight, plain] : cases)
    for (bool scaled : {false, true}) {
      std::string text = kTiny.str();
      text.replace(text.find("WEIGHT"), 6, weight);
      OwningOpRef<ModuleOp> module = parse(text);
      Recipe recipe{1, false, "sgd"};
      if (scaled)
        recipe.lossScale = dynamic();
      ASSERT_TRUE(buildStep(*module, recipe));
      Training training(*module, Mode::Native);
      SmallVector<TensorRef> inputs;
      for (Value argument : training.getProgram().getBodyBlock()->getArguments()) {
        bool isRate = cast<RankedTensorType>(argument.getType()).getRank() == 0;
        // A rate that makes the step larger than the parameter's last bit.
        inputs.push_back(tensorOf(argument.getType(), {isRate ? 1024.0 : 1.0}));
      }
      training.run(inputs);
      double gradient = (0.5 - training.symbol("w")) / 1024;
      double exact = std::atof(weight);
      if (scaled)
        EXPECT_NEAR(gradient, exact, exact * 0x1p-11 + 0x1p-35) << weight;
      else
        EXPECT_NEAR(gradient, plain, 0x1p-35) << weight;
    }
}

/// A classifier of two layers, `rows` samples per micro-batch.
std::string classifier(int rows) {
  std::string text = R"(
train.param @w : tensor<3x6xf32> init(#train.normal<0.0, 0.5>)
train.param @v : tensor<6x4xf32> init(#train.normal<0.0, 0.5>)
train.graph @g(%x: tensor<Bx3xf32> batch(0), %labels: tensor<Bxi32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<3x6xf32>
  %v = train.read @v : tensor<6x4xf32>
  %h = train.matmul %x, %w : tensor<Bx3xf32>, tensor<3x6xf32> -> tensor<Bx6xf32>
  %a = train.tanh %h : tensor<Bx6xf32>
  %y = train.matmul %a, %v : tensor<Bx6xf32>, tensor<6x4xf32> -> tensor<Bx4xf32>
  %loss, %lse, %n = train.cross_entropy %y, %labels : tensor<Bx4xf32>, tensor<Bxi32> -> tensor<f32>, tensor<Bxf32>, tensor<f32>
  %half = train.constant dense<0.5> : tensor<f32>
  %scaled = train.mul %loss, %half : tensor<f32>, tensor<f32> -> tensor<f32>
  train.return %scaled : tensor<f32>
}
)";
  for (size_t at; (at = text.find("Bx")) != std::string::npos;)
    text.replace(at, 1, std::to_string(rows));
  return text;
}

class LabelMean : public LossScale {
protected:
  struct Result {
    double loss;
    std::map<std::string, std::vector<double>> state;
  };

  /// One step of SGD on 12 samples in `count` micro-batches, the loss in chunks of
  /// `chunk` rows if that is above 0.
  Result train(int count, ArrayRef<double> labels, int chunk, bool scaled, Mode mode) {
    OwningOpRef<ModuleOp> module = parse(classifier(12 / count));
    PassManager pm(&context);
    GraphOptions graph;
    graph.lossChunk.reset();
    if (chunk)
      graph.lossChunk = chunk;
    buildGraphPipeline(pm, graph);
    StepOptions step;
    step.accumulate = count;
    step.optimizer = "sgd";
    step.reportGradNorm = true;
    if (scaled)
      step.lossScale = dynamic();
    buildStepPipeline(pm, step);
    EXPECT_TRUE(succeeded(pm.run(*module)));
    Training training(*module, mode);
    SmallVector<double> x;
    for (int i = 0; i < 36; ++i)
      x.push_back(std::sin(1.0 + i));
    auto arguments = training.getProgram().getBodyBlock()->getArguments();
    training.run({tensorOf(arguments[0].getType(), x),
                  tensorOf(arguments[1].getType(), labels),
                  tensorOf(arguments[2].getType(), {1.0})});
    Result result{training.output("loss"), training.state()};
    result.state["grad_norm"] = {training.output("grad_norm")};
    return result;
  }
};

TEST_F(LabelMean, UnequalMicroBatchesMakeTheMeanOfTheBatch) {
  const double masks[][12] = {
      // 4 micro-batches of 3: none, one, two and three valid labels.
      {-100, -100, -100, 1, -100, -100, -100, 2, 3, 0, 1, 2},
      // 11 of 12; the first chunk without any; all but one.
      {0, 1, 2, 3, -100, 1, 2, 3, 0, 1, 2, 3},
      {-100, -100, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2},
      {-100, -100, -100, -100, -100, -100, -100, -100, -100, -100, 2, -100},
      // No label at all: no gradient.
      {-100, -100, -100, -100, -100, -100, -100, -100, -100, -100, -100, -100}};
  for (ArrayRef<double> labels : masks) {
    Result whole = train(1, labels, 0, false, Mode::F64);
    for (int count : {2, 3, 4, 6, 12})
      for (int chunk : {0, 1})
        for (bool scaled : {false, true}) {
          Result parts = train(count, labels, chunk && count < 12 ? 12 / count / 2 : 0,
                               scaled, Mode::F64);
          EXPECT_NEAR(parts.loss, whole.loss, 1e-12) << count << " " << chunk;
          for (const char *name : {"w", "v", "grad_norm"})
            for (auto [part, expected] :
                 llvm::zip_equal(parts.state[name], whole.state[name]))
              EXPECT_NEAR(part, expected, 1e-12) << name << " " << count << " " << chunk;
        }
  }
}

TEST_F(LabelMean, WithoutIgnoredLabelsIsTheMeanOfMeans) {
  const double labels[12] = {0, 1, 2, 3, 3, 2, 1, 0, 1, 1, 2, 3};
  // The factor is exactly 1: the loss is that of the micro-batches' means, to the bit.
  Result four = train(4, labels, 0, false, Mode::Native);
  double sum = 0;
  for (int i = 0; i < 4; ++i) {
    OwningOpRef<ModuleOp> module = parse(classifier(3));
    ASSERT_TRUE(buildStep(*module, {1, false, "sgd"}));
    Training training(*module, Mode::Native);
    SmallVector<double> x;
    for (int e = 0; e < 9; ++e)
      x.push_back(std::sin(1.0 + 9 * i + e));
    auto arguments = training.getProgram().getBodyBlock()->getArguments();
    training.run(
        {tensorOf(arguments[0].getType(), x),
         tensorOf(arguments[1].getType(), ArrayRef<double>(labels).slice(3 * i, 3)),
         tensorOf(arguments[2].getType(), {1.0})});
    sum = static_cast<float>(sum + training.output("loss"));
  }
  EXPECT_EQ(four.loss, static_cast<float>(sum * 0.25));
}

} // namespace
