//===- Pipelines.h - which passes, in which order ---------------------------===//
//
// One function and one options struct per stage; the driver, train-opt and the tests call
// the same functions. Each pipeline ends with the check of the stage that it reaches.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_PIPELINES_PIPELINES_H
#define TRAIN_PIPELINES_PIPELINES_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace train {

/// What the graph is before differentiation.
struct GraphOptions {
  /// Samples per micro-batch; 0 keeps the graph's own.
  int64_t batch = 0;
  /// Rows per chunk of a loss whose logits are split, 0 to choose by rule; nothing to
  /// leave logits whole.
  std::optional<int64_t> lossChunk = 0;
  /// What contractions compute in: f32, f16 or bf16; or fp8 or fp4, which is bf16 with
  /// operands stored in fewer bits.
  std::string precision = "f32";
  /// NAME:TYPE, what ops, layers, parameters or outputs compute in instead.
  std::vector<std::string> precisionOverrides;
};

/// How backward is scaled; train-loss-scale says what each number does.
struct LossScaleOptions {
  /// none, dynamic or static.
  std::string mode = "none";
  double init = 65536;
  int64_t window = 2000;
  int64_t hysteresis = 1;
  double minimum = 1;
  double growth = 2;
  double backoff = 0.5;
};

/// What one optimizer step is.
struct StepOptions {
  /// Micro-batches per step.
  int64_t accumulate = 1;
  LossScaleOptions lossScale;
  /// The largest global norm of the gradients; nothing for no clipping.
  std::optional<double> clipNorm;
  /// sgd, momentum, adam or adamw.
  std::string optimizer = "adamw";
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weightDecay = 0.0;
  /// Return `grad_norm` even without clipping.
  bool reportGradNorm = false;
  /// The type of gradients: f32 or bf16.
  std::string gradType = "f32";
  /// delayed, current or mxfp8: how operands of products in fp8 are stored.
  std::string fp8Recipe = "delayed";
  /// nvfp4 or mxfp4: how those in fp4 are.
  std::string fp4Recipe = "nvfp4";
  /// Steps whose largest magnitudes a delayed scale follows.
  int64_t fp8History = 16;
  /// A delayed scale leaves 2^margin above the largest magnitude.
  int64_t fp8Margin = 0;
};

/// What the plan is made for.
struct PlanOptions {
  /// Threads that library workspaces are sized for.
  int threads = 1;
  /// The strategy of train-plan-residency.
  std::string remat = "none";
  /// Bytes of the arena, for remat=budget.
  int64_t budget = 0;
  /// Write the table of all orders found, for remat=budget.
  bool pareto = false;
  /// What kept activations may be stored as: one of kCompressFormats.
  std::string compress = "none";
};

struct TrainOptions {
  GraphOptions graph;
  StepOptions step;
  PlanOptions plan;
};

/// Sets the batch, splits the loss into chunks, sets what ops compute in, derives eval
/// and predict. Stage graph.
void buildGraphPipeline(mlir::OpPassManager &pm, const GraphOptions &options);

/// Differentiates, quantizes, gives parameters their narrow copies, accumulates, scales
/// the loss, clips, adds the optimizer. Stage step.
void buildStepPipeline(mlir::OpPassManager &pm, const StepOptions &options);

/// Forms kernels. Stage fused.
void buildFusePipeline(mlir::OpPassManager &pm);

/// Fixes the order of issue, and in it what is computed again. Stage scheduled.
void buildSchedulePipeline(mlir::OpPassManager &pm, const PlanOptions &options);

/// Places everything in the arena. Stage planned.
void buildPlanPipeline(mlir::OpPassManager &pm, const PlanOptions &options);

/// All of the above, from graph to planned.
void buildTrainPipeline(mlir::OpPassManager &pm, const TrainOptions &options);

/// Registers them as train-graph-pipeline, train-step-pipeline, train-fuse-pipeline,
/// train-schedule-pipeline, train-plan-pipeline and train-pipeline. Once per process.
void registerTrainPipelines();

} // namespace train

#endif // TRAIN_PIPELINES_PIPELINES_H
