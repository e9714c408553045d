// One thread's matrix product, blocked for the caches: blocks of B (kBlockK x
// kBlockColumns) stay in the last-level cache, blocks of A (kBlockRows x kBlockK) in the
// second level, one panel of B in the first. After Goto and van de Geijn, "Anatomy of
// High-Performance Matrix Multiplication" (ACM TOMS 34, 2008).
//
// A and B are sources: types that know how to pack a panel. A dense matrix is one; the
// windows of a convolution are another.
#ifndef TRAIN_RUNTIME_CPU_SIMD_GEMM_H
#define TRAIN_RUNTIME_CPU_SIMD_GEMM_H

#include "Kernels.h"
#include "Pack.h"

namespace train::cpu::TRAIN_SIMD {

// Measured on Zen 3 against 256 to 512 by 96 to 192 (docs/rationale/cpu-libraries.md).
constexpr int64_t kBlockK = 384;
constexpr int64_t kBlockRows = 144;
constexpr int64_t kBlockColumns = 1024;
static_assert(kBlockRows % kTileRows == 0 && kBlockColumns % kTileColumns == 0);
constexpr int64_t kPanelFloats = kBlockK * (kBlockRows + kBlockColumns);
/// Of a product whose results are narrower than f32, this much is held in f32 until its
/// sums are complete, behind the panels.
constexpr int64_t kHeldRows = 3 * kBlockRows;
constexpr int64_t kHeldColumns = kBlockColumns / 2;
static_assert((kPanelFloats + kHeldRows * kHeldColumns) * 4 <= kGemmScratchBytes);

template <typename T> struct DenseLeft {
  const T *data;
  int64_t ld;
  bool transposed;
  void pack(int64_t row, int64_t rows, int64_t k0, int64_t k, float *dst) const {
    if (transposed)
      packLeftColumns(data + k0 * ld + row, ld, rows, k, dst);
    else
      packLeftRows(data + row * ld + k0, ld, rows, k, dst);
  }
};

template <typename T> struct DenseRight {
  const T *data;
  int64_t ld;
  bool transposed;
  void pack(int64_t k0, int64_t k, int64_t column, int64_t columns, float *dst) const {
    if (transposed)
      packRightColumns(data + column * ld + k0, ld, k, columns, dst);
    else
      packRightRows(data + k0 * ld + column, ld, k, columns, dst);
  }
};

/// A source seen from a given row or column on: what a tile of the output needs.
template <typename Source> struct FromRow {
  const Source &source;
  int64_t row0;
  void pack(int64_t row, int64_t rows, int64_t k0, int64_t k, float *dst) const {
    source.pack(row0 + row, rows, k0, k, dst);
  }
};
template <typename Source> struct FromColumn {
  const Source &source;
  int64_t column0;
  void pack(int64_t k0, int64_t k, int64_t column, int64_t columns, float *dst) const {
    source.pack(k0, k, column0 + column, columns, dst);
  }
};

/// Packs the panels of a block of B, `columns` from `column` on, one after another.
template <typename RightSource>
static void packPanels(const RightSource &right, int64_t k0, int64_t k, int64_t column,
                       int64_t columns, float *dst) {
  for (int64_t j = 0; j < columns; j += kTileColumns)
    right.pack(k0, k, column + j, min(kTileColumns, columns - j), dst + j * k);
}

/// Of a row-major B several panels at once: 512 bytes of each row in one go, because rows
/// that stand a multiple of a page apart would evict each other before a second visit.
template <typename T>
static void packPanels(const DenseRight<T> &right, int64_t k0, int64_t k, int64_t column,
                       int64_t columns, float *dst) {
  constexpr int64_t kVectorsAtOnce = 8, kAtOnce = kVectorsAtOnce * kLanes;
  int64_t j = 0;
  if (!right.transposed)
    for (; j + kAtOnce <= columns; j += kAtOnce)
      for (int64_t p = 0; p < k; ++p) {
        const T *from = right.data + (k0 + p) * right.ld + column + j;
        float *to = dst + j * k + p * kTileColumns;
#pragma clang loop unroll(full)
        for (int64_t v = 0; v < kVectorsAtOnce; ++v)
          store(to + v / kTileVectors * k * kTileColumns + v % kTileVectors * kLanes,
                loadLanes<kLanes>(from + v * kLanes));
      }
  for (; j < columns; j += kTileColumns)
    right.pack(k0, k, column + j, min(kTileColumns, columns - j), dst + j * k);
}

/// Where the tiles of C go; a convolution has another.
struct DenseOut {
  float *data;
  int64_t ld;
  void tileAt(int64_t row, int64_t rows, int64_t column, int64_t columns, int64_t k,
              const float *a, const float *b, bool accumulate) const {
    tile<Left::Packed>(rows, columns, k, a, 0, b, kTileColumns, data + row * ld + column,
                       ld, accumulate);
  }
};

/// Tiles of a block of C from packed panels, k elements deep.
template <typename Out>
TRAIN_INLINE void multiplyPanels(const Out &out, int64_t row, int64_t rows,
                                 int64_t column, int64_t columns, int64_t k,
                                 const float *left, const float *right, bool add) {
  for (int64_t j = 0; j < columns; j += kTileColumns)
    for (int64_t i = 0; i < rows; i += kTileRows)
      out.tileAt(row + i, min(kTileRows, rows - i), column + j,
                 min(kTileColumns, columns - j), k, left + i * k, right + j * k, add);
}

/// C[m x n] (+)= A[m x k] B[k x n]. `scratch` has kGemmScratchBytes, aligned to 64. With
/// k = 0 the tiles are written as zeros.
template <typename LeftSource, typename RightSource, typename Out>
static void gemm(const LeftSource &left, const RightSource &right, const Out &out,
                 int64_t m, int64_t n, int64_t k, bool accumulate, float *scratch) {
  if (k == 0 && accumulate)
    return;
  float *packedLeft = scratch;
  float *packedRight = scratch + kBlockK * kBlockRows;
  for (int64_t j0 = 0; j0 < n; j0 += kBlockColumns) {
    int64_t columns = min(kBlockColumns, n - j0);
    for (int64_t k0 = 0; k0 == 0 || k0 < k; k0 += kBlockK) {
      int64_t depth = min(kBlockK, k - k0);
      if (depth > 0)
        packPanels(right, k0, depth, j0, columns, packedRight);
      bool add = accumulate || k0 > 0;
      for (int64_t i0 = 0; i0 < m; i0 += kBlockRows) {
        int64_t rows = min(kBlockRows, m - i0);
        for (int64_t i = 0; i < rows && depth > 0; i += kTileRows)
          left.pack(i0 + i, min(kTileRows, rows - i), k0, depth, packedLeft + i * depth);
        multiplyPanels(out, i0, rows, j0, columns, depth, packedLeft, packedRight, add);
      }
    }
  }
}

} // namespace train::cpu::TRAIN_SIMD

#endif // TRAIN_RUNTIME_CPU_SIMD_GEMM_H
