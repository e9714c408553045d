//===- Registration.cpp - pipelines by name ---------------------------------===//
//
// Command-line flags for the options structs of Pipelines.h; each flag is spelled once.
//
//===----------------------------------------------------------------------===//
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"
#include "train/Pipelines/Pipelines.h"

using namespace mlir;
using namespace train;

namespace {

template <typename T> using Flag = mlir::detail::PassOptions::Option<T>;
using Parent = mlir::detail::PassOptions;

struct GraphFlags {
  explicit GraphFlags(Parent &parent)
      : batch(parent, "batch",
              llvm::cl::desc("samples per micro-batch; 0 keeps the graph's"),
              llvm::cl::init(GraphOptions().batch)),
        lossChunk(parent, "loss-chunk",
                  llvm::cl::desc("rows per chunk of a loss whose logits are split; 0 "
                                 "chooses by rule, -1 leaves them whole"),
                  llvm::cl::init(0)),
        precision(
            parent, "precision",
            llvm::cl::desc("what contractions compute in: f32, f16, bf16, fp8 or fp4"),
            llvm::cl::init(GraphOptions().precision)),
        precisionOverrides(parent, "precision-overrides",
                           llvm::cl::desc("NAME:TYPE, exceptions from that")) {}

  GraphOptions get() const {
    GraphOptions options;
    options.batch = batch;
    options.precision = precision;
    options.precisionOverrides.assign(precisionOverrides.begin(),
                                      precisionOverrides.end());
    options.lossChunk =
        lossChunk == -1 ? std::optional<int64_t>() : std::optional<int64_t>(lossChunk);
    return options;
  }

  Flag<int64_t> batch;
  Flag<int64_t> lossChunk;
  Flag<std::string> precision;
  mlir::detail::PassOptions::ListOption<std::string> precisionOverrides;
};

struct StepFlags {
  explicit StepFlags(Parent &parent)
      : accumulate(parent, "accumulate", llvm::cl::desc("micro-batches per step"),
                   llvm::cl::init(StepOptions().accumulate)),
        lossScale(parent, "loss-scale", llvm::cl::desc("none, dynamic or static"),
                  llvm::cl::init(LossScaleOptions().mode)),
        lossScaleInit(parent, "loss-scale-init",
                      llvm::cl::desc("the loss scale at first, or always"),
                      llvm::cl::init(LossScaleOptions().init)),
        lossScaleWindow(parent, "loss-scale-window",
                        llvm::cl::desc("steps without overflow until it grows"),
                        llvm::cl::init(LossScaleOptions().window)),
        lossScaleHysteresis(parent, "loss-scale-hysteresis",
                            llvm::cl::desc("steps with overflow until it shrinks"),
                            llvm::cl::init(LossScaleOptions().hysteresis)),
        lossScaleMin(parent, "loss-scale-min", llvm::cl::desc("the smallest loss scale"),
                     llvm::cl::init(LossScaleOptions().minimum)),
        clipNorm(
            parent, "clip-norm",
            llvm::cl::desc("largest global norm of the gradients; 0 for no clipping"),
            llvm::cl::init(0.0)),
        optimizer(parent, "optimizer", llvm::cl::desc("sgd, momentum, adam or adamw"),
                  llvm::cl::init(StepOptions().optimizer)),
        beta1(parent, "beta1",
              llvm::cl::desc("decay of the first moment, or the momentum"),
              llvm::cl::init(StepOptions().beta1)),
        beta2(parent, "beta2", llvm::cl::desc("decay of the second moment"),
              llvm::cl::init(StepOptions().beta2)),
        eps(parent, "eps", llvm::cl::desc("added to the root of the second moment"),
            llvm::cl::init(StepOptions().eps)),
        weightDecay(parent, "weight-decay", llvm::cl::desc("weight decay"),
                    llvm::cl::init(StepOptions().weightDecay)),
        reportGradNorm(parent, "report-grad-norm",
                       llvm::cl::desc("return grad_norm even without clipping"),
                       llvm::cl::init(StepOptions().reportGradNorm)),
        gradType(parent, "grad-type", llvm::cl::desc("type of gradients: f32 or bf16"),
                 llvm::cl::init(StepOptions().gradType)),
        fp8Recipe(parent, "fp8-recipe", llvm::cl::desc("delayed, current or mxfp8"),
                  llvm::cl::init(StepOptions().fp8Recipe)),
        fp4Recipe(parent, "fp4-recipe", llvm::cl::desc("nvfp4 or mxfp4"),
                  llvm::cl::init(StepOptions().fp4Recipe)),
        fp8History(parent, "fp8-history",
                   llvm::cl::desc("steps that a delayed scale follows"),
                   llvm::cl::init(StepOptions().fp8History)),
        fp8Margin(parent, "fp8-margin",
                  llvm::cl::desc("powers of two above the largest magnitude"),
                  llvm::cl::init(StepOptions().fp8Margin)) {}

  StepOptions get() const {
    StepOptions options;
    options.accumulate = accumulate;
    options.lossScale.mode = lossScale;
    options.lossScale.init = lossScaleInit;
    options.lossScale.window = lossScaleWindow;
    options.lossScale.hysteresis = lossScaleHysteresis;
    options.lossScale.minimum = lossScaleMin;
    if (clipNorm != 0)
      options.clipNorm = clipNorm;
    options.optimizer = optimizer;
    options.beta1 = beta1;
    options.beta2 = beta2;
    options.eps = eps;
    options.weightDecay = weightDecay;
    options.reportGradNorm = reportGradNorm;
    options.gradType = gradType;
    options.fp8Recipe = fp8Recipe;
    options.fp4Recipe = fp4Recipe;
    options.fp8History = fp8History;
    options.fp8Margin = fp8Margin;
    return options;
  }

  Flag<int64_t> accumulate;
  Flag<std::string> lossScale;
  Flag<double> lossScaleInit;
  Flag<int64_t> lossScaleWindow, lossScaleHysteresis;
  Flag<double> lossScaleMin;
  Flag<double> clipNorm;
  Flag<std::string> optimizer;
  Flag<double> beta1, beta2, eps, weightDecay;
  Flag<bool> reportGradNorm;
  Flag<std::string> gradType;
  Flag<std::string> fp8Recipe, fp4Recipe;
  Flag<int64_t> fp8History, fp8Margin;
};

struct PlanFlags {
  explicit PlanFlags(Parent &parent)
      : threads(parent, "threads",
                llvm::cl::desc("threads that workspaces are sized for"),
                llvm::cl::init(PlanOptions().threads)),
        remat(parent, "remat", llvm::cl::desc("strategy of train-plan-residency"),
              llvm::cl::init(PlanOptions().remat)),
        budget(parent, "budget", llvm::cl::desc("bytes of the arena, for remat=budget"),
               llvm::cl::init(PlanOptions().budget)),
        compress(parent, "compress",
                 llvm::cl::desc("type that kept activations may be stored in"),
                 llvm::cl::init(PlanOptions().compress)) {}

  PlanOptions get() const { return {threads, remat, budget, false, compress}; }

  Flag<int> threads;
  Flag<std::string> remat;
  Flag<int64_t> budget;
  Flag<std::string> compress;
};

/// The options of one registered pipeline, put together from groups of flags.
template <typename... Groups>
struct Flags : PassPipelineOptions<Flags<Groups...>>, Groups... {
  Flags() : Groups(static_cast<Parent &>(*this))... {}

  template <typename Group> auto get() const {
    return static_cast<const Group &>(*this).get();
  }
};

} // namespace

void train::registerTrainPipelines() {
  PassPipelineRegistration<Flags<GraphFlags>>(
      "train-graph-pipeline", "set the batch, chunk the loss, derive eval and predict",
      [](OpPassManager &pm, const Flags<GraphFlags> &flags) {
        buildGraphPipeline(pm, flags.get<GraphFlags>());
      });
  PassPipelineRegistration<Flags<StepFlags>>(
      "train-step-pipeline", "build the step from the graph",
      [](OpPassManager &pm, const Flags<StepFlags> &flags) {
        buildStepPipeline(pm, flags.get<StepFlags>());
      });
  PassPipelineRegistration<>("train-fuse-pipeline", "form kernels", buildFusePipeline);
  PassPipelineRegistration<Flags<PlanFlags>>(
      "train-schedule-pipeline", "fix the order of issue and what is computed again",
      [](OpPassManager &pm, const Flags<PlanFlags> &flags) {
        buildSchedulePipeline(pm, flags.get<PlanFlags>());
      });
  PassPipelineRegistration<Flags<PlanFlags>>(
      "train-plan-pipeline", "place everything in the arena",
      [](OpPassManager &pm, const Flags<PlanFlags> &flags) {
        buildPlanPipeline(pm, flags.get<PlanFlags>());
      });
  using AllFlags = Flags<GraphFlags, StepFlags, PlanFlags>;
  PassPipelineRegistration<AllFlags>("train-pipeline", "from a graph to a planned step",
                                     [](OpPassManager &pm, const AllFlags &flags) {
                                       buildTrainPipeline(pm, {flags.get<GraphFlags>(),
                                                               flags.get<StepFlags>(),
                                                               flags.get<PlanFlags>()});
                                     });
}
