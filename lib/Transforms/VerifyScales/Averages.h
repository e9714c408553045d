//===- Averages.h - whether micro-batches are averaged ----------------------===//
//
// Gradients that somebody summed over micro-batches by hand, without the 1/N that makes
// their sum a mean.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_VERIFYSCALES_AVERAGES_H
#define TRAIN_LIB_TRANSFORMS_VERIFYSCALES_AVERAGES_H

#include "train/IR/TrainDialect.h"

namespace train {

/// The first op that `isUpdate` accepts whose factors come from sums of this loop, and in
/// whose factors no constant contains 1/N: neither one that is multiplied nor one that
/// is divided by, on any way that a factor can take. Null if there is none. A constant
/// that contains it by chance is believed.
mlir::Operation *
findUnaveragedUpdate(MicrobatchOp loop,
                     llvm::function_ref<bool(mlir::Operation *)> isUpdate);

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_VERIFYSCALES_AVERAGES_H
