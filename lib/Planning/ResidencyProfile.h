//===- ResidencyProfile.h - arithmetic on bytes by position ------------------===//
//
// Additions to a range of positions, and what they do to the bytes beyond a target: where
// the residency solvers spend most of their time.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_PLANNING_RESIDENCYPROFILE_H
#define TRAIN_LIB_PLANNING_RESIDENCYPROFILE_H

#include <cstdint>

namespace train::planning {

struct AddedExcess {
  int64_t bytes;     ///< beyond the target, each position's shifted right
  int64_t positions; ///< beyond the target
};

/// Adds `bytes` to each of `size` positions; what that adds beyond `target`.
AddedExcess addToAll(int64_t *memory, unsigned size, int64_t bytes, int64_t target,
                     int shift);

/// The bytes that addToAll() would add beyond `target`.
int64_t measureAdded(const int64_t *memory, unsigned size, int64_t bytes, int64_t target,
                     int shift);

} // namespace train::planning

#endif // TRAIN_LIB_PLANNING_RESIDENCYPROFILE_H
