//===- ResidencyBounds.h - what no plan can beat -----------------------------===//
//
// Bounds on an instance, for solvers that have one at hand.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_PLANNING_RESIDENCYBOUNDS_H
#define TRAIN_LIB_PLANNING_RESIDENCYBOUNDS_H

#include "ResidencyInstance.h"

namespace train::planning {

int64_t boundPeak(const ResidencyInstance &instance);

} // namespace train::planning

#endif // TRAIN_LIB_PLANNING_RESIDENCYBOUNDS_H
