// Copies blocks of a matrix into the order in which the micro-kernel reads them: A as
// [k][kTileRows] and B as [k][kTileColumns] panels, each panel contiguous, cut edges
// filled with zeros. Strides are in elements; one of the two is 1. Panels hold floats,
// whatever the elements of the matrix are.
#ifndef TRAIN_RUNTIME_CPU_SIMD_PACK_H
#define TRAIN_RUNTIME_CPU_SIMD_PACK_H

#include "MicroKernel.h"
#include "Narrow.h"

namespace train::cpu::TRAIN_SIMD {

/// Writes the 8 x 8 block with rows r transposed to dst.
TRAIN_INLINE void storeTransposed8(const Vec8 (&r)[8], float *dst, int64_t dstLd) {
  Vec8 t[8];
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; ++i) {
    t[2 * i] = __builtin_shufflevector(r[2 * i], r[2 * i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    t[2 * i + 1] =
        __builtin_shufflevector(r[2 * i], r[2 * i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  Vec8 u[8];
#pragma clang loop unroll(full)
  for (int h = 0; h < 2; ++h)
#pragma clang loop unroll(full)
    for (int i = 0; i < 2; ++i) {
      Vec8 a = t[4 * h + i], b = t[4 * h + 2 + i];
      u[4 * h + 2 * i] = __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
      u[4 * h + 2 * i + 1] = __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
    }
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; ++i) {
    *(Vec8Unaligned *)(dst + i * dstLd) =
        __builtin_shufflevector(u[i], u[4 + i], 0, 1, 2, 3, 8, 9, 10, 11);
    *(Vec8Unaligned *)(dst + (4 + i) * dstLd) =
        __builtin_shufflevector(u[i], u[4 + i], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

/// Writes the 8 x 8 block at src (rows at distance ld) transposed to dst.
template <typename T>
TRAIN_INLINE void transpose8(const T *src, int64_t ld, float *dst, int64_t dstLd) {
  Vec8 r[8];
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; ++i)
    r[i] = loadLanes<8>(src + i * ld);
  storeTransposed8(r, dst, dstLd);
}

/// The same for 4 x 4.
template <typename T>
TRAIN_INLINE void transpose4(const T *src, int64_t ld, float *dst, int64_t dstLd) {
  Vec4 r[4];
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; ++i)
    r[i] = loadLanes<4>(src + i * ld);
  Vec4 a = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5);
  Vec4 b = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5);
  Vec4 c = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
  Vec4 d = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
  *(Vec4Unaligned *)(dst) = __builtin_shufflevector(a, b, 0, 1, 4, 5);
  *(Vec4Unaligned *)(dst + dstLd) = __builtin_shufflevector(a, b, 2, 3, 6, 7);
  *(Vec4Unaligned *)(dst + 2 * dstLd) = __builtin_shufflevector(c, d, 0, 1, 4, 5);
  *(Vec4Unaligned *)(dst + 3 * dstLd) = __builtin_shufflevector(c, d, 2, 3, 6, 7);
}

/// A[rows x k] with unit stride along k into [k][kTileRows].
template <typename T>
static void packLeftRows(const T *a, int64_t lda, int64_t rows, int64_t k, float *dst) {
  if (rows < kTileRows) {
    for (int64_t p = 0; p < k; ++p)
      for (int64_t i = 0; i < kTileRows; ++i)
        dst[p * kTileRows + i] = i < rows ? widen(a[i * lda + p]) : 0.0f;
    return;
  }
  int64_t p = 0;
  for (; p + 4 <= k; p += 4) {
#pragma clang loop unroll(full)
    for (int i = 0; i + 4 <= kTileRows; i += 4)
      transpose4(a + i * lda + p, lda, dst + p * kTileRows + i, kTileRows);
    if constexpr (kTileRows % 4 == 2) {
      constexpr int i = kTileRows - 2;
      Vec4 r = loadLanes<4>(a + i * lda + p);
      Vec4 s = loadLanes<4>(a + (i + 1) * lda + p);
#pragma clang loop unroll(full)
      for (int q = 0; q < 4; ++q)
        *(Vec2Unaligned *)(dst + (p + q) * kTileRows + i) = (Vec2){r[q], s[q]};
    }
  }
  for (; p < k; ++p)
    for (int i = 0; i < kTileRows; ++i)
      dst[p * kTileRows + i] = widen(a[i * lda + p]);
}

/// A[rows x k] with unit stride along the rows (A is stored transposed).
template <typename T>
static void packLeftColumns(const T *a, int64_t lda, int64_t rows, int64_t k,
                            float *dst) {
  if (rows < kTileRows) {
    for (int64_t p = 0; p < k; ++p)
      for (int64_t i = 0; i < kTileRows; ++i)
        dst[p * kTileRows + i] = i < rows ? widen(a[p * lda + i]) : 0.0f;
    return;
  }
  for (int64_t p = 0; p < k; ++p) {
    const T *src = a + p * lda;
    float *out = dst + p * kTileRows;
#pragma clang loop unroll(full)
    for (int i = 0; i + 4 <= kTileRows; i += 4)
      *(Vec4Unaligned *)(out + i) = loadLanes<4>(src + i);
    if constexpr (kTileRows % 4 == 2)
      *(Vec2Unaligned *)(out + kTileRows - 2) = loadLanes<2>(src + kTileRows - 2);
  }
}

/// B[k x columns], unit stride along the columns, into [k][kTileColumns].
template <typename T>
static void packRightRows(const T *b, int64_t ldb, int64_t k, int64_t columns,
                          float *dst) {
  if (columns < kTileColumns) {
    for (int64_t p = 0; p < k; ++p)
      for (int64_t j = 0; j < kTileColumns; ++j)
        dst[p * kTileColumns + j] = j < columns ? widen(b[p * ldb + j]) : 0.0f;
    return;
  }
  for (int64_t p = 0; p < k; ++p)
#pragma clang loop unroll(full)
    for (int j = 0; j < kTileVectors; ++j)
      store(dst + p * kTileColumns + j * kLanes,
            loadLanes<kLanes>(b + p * ldb + j * kLanes));
}

/// B[k x columns], unit stride along k (B is stored transposed).
template <typename T>
static void packRightColumns(const T *b, int64_t ldb, int64_t k, int64_t columns,
                             float *dst) {
  int64_t j = 0;
  for (; j + 8 <= columns; j += 8) {
    int64_t p = 0;
    for (; p + 8 <= k; p += 8) {
      // The next eight rows begin where no stream of the hardware leads.
      if (p % 16 == 0)
#pragma clang loop unroll(full)
        for (int i = 0; i < 8; ++i)
          __builtin_prefetch(b + (j + 8 + i) * ldb + p);
      transpose8(b + j * ldb + p, ldb, dst + p * kTileColumns + j, kTileColumns);
    }
    for (; p < k; ++p)
      for (int64_t q = 0; q < 8; ++q)
        dst[p * kTileColumns + j + q] = widen(b[(j + q) * ldb + p]);
  }
  for (; j < kTileColumns; ++j)
    for (int64_t p = 0; p < k; ++p)
      dst[p * kTileColumns + j] = j < columns ? widen(b[j * ldb + p]) : 0.0f;
}

} // namespace train::cpu::TRAIN_SIMD

#endif // TRAIN_RUNTIME_CPU_SIMD_PACK_H
