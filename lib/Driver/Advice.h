//===- Advice.h - what would fit a memory budget ------------------------------===//
//
// After a refusal: the cheapest changes of options that make the plan fit, each found by
// planning it.
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
  /// Predicted time of repetitions, in percent of the step without them.
  double extraPercent = 0;
};

/// What `graph` (stage graph) needs with `options`; nothing if it can't be planned, or
/// not within the options' budget. Says nothing to the user.
std::optional<Advice> planQuietly(mlir::ModuleOp graph, const TrainOptions &options);

/// For options that do not fit `budget` bytes: with another strategy, with the loss in
/// chunks, and with both and the largest smaller micro-batch that fits, at the same
/// global batch. `microBatch` is the samples now computed at once, 0 if the model marks
/// none.
std::vector<Advice> findFittingOptions(mlir::ModuleOp graph, const TrainOptions &options,
                                       int64_t budget, int64_t microBatch);

/// The most samples per micro-batch that fit `budget` bytes; 0 if none does.
int64_t findLargestBatch(mlir::ModuleOp graph, const TrainOptions &options,
                         int64_t budget);

} // namespace train

#endif // TRAIN_LIB_DRIVER_ADVICE_H
