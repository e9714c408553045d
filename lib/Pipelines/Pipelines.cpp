//===- Pipelines.cpp - which passes, in which order -------------------------===//
//
// The order is the content of this file; each line that could stand elsewhere says
// why it stands where it does.
//
//===----------------------------------------------------------------------===//
#include "train/Pipelines/Pipelines.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "train/Transforms/Passes.h"

using namespace mlir;

void train::buildGraphPipeline(OpPassManager &pm, const GraphOptions &options) {
  // First, so that the derived programs have the same batch as the step.
  if (options.batch != 0)
    pm.addPass(createTrainSetBatch({options.batch}));
  // On the final batch, and before programs are derived: evaluation is chunked with it.
  if (options.lossChunk)
    pm.addPass(createTrainChunkLoss({*options.lossChunk}));
  // On what is multiplied in the end, and before programs are derived, which inherit the
  // types.
  if (options.precision != "f32" || !options.precisionOverrides.empty()) {
    TrainAutocastOptions autocast;
    autocast.type = options.precision;
    llvm::append_range(autocast.overrides, options.precisionOverrides);
    pm.addPass(createTrainAutocast(autocast));
  }
  pm.addPass(createTrainDerivePrograms());
  pm.addPass(createTrainVerifyStage());
}

void train::buildStepPipeline(OpPassManager &pm, const StepOptions &options) {
  pm.addPass(createTrainDifferentiate({options.gradType}));
  // Adjoint rules rebuild what the forward pass has computed (masks, sums). After this
  // point nothing merges ops any more: a recomputation would be merged with its original.
  pm.addPass(createCSEPass());
  // Where gradients pass straight through the rounding, and before working copies, of
  // which products in few bits need none.
  pm.addPass(createTrainQuantize(
      {options.fp8Recipe, options.fp4Recipe, options.fp8History, options.fp8Margin}));
  // Once casts of one parameter are one, and before the optimizer, which writes them.
  pm.addPass(createTrainWorkingCopies());
  // Before accumulation takes the order into its loop, and before any fusion.
  pm.addPass(createTrainInterleaveChunks());
  if (options.accumulate != 1)
    pm.addPass(createTrainAccumulate({options.accumulate}));
  // After accumulation, whose sums it folds, and before anything else reads gradients.
  pm.addPass(createTrainFoldSums());
  const LossScaleOptions &scale = options.lossScale;
  // After the sums, whose totals it judges; before clipping, which measures what is
  // unscaled.
  if (scale.mode != "none")
    pm.addPass(
        createTrainLossScale({scale.mode, scale.init, scale.window, scale.hysteresis,
                              scale.minimum, scale.growth, scale.backoff}));
  if (options.clipNorm)
    pm.addPass(createTrainClipGradients({*options.clipNorm}));
  TrainOptimizerOptions optimizer;
  optimizer.kind = options.optimizer;
  optimizer.beta1 = options.beta1;
  optimizer.beta2 = options.beta2;
  optimizer.eps = options.eps;
  optimizer.weightDecay = options.weightDecay;
  optimizer.reportGradNorm = options.reportGradNorm;
  pm.addPass(createTrainOptimizer(optimizer));
  // Once, where the whole step is there: its warnings are the user's.
  pm.addPass(createTrainVerifyScales());
  pm.addPass(createTrainVerifyStage());
}

void train::buildFusePipeline(OpPassManager &pm) {
  pm.addPass(createTrainFuse());
  pm.addPass(createTrainVerifyStage());
}

void train::buildSchedulePipeline(OpPassManager &pm, const PlanOptions &options) {
  pm.addPass(createTrainSchedule({options.threads}));
  // On the final order: what is computed again just before it is needed, and only then
  // what dies where.
  pm.addPass(createTrainPlanResidency({options.remat, options.budget, options.pareto,
                                       options.threads, options.compress}));
  pm.addPass(createTrainApplyResidency());
  pm.addPass(createTrainReuseOperands());
  pm.addPass(createTrainVerifyStage());
}

void train::buildPlanPipeline(OpPassManager &pm, const PlanOptions &options) {
  pm.addPass(createTrainPlanMemory({options.threads}));
  pm.addPass(createTrainVerifyStage());
}

void train::buildTrainPipeline(OpPassManager &pm, const TrainOptions &options) {
  buildGraphPipeline(pm, options.graph);
  buildStepPipeline(pm, options.step);
  buildFusePipeline(pm);
  buildSchedulePipeline(pm, options.plan);
  buildPlanPipeline(pm, options.plan);
}
