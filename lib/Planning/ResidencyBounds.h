//===- ResidencyBounds.h - what no plan can beat -----------------------------===//
//
// Bounds on an instance, for solvers that have one at hand.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_PLANNING_RESIDENCYBOUNDS_H
#define TRAIN_LIB_PLANNING_RESIDENCYBOUNDS_H

#include "ResidencyInstance.h"

namespace train::planning {

/// Per position of the order: bytes alive at its first execution in every plan.
std::vector<int64_t> findUnavoidableBytes(const ResidencyInstance &instance);

int64_t boundPeak(const ResidencyInstance &instance);

} // namespace train::planning

#endif // TRAIN_LIB_PLANNING_RESIDENCYBOUNDS_H
