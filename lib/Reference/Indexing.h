// Walks over row-major tensors by strides: broadcasting, slices, transposes.
#ifndef TRAIN_LIB_REFERENCE_INDEXING_H
#define TRAIN_LIB_REFERENCE_INDEXING_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <array>
#include <cstdint>

namespace train::reference {

using Strides = llvm::SmallVector<int64_t, 6>;

/// Elements between neighbours in each dimension of a dense row-major tensor.
inline Strides denseStrides(llvm::ArrayRef<int64_t> shape) {
  Strides strides(shape.size());
  int64_t stride = 1;
  for (size_t d = shape.size(); d-- > 0;) {
    strides[d] = stride;
    stride *= shape[d];
  }
  return strides;
}

/// Strides that read a tensor of `shape` as if it had `target`, by NumPy's rules: aligned
/// at the last dimension, repeated (stride 0) where the size is 1 or the dimension
/// absent.
inline Strides broadcastStrides(llvm::ArrayRef<int64_t> shape,
                                llvm::ArrayRef<int64_t> target) {
  Strides dense = denseStrides(shape), strides(target.size(), 0);
  size_t missing = target.size() - shape.size();
  for (size_t d = 0; d < shape.size(); ++d)
    strides[missing + d] = shape[d] == 1 && target[missing + d] != 1 ? 0 : dense[d];
  return strides;
}

/// Calls `visit(offsets)` for each index of `shape` in row-major order, where offsets[k]
/// is the dot product of the index with strides[k].
template <size_t N, typename Visit>
void walkStrided(llvm::ArrayRef<int64_t> shape, const std::array<Strides, N> &strides,
                 Visit visit, std::array<int64_t, N> offsets = {}) {
  for (int64_t size : shape)
    if (size == 0)
      return;
  if (shape.empty()) {
    visit(offsets);
    return;
  }
  size_t rank = shape.size();
  llvm::SmallVector<int64_t, 6> index(rank, 0);
  while (true) {
    std::array<int64_t, N> inner = offsets;
    for (int64_t k = 0; k < shape[rank - 1]; ++k) {
      visit(inner);
      for (size_t n = 0; n < N; ++n)
        inner[n] += strides[n][rank - 1];
    }
    // The odometer: advance the innermost of the outer dimensions that has room.
    size_t d = rank - 1;
    while (true) {
      if (d == 0)
        return;
      --d;
      if (++index[d] < shape[d]) {
        for (size_t n = 0; n < N; ++n)
          offsets[n] += strides[n][d];
        break;
      }
      for (size_t n = 0; n < N; ++n)
        offsets[n] -= strides[n][d] * (shape[d] - 1);
      index[d] = 0;
    }
  }
}

} // namespace train::reference

#endif // TRAIN_LIB_REFERENCE_INDEXING_H
