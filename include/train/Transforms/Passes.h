//===- Passes.h - the passes over the train dialect -------------------------===//
//
// Creation and registration of the passes that Passes.td describes.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_TRANSFORMS_PASSES_H
#define TRAIN_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"
#include "train/IR/TrainDialect.h"

namespace train {

#define GEN_PASS_DECL
#include "train/Transforms/Passes.h.inc"

// Tools call registerTrainTransforms (Registration.h) instead of the function generated
// here.
#define GEN_PASS_REGISTRATION
#include "train/Transforms/Passes.h.inc"

} // namespace train

#endif // TRAIN_TRANSFORMS_PASSES_H
