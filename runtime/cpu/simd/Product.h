// Which product sums are computed with: on the matrix unit for bf16, where this
// instruction set is one with such a unit, and in chains of multiply-adds elsewhere.
#ifndef TRAIN_RUNTIME_CPU_SIMD_PRODUCT_H
#define TRAIN_RUNTIME_CPU_SIMD_PRODUCT_H

#include "PairGemm.h"

/// This instruction set's name as a string.
#define TRAIN_SIMD_TEXT_OF(x) #x
#define TRAIN_SIMD_TEXT(x) TRAIN_SIMD_TEXT_OF(x)
#define TRAIN_SIMD_NAME TRAIN_SIMD_TEXT(TRAIN_SIMD)

namespace train::cpu::TRAIN_SIMD {

/// Whether products of elements T run on a matrix unit.
template <typename T> constexpr bool onUnit() {
#ifdef TRAIN_SIMD_MATRIX_UNIT
  return __is_same(T, BFloat16);
#else
  return false;
#endif
}

/// C[m x n] (+)= A[m x k] B[k x n] for sources of elements T; otherwise as gemm.
template <typename T, typename LeftSource, typename RightSource>
TRAIN_INLINE void product(const LeftSource &left, const RightSource &right,
                          const DenseOut &out, int64_t m, int64_t n, int64_t k,
                          bool accumulate, float *scratch) {
#ifdef TRAIN_SIMD_MATRIX_UNIT
  if constexpr (__is_same(T, BFloat16)) {
    pairGemm<TRAIN_SIMD_MATRIX_UNIT>(left, right, out, m, n, k, accumulate, scratch);
    return;
  }
#endif
  gemm(left, right, out, m, n, k, accumulate, scratch);
}

/// The tiles that ranges of a product of these elements are best cut at.
inline TileSize tileSize(Element element) {
#ifdef TRAIN_SIMD_MATRIX_UNIT
  if (element == Element::BF16)
    return {2 * kSide, 2 * kSide};
#endif
  (void)element;
  return {kTileRows, kTileColumns};
}

} // namespace train::cpu::TRAIN_SIMD

#endif // TRAIN_RUNTIME_CPU_SIMD_PRODUCT_H
