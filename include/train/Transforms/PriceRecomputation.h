//===- PriceRecomputation.h - what dropping each activation would cost -------===//
//
// The planner's knowledge of what can be computed again from what, for memory reports.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_TRANSFORMS_PRICERECOMPUTATION_H
#define TRAIN_TRANSFORMS_PRICERECOMPUTATION_H

#include "train/Analysis/MemoryReport.h"

namespace train {

/// Fills in `recompute` of the saved activations in `report`, which createMemoryReport
/// has made of `module`: the ops, or parts of fusions, that would be executed once more
/// to drop this one over the peak and have it at its next use, while everything else
/// stays as planned. Those that can't be had again so stay without.
void priceRecomputation(mlir::ModuleOp module, MemoryReport &report);

} // namespace train

#endif // TRAIN_TRANSFORMS_PRICERECOMPUTATION_H
