//===- ResidencyRegression.h - from what is needed to where it comes from ----===//
//
// A search through sequences from their end, over what has to be alive instead of what
// has been executed. Narrow, it is a heuristic; once nothing is left to expand, its plan
// is proven the cheapest.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_PLANNING_RESIDENCYREGRESSION_H
#define TRAIN_LIB_PLANNING_RESIDENCYREGRESSION_H

#include "ResidencyInstance.h"

namespace train::planning {

/// Whether the tables of searchBackwards() fit: a thousand nodes, not ten thousand.
inline bool isSearchable(const ResidencyProblem &problem) {
  return problem.order.size() * problem.tensors.size() <= 4'000'000;
}

struct RegressionResult {
  /// The cheapest plan found; empty if there is none.
  std::vector<unsigned> sequence;
  /// No plan costs less beyond the base cost, unless it costs the limit or more. The
  /// limit where no cheaper plan exists at all.
  double bound = 0;
};

/// Plans in the given order with a peak of at most `budget` that cost less than `limit`
/// beyond the base cost. Spends about `work` nanoseconds and a byte of memory for each.
RegressionResult searchBackwards(const ResidencyInstance &instance, int64_t budget,
                                 int64_t work,
                                 double limit = std::numeric_limits<double>::infinity());

} // namespace train::planning

#endif // TRAIN_LIB_PLANNING_RESIDENCYREGRESSION_H
