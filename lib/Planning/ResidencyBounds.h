//===- ResidencyBounds.h - what no plan can beat -----------------------------===//
//
// Bounds on an instance, for solvers that have one at hand.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_PLANNING_RESIDENCYBOUNDS_H
#define TRAIN_LIB_PLANNING_RESIDENCYBOUNDS_H

#include "ResidencyInstance.h"

namespace train::planning {

/// Per position of the order: bytes alive at its first execution in every plan because
/// nothing could write them again.
std::vector<int64_t> findLastingBytes(const ResidencyInstance &instance);

/// Per position of the order: bytes alive at its first execution in every plan.
std::vector<int64_t> findUnavoidableBytes(const ResidencyInstance &instance);

int64_t boundPeak(const ResidencyInstance &instance);

/// Per tensor: what writing it again costs at least; a recipe that writes several tensors
/// shares its cost among them by their bytes. Zero where nothing can.
std::vector<double> findLeastCosts(const ResidencyInstance &instance);

/// Per position of the order: prices of a byte under which boundCost() is what holding
/// everything or writing it again costs.
std::vector<double> findPrices(const ResidencyInstance &instance, int64_t budget);

} // namespace train::planning

#endif // TRAIN_LIB_PLANNING_RESIDENCYBOUNDS_H
