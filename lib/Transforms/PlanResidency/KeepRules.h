//===- KeepRules.h - which tensors a strategy keeps --------------------------===//
//
// The strategies by rule: facts about the forward pass, and no costs.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_PLANRESIDENCY_KEEPRULES_H
#define TRAIN_LIB_TRANSFORMS_PLANRESIDENCY_KEEPRULES_H

#include "StepProblem.h"
#include "train/Transforms/RematStrategy.h"

namespace train {

/// For each tensor of the problem whether it stays from forward to backward. `strategy`
/// is none of budget's. Fails with a diagnostic at `step` if a name matches nothing in
/// it.
mlir::FailureOr<std::vector<bool>> getKept(ProgramOpInterface step,
                                           const StepProblem &problem,
                                           const RematStrategy &strategy);

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_PLANRESIDENCY_KEEPRULES_H
