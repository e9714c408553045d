//===- ResidencyOrder.h - another given order --------------------------------===//
//
// Where first executions may come in any order, a good one saves memory for nothing.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_PLANNING_RESIDENCYORDER_H
#define TRAIN_LIB_PLANNING_RESIDENCYORDER_H

#include "train/Planning/ResidencyProblem.h"

namespace train::planning {

/// An executable order of the nodes of `problem.order` that has little or nothing over
/// `target` bytes without repetitions. In-place results are left out of account. Needs a
/// problem without updates.
std::vector<unsigned> findOrder(const ResidencyProblem &problem, int64_t target);

} // namespace train::planning

#endif // TRAIN_LIB_PLANNING_RESIDENCYORDER_H
