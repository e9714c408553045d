// What the tests of passes share: a context, small models, and the passes up to a stage.
#ifndef TRAIN_TEST_UNIT_TRANSFORMS_HARNESS_H
#define TRAIN_TEST_UNIT_TRANSFORMS_HARNESS_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "train/Analysis/ScaleState.h"
#include "train/Conversion/RowProgram.h"
#include "train/Gradients/Registration.h"
#include "train/Models/Models.h"
#include "train/Pipelines/Pipelines.h"
#include "train/Reference/Registration.h"
#include "train/Transforms/Passes.h"

#include <gtest/gtest.h>

namespace train::test {

/// What a step is built with.
struct Recipe {
  int64_t accumulate = 1;
  bool clip = false;
  std::string optimizer = "adamw";
  LossScaleOptions lossScale = {};
  std::string precision = "f32";
};

class PassTest : public ::testing::Test {
protected:
  PassTest() {
    mlir::DialectRegistry registry;
    registry.insert<TrainDialect>();
    registerGradients(registry);
    registerReference(registry);
    registerRowPrograms(registry);
    registerScaleRules(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    context.disableMultithreading();
  }

  /// A model small enough to execute; `family` is one of modelFamilies().
  mlir::OwningOpRef<mlir::ModuleOp> buildSmall(const std::string &family,
                                               int64_t batch = 2) {
    ModelOptions options;
    options.family = family;
    options.batch = batch;
    if (family == "mlp")
      options.widths = {6, 8, 4};
    if (family == "gpt2" || family == "bert") {
      options.layers = 2;
      options.width = 16;
      options.heads = 2;
      options.seq = 8;
      options.vocab = 32;
      options.dropout = 0.25;
    }
    if (family == "llama") {
      options.layers = 1;
      options.width = 16;
      options.heads = 4;
      options.kvHeads = 2;
      options.hidden = 24;
      options.seq = 8;
      options.vocab = 32;
    }
    if (family == "unet") {
      options.layers = 2;
      options.width = 4;
      options.image = 16;
    }
    std::string error;
    mlir::OwningOpRef<mlir::ModuleOp> module = buildModel(&context, options, error);
    EXPECT_TRUE(module) << error;
    return module;
  }

  template <typename... Passes> bool run(mlir::ModuleOp module, Passes &&...passes) {
    mlir::PassManager pm(&context);
    (pm.addPass(std::move(passes)), ...);
    return mlir::succeeded(pm.run(module));
  }

  /// From a graph to stage step, and the derived programs. The loss stays as it is.
  bool buildStep(mlir::ModuleOp module, const Recipe &recipe) {
    mlir::PassManager pm(&context);
    GraphOptions graph;
    graph.lossChunk.reset();
    graph.precision = recipe.precision;
    buildGraphPipeline(pm, graph);
    StepOptions step;
    step.accumulate = recipe.accumulate;
    if (recipe.clip)
      step.clipNorm = 1.0;
    step.optimizer = recipe.optimizer;
    step.lossScale = recipe.lossScale;
    buildStepPipeline(pm, step);
    return mlir::succeeded(pm.run(module));
  }

  mlir::MLIRContext context;
};

} // namespace train::test

#endif // TRAIN_TEST_UNIT_TRANSFORMS_HARNESS_H
