//===- StepOutputs.h - what the passes of stage step hand to each other -----===//
//
// While a step is being built, its outputs carry what is not finished: one
// gradient per parameter, the factor that the optimizer scales gradients by, the verdict
// on whether it applies them. The names of those outputs, and of the marks on ops, are
// spelled here and nowhere else.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_TRANSFORMS_STEPOUTPUTS_H
#define TRAIN_TRANSFORMS_STEPOUTPUTS_H

#include "train/IR/TrainDialect.h"

namespace train {

/// Names of programs.
inline constexpr llvm::StringLiteral kStepName = "step";
inline constexpr llvm::StringLiteral kEvalName = "eval";
inline constexpr llvm::StringLiteral kPredictName = "predict";

/// Names of outputs. A gradient's is the prefix and the parameter's name.
inline constexpr llvm::StringLiteral kLossOutput = "loss";
inline constexpr llvm::StringLiteral kCountOutput = "count";
inline constexpr llvm::StringLiteral kGradientPrefix = "grad:";
inline constexpr llvm::StringLiteral kGradNormOutput = "grad_norm";
/// What gradients are still to be multiplied by, where the optimizer reads them.
inline constexpr llvm::StringLiteral kGradScaleOutput = "grad_scale";
/// Whether the optimizer changes anything in this step.
inline constexpr llvm::StringLiteral kApplyOutput = "apply";
/// The loss scale of this step; whether the step was skipped; whether it was though the
/// scale is as small as it may be. The last two are i32, 0 or 1.
inline constexpr llvm::StringLiteral kLossScaleOutput = "loss_scale";
inline constexpr llvm::StringLiteral kSkippedOutput = "skipped";
inline constexpr llvm::StringLiteral kExhaustedOutput = "loss_scale_exhausted";

/// The learning rate among a step's inputs.
inline constexpr llvm::StringLiteral kLearningRateInput = "lr";

/// On the constant that starts the reverse sweep, and on the op that scales it.
inline constexpr llvm::StringLiteral kSeedAttr = "train.seed";
/// On ops that were in a train.checkpoint: the i64 number of that region.
inline constexpr llvm::StringLiteral kCheckpointAttr = "train.checkpoint";
/// On what the forward pass computes for one chunk of rows: the i64 number of that chunk.
inline constexpr llvm::StringLiteral kChunkAttr = "train.chunk";
/// On ops that are executed where they are read: train-accumulate leaves them in the
/// micro-batch though they depend on nothing of it, because what they make is not to live
/// through the whole step.
inline constexpr llvm::StringLiteral kAtUseAttr = "train.at_use";

/// The module's only op of type `OpT`; null if it has none.
template <typename OpT> OpT findProgram(mlir::ModuleOp module) {
  auto ops = module.getOps<OpT>();
  return ops.empty() ? OpT() : *ops.begin();
}

/// The outputs of a step with their names, to be read, changed and put back.
/// Nothing reaches the IR before commit.
class StepOutputs {
public:
  struct Output {
    std::string name;
    mlir::Value value;
  };

  explicit StepOutputs(StepOp step);

  llvm::SmallVector<Output> &all() { return outputs; }

  /// The outputs that are gradients, in order.
  llvm::SmallVector<Output> gradients() const;

  /// The value of an output, or null.
  mlir::Value lookup(llvm::StringRef name) const;

  void append(llvm::StringRef name, mlir::Value value) {
    outputs.push_back({name.str(), value});
  }

  /// Makes `value` the output of this name, in the place of the one there is.
  void set(llvm::StringRef name, mlir::Value value);

  /// Removes the outputs whose names `drop` accepts.
  void removeIf(llvm::function_ref<bool(llvm::StringRef)> drop);

  /// Rewrites the step's terminator and output names.
  void commit();

private:
  StepOp step;
  llvm::SmallVector<Output> outputs;
};

/// The parameter's name in a gradient's output name, or nothing for other outputs.
std::optional<llvm::StringRef> getGradientOf(llvm::StringRef outputName);

} // namespace train

#endif // TRAIN_TRANSFORMS_STEPOUTPUTS_H
