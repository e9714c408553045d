//===- Advice.h - what would fit a memory budget ------------------------------===//
//
// After a refusal: the cheapest changes of options that make the plan fit. For an
// explanation: what single changes of options would need, and how much more of each size
// would fit. Everything is found by planning it.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_DRIVER_ADVICE_H
#define TRAIN_LIB_DRIVER_ADVICE_H

#include "train/IR/TrainDialect.h"
#include "train/Pipelines/Pipelines.h"

namespace train {

/// A change of options that has been planned.
struct Advice {
  /// As on the command line, such as "--micro-batch=2 --accumulate=4".
  std::string options;
  /// Bytes of the arena then.
  int64_t arena = 0;
  /// Predicted time of repetitions and of compression, in percent of the step without
  /// them.
  double extraPercent = 0;
  /// What backward reads is rounded: the training is another one.
  bool isLossy = false;
};

/// For options that do not fit `budget` bytes: with another strategy; with the loss in
/// chunks; with both and activations in as many bits as fit; and where all of them must
/// be whole, with the largest smaller micro-batch that fits, at the same global batch.
/// `microBatch` is the samples now computed at once, 0 if the model marks none.
std::vector<Advice> findFittingOptions(mlir::ModuleOp graph, const TrainOptions &options,
                                       int64_t budget, int64_t microBatch);

/// Single changes of the options that need less than `arena` bytes, the largest arena
/// first: other strategies by rule, fewer bits, the loss in chunks, half a micro-batch.
std::vector<Advice> findSmallerOptions(mlir::ModuleOp graph, const TrainOptions &options,
                                       int64_t arena, int64_t microBatch);

/// How far one size of a model can go.
struct SizeLimit {
  /// "micro-batch", "sequence" or "layers".
  std::string name;
  int64_t now = 0;
  /// The largest size that a plan within the budget was found for, and the smallest that
  /// none was found for, at most a sixteenth apart; 0 if none was looked for or found.
  int64_t most = 0;
  int64_t tooMuch = 0;
  /// Only multiples of it are looked at.
  int64_t step = 1;
  /// The model's shapes allow no more, whatever the budget.
  bool endsInShapes = false;
  /// What is like what there would be more of, or "".
  std::string like;
};

/// The largest sizes that fit `budget` bytes with remat=budget, each alone, the others as
/// they are: samples per micro-batch where the model marks them, tokens per sample and
/// layers where the model's shapes and scopes show what those are.
std::vector<SizeLimit> findLargestSizes(mlir::ModuleOp graph, const TrainOptions &options,
                                        int64_t budget, int64_t microBatch);

} // namespace train

#endif // TRAIN_LIB_DRIVER_ADVICE_H
