//===- KeptRemarks.h - what a residency plan leaves as it is -----------------===//
//
// The decisions that change nothing in the IR, as remarks at their source.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_PLANRESIDENCY_KEPTREMARKS_H
#define TRAIN_LIB_TRANSFORMS_PLANRESIDENCY_KEPTREMARKS_H

#include "StepProblem.h"

namespace train {

/// Whether anybody listens to remarks: finding out what they say costs more than some
/// plans do.
bool areRemarksOn(mlir::Operation *op);

/// Emits `Kept` (missed) for each tensor that stays from forward to backward under
/// `solution`, with its bytes and what having it again would take while everything else
/// stays, or that this can't be.
void remarkKept(const StepProblem &problem, const planning::ResidencySolution &solution);

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_PLANRESIDENCY_KEPTREMARKS_H
