//===- ResidencyChain.h - plans for graphs that are chains of segments -------===//
//
// A forward pass falls into segments where single tensors are all that passes from one to
// the next. Which of them to keep, and which to compute again how often, has an optimum
// by dynamic programming.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_PLANNING_RESIDENCYCHAIN_H
#define TRAIN_LIB_PLANNING_RESIDENCYCHAIN_H

#include "ResidencyInstance.h"

namespace train::planning {

/// Sequences for a range of memory limits, from the cheapest to the smallest; empty where
/// the forward pass is unknown or has no two segments. Segments are kept or computed
/// again as wholes, so there is something left to improve within them.
std::vector<std::vector<unsigned>> planChain(const ResidencyInstance &instance);

} // namespace train::planning

#endif // TRAIN_LIB_PLANNING_RESIDENCYCHAIN_H
