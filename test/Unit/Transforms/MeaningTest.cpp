// What passes do to the numbers: nothing, or exactly what they say.
#include "Harness.h"
#include "train/Reference/Equivalence.h"
#include "train/Reference/Initializers.h"
#include "train/Reference/Inputs.h"
#include "train/Reference/Interpreter.h"

#include <cmath>

using namespace mlir;
using namespace train;
using namespace train::test;
using namespace train::reference;

namespace {

class Meaning : public PassTest {
protected:
  /// Everything that the step writes, from the model's initial values, in f64.
  std::map<std::string, TensorRef, std::less<>> runStep(ModuleOp module,
                                                        ArrayRef<TensorRef> inputs) {
    EvalContext evaluation(Mode::F64);
    evaluation.seed = 7;
    EXPECT_TRUE(succeeded(initializeSymbols(module, evaluation)));
    Interpreter interpreter(evaluation);
    auto step =
        cast<ProgramOpInterface>((*module.getOps<StepOp>().begin()).getOperation());
    EXPECT_TRUE(succeeded(interpreter.run(step, inputs)));
    auto writes = interpreter.getWrites();
    writes["loss"] = interpreter.getOutputs()[0];
    return writes;
  }
};

// Fusing, ordering and placing change no bit.
TEST_F(Meaning, FuseScheduleAndPlanAreBitwiseNeutral) {
  for (const char *family : {"mlp", "gpt2", "unet"})
    for (int64_t accumulate : {1, 3}) {
      SCOPED_TRACE(family);
      OwningOpRef<ModuleOp> module = buildSmall(family);
      ASSERT_TRUE(buildStep(*module, {accumulate, true, "adamw"}));
      OwningOpRef<ModuleOp> before = cast<ModuleOp>((*module)->clone());
      ASSERT_TRUE(run(*module, createTrainFuse(), createTrainSchedule({1}),
                      createTrainPlanMemory({1})));
      EXPECT_TRUE(succeeded(checkEquivalent(*before, *module)));
    }
}

// Autocast, narrow copies of weights and wide gradients differ from f32 by roundings
// only.
TEST_F(Meaning, PrecisionChangesNothingInRealNumbers) {
  for (const char *family : {"mlp", "gpt2", "llama", "unet", "bert"}) {
    SCOPED_TRACE(family);
    OwningOpRef<ModuleOp> before = buildSmall(family);
    OwningOpRef<ModuleOp> after = cast<ModuleOp>((*before)->clone());
    TrainAutocastOptions options;
    options.overrides.push_back("add:f32");
    ASSERT_TRUE(run(*before, createTrainDerivePrograms(), createTrainDifferentiate()));
    ASSERT_TRUE(run(*after, createTrainAutocast(options), createTrainDerivePrograms(),
                    createTrainDifferentiate(), createTrainWorkingCopies()));
    EXPECT_FALSE(after->getOps<StateOp>().empty());
    EquivalenceOptions real;
    real.mode = Mode::F64;
    real.tolerance = 1e-12;
    EXPECT_TRUE(succeeded(checkEquivalent(*before, *after, real)));
  }
}

// So do the recipes of fp8 and fp4: in real numbers what is quantized comes back,
// whatever its scale, and rotations cancel.
TEST_F(Meaning, QuantizationChangesNothingInRealNumbers) {
  struct Case {
    const char *type, *fp8, *fp4;
    int64_t forms; ///< of the first layer's input, forward and backward
  };
  for (const Case &recipe :
       {Case{"fp8", "delayed", "nvfp4", 1}, Case{"fp8", "current", "nvfp4", 1},
        Case{"fp8", "mxfp8", "nvfp4", 2}, Case{"fp4", "delayed", "nvfp4", 2},
        Case{"fp4", "delayed", "mxfp4", 2}})
    for (const char *family : {"mlp", "gpt2", "llama"}) {
      SCOPED_TRACE(std::string(family) + " " + recipe.type + " " + recipe.fp8 + " " +
                   recipe.fp4);
      ModelOptions model;
      model.family = family;
      // Everything divides into blocks of 32.
      model.batch = 32;
      if (model.family == "mlp") {
        model.widths = {32, 64, 32, 32};
      } else {
        model.layers = 1;
        model.width = 32;
        model.heads = 2;
        model.seq = 4;
        model.vocab = 8;
      }
      if (model.family == "llama") {
        model.kvHeads = 1;
        model.hidden = 64;
      }
      std::string error;
      OwningOpRef<ModuleOp> before = buildModel(&context, model, error);
      ASSERT_TRUE(before) << error;
      OwningOpRef<ModuleOp> after = cast<ModuleOp>((*before)->clone());
      TrainAutocastOptions options;
      options.type = recipe.type;
      TrainQuantizeOptions quantize;
      quantize.fp8Recipe = recipe.fp8;
      quantize.fp4Recipe = recipe.fp4;
      ASSERT_TRUE(run(*before, createTrainDerivePrograms(), createTrainDifferentiate()));
      ASSERT_TRUE(run(*after, createTrainAutocast(options), createTrainDerivePrograms(),
                      createTrainDifferentiate(), createCSEPass(),
                      createTrainQuantize(quantize), createTrainWorkingCopies()));
      int64_t quantized = 0;
      after->walk(
          [&](Operation *op) { quantized += isa<QuantizeOp, QuantizeBlocksOp>(op); });
      EXPECT_GE(quantized, 6 * recipe.forms);
      EquivalenceOptions real;
      real.mode = Mode::F64;
      // Scales of tensors are quotients.
      real.tolerance = 1e-12;
      EXPECT_TRUE(succeeded(checkEquivalent(*before, *after, real)));
    }
}

// The mean over micro-batches of means is the mean over the batch: the same samples in
// two micro-batches or in one step train the same, masks of dropout included, because
// they depend on the global sample.
TEST_F(Meaning, AccumulationEqualsTheLargerBatch) {
  for (const char *family : {"mlp", "gpt2", "llama"}) {
    SCOPED_TRACE(family);
    OwningOpRef<ModuleOp> whole = buildSmall(family, /*batch=*/4);
    OwningOpRef<ModuleOp> split = buildSmall(family, /*batch=*/2);
    ASSERT_TRUE(buildStep(*whole, {1, true, "adamw"}));
    ASSERT_TRUE(buildStep(*split, {2, true, "adamw"}));

    auto step =
        cast<ProgramOpInterface>((*whole->getOps<StepOp>().begin()).getOperation());
    SmallVector<TensorRef> inputs = randomInputs(step, /*seed=*/3);
    SmallVector<TensorRef> halves;
    for (const TensorRef &input : inputs) {
      auto half = std::make_shared<Tensor>(*input);
      if (!half->shape.empty()) {
        half->shape[0] /= 2;
        half->shape.insert(half->shape.begin(), 2);
      }
      halves.push_back(half);
    }
    auto expected = runStep(*whole, inputs);
    auto actual = runStep(*split, halves);
    ASSERT_EQ(expected.size(), actual.size());
    for (const auto &[name, tensor] : expected)
      for (int64_t i = 0; i < tensor->size(); ++i)
        ASSERT_NEAR(actual.at(name)->number(i), tensor->number(i),
                    1e-9 * std::max(1.0, std::abs(tensor->number(i))))
            << name << " element " << i;
  }
}

// Folding a sum into a contraction adds the same numbers.
TEST_F(Meaning, FoldingSumsKeepsThem) {
  OwningOpRef<ModuleOp> module = buildSmall("gpt2");
  ASSERT_TRUE(run(*module, createTrainDifferentiate(), createTrainAccumulate({2})));
  OwningOpRef<ModuleOp> before = cast<ModuleOp>((*module)->clone());
  ASSERT_TRUE(run(*module, createTrainFoldSums()));
  int folded = 0;
  module->walk([&](MatmulOp matmul) { folded += matmul.getAccumulator() != nullptr; });
  EXPECT_GT(folded, 0);
  EquivalenceOptions options;
  options.mode = Mode::F64;
  options.tolerance = 1e-9;
  EXPECT_TRUE(succeeded(checkEquivalent(*before, *module, options)));
}

} // namespace
