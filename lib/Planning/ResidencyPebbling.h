//===- ResidencyPebbling.h - what fits at all, whatever it costs -------------===//
//
// Repeating costs nothing here: which sets of tensors can be alive at once within a
// number of bytes? Proves that budgets cannot be met, and finds first plans for those
// that hardly can.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_PLANNING_RESIDENCYPEBBLING_H
#define TRAIN_LIB_PLANNING_RESIDENCYPEBBLING_H

#include "ResidencyInstance.h"

namespace train::planning {

/// A bound on peaks that is at least `bound`, which is one. Looks at a few thousand sets.
int64_t raisePeakBound(const ResidencyInstance &instance, int64_t bound);

/// Executions in any order with a peak of about `budget`, for problems in which all
/// nodes of the order lead to one node, the last; empty if none is found.
std::vector<unsigned> findAnyFitting(const ResidencyInstance &instance, int64_t budget);

} // namespace train::planning

#endif // TRAIN_LIB_PLANNING_RESIDENCYPEBBLING_H
