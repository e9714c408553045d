// Which bits a loss scale of a power of two changes: none in f32 and bf16; none in f16
// while every value is a normal number; some where values are subnormal, vanish or
// overflow.
#include "Training.h"
#include "mlir/Parser/Parser.h"
#include "train/Reference/Inputs.h"

#include <cmath>

using namespace mlir;
using namespace train;
using namespace train::test;
using namespace train::reference;

namespace {

class ScaleBits : public PassTest {
protected:
  struct Result {
    std::map<std::string, std::vector<double>> state;
    std::vector<double> losses;
    int64_t narrow = 0;  ///< values in f16 that were looked at
    int64_t unsafe = 0;  ///< of those, zero, subnormal, infinite or NaN
    int64_t skipped = 0; ///< steps
  };

  Result train(OwningOpRef<ModuleOp> module, const Recipe &recipe, int64_t steps,
               int64_t data = 0) {
    Result result;
    EXPECT_TRUE(buildStep(*module, recipe));
    Training training(*module, Mode::Native);
    auto look = [&](Operation *, ArrayRef<Tensor> tensors) {
      for (const Tensor &tensor : tensors)
        if (tensor.elementType.isF16())
          for (double value : tensor.f) {
            ++result.narrow;
            result.unsafe += !(std::abs(value) >= 0x1p-14 && std::isfinite(value));
          }
    };
    for (int64_t step = 0; step < steps; ++step) {
      training.run(randomInputs(training.getProgram(), data + step), look);
      result.losses.push_back(training.output("loss"));
      if (training.hasOutput("skipped"))
        result.skipped += training.output("skipped") != 0;
    }
    result.state = training.state();
    return result;
  }
};

TEST_F(ScaleBits, PowersOfTwoChangeNoneInF32AndBf16) {
  for (const char *precision : {"f32", "bf16"})
    for (const char *family : {"mlp", "gpt2", "llama", "unet"})
      for (Recipe recipe : {Recipe{1, false, "adamw"}, Recipe{2, true, "momentum"}}) {
        recipe.precision = precision;
        Result plain = train(buildSmall(family), recipe, 3);
        // The dynamic one has grown in the third step.
        for (const LossScaleOptions &scale :
             {dynamic(65536, /*window=*/2), fixed(0x1p-10)}) {
          recipe.lossScale = scale;
          Result scaled = train(buildSmall(family), recipe, 3);
          EXPECT_EQ(scaled.state, plain.state)
              << precision << " " << family << " " << scale.init;
          EXPECT_EQ(scaled.losses, plain.losses)
              << precision << " " << family << " " << scale.init;
          EXPECT_EQ(scaled.skipped, 0);
        }
      }
}

/// Two layers without a ReLU: no derivative is exactly zero.
constexpr StringLiteral kSmooth = R"(
train.param @w : tensor<3x6xf32> init(#train.normal<0.0, 0.5>)
train.param @v : tensor<6x4xf32> init(#train.normal<0.0, 0.5>)
train.graph @g(%x: tensor<8x3xf32> batch(0), %y: tensor<8x4xf32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<3x6xf32>
  %v = train.read @v : tensor<6x4xf32>
  %h = train.matmul %x, %w : tensor<8x3xf32>, tensor<3x6xf32> -> tensor<8x6xf32>
  %a = train.tanh %h : tensor<8x6xf32>
  %o = train.matmul %a, %v : tensor<8x6xf32>, tensor<6x4xf32> -> tensor<8x4xf32>
  %loss = train.mse %o, %y : tensor<8x4xf32>, tensor<8x4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
)";

TEST_F(ScaleBits, PowersOfTwoChangeSomeInF16WhereItsRangeEnds) {
  // Data for which forward has no value below f16's normal numbers.
  constexpr int64_t kData = 60;
  auto run = [&](const LossScaleOptions &scale) {
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(kSmooth, &context);
    Recipe recipe{1, false, "sgd", scale};
    recipe.precision = "f16";
    return train(std::move(module), recipe, 3, kData);
  };
  auto scaled = [&](int exponent) { return run(fixed(std::ldexp(1.0, exponent))); };
  Result plain = run({});
  ASSERT_EQ(plain.unsafe, 0);
  ASSERT_GT(plain.narrow, 1000);
  int64_t safe = 0, vanished = 0, overflowed = 0;
  for (int exponent = -24; exponent <= 24; ++exponent) {
    SCOPED_TRACE(exponent);
    Result result = scaled(exponent);
    EXPECT_EQ(result.narrow, plain.narrow);
    if (result.unsafe == 0) {
      EXPECT_EQ(result.state, plain.state);
      EXPECT_EQ(result.losses, plain.losses);
      EXPECT_EQ(result.skipped, 0);
      ++safe;
    } else if (result.state != plain.state) {
      ++(result.skipped > 0 ? overflowed : vanished);
      EXPECT_EQ(result.skipped > 0, exponent > 0);
    }
  }
  // On both sides of the safe scales others change bits.
  EXPECT_GE(safe, 8);
  EXPECT_GE(vanished, 8);
  EXPECT_GE(overflowed, 4);
}

} // namespace
