// The inner loop of every contraction: a tile of C held in registers while k runs.
// One element of C is a chain of fused multiply-adds in ascending k, whatever the tile's
// size and place, so tails, blockings and threads never change a bit of the result.
#ifndef TRAIN_RUNTIME_CPU_SIMD_MICROKERNEL_H
#define TRAIN_RUNTIME_CPU_SIMD_MICROKERNEL_H

#include "Vector.h"

namespace train::cpu::TRAIN_SIMD {

// 6 x 16 fills 12 of 16 registers on AVX2, 12 x 32 fills 24 of 32 on AVX-512.
#if defined(__AVX512F__) || defined(TRAIN_SIMD_WIDE_TILES)
constexpr int kTileRows = 12;
constexpr int kTileVectors = 2;
#else
constexpr int kTileRows = 6;
constexpr int kTileVectors = 1;
#endif
constexpr int kTileColumns = kTileVectors * kLanes;

/// How A lies in memory: Packed is [k][kTileRows]; Rows is row-major, a[i * lda + k];
/// Columns is its transpose, a[k * lda + i].
enum class Left { Packed, Rows, Columns };

/// C[rows x 16 vectors] (+)= A[rows x k] B[k x 16 vectors]; rows of B at distance ldb.
template <Left kLeft, int kRows, int kVectors>
static void microKernel(int64_t k, const float *a, int64_t lda, const float *b,
                        int64_t ldb, float *c, int64_t ldc, bool accumulate) {
  // Callers walk down C, so the rows below come next; at distance ldc no hardware
  // prefetcher sees them coming.
#pragma clang loop unroll(full)
  for (int i = 0; i < kRows; ++i)
#pragma clang loop unroll(full)
    for (int j = 0; j < kVectors; ++j)
      __builtin_prefetch(c + (kRows + i) * ldc + j * kLanes, 1);
  Vec sum[kRows][kVectors];
#pragma clang loop unroll(full)
  for (int i = 0; i < kRows; ++i)
#pragma clang loop unroll(full)
    for (int j = 0; j < kVectors; ++j)
      sum[i][j] = accumulate ? load(c + i * ldc + j * kLanes) : splat(0.0f);
#pragma clang loop unroll_count(4)
  for (int64_t p = 0; p < k; ++p) {
    Vec row[kVectors];
#pragma clang loop unroll(full)
    for (int j = 0; j < kVectors; ++j)
      row[j] = load(b + j * kLanes);
#pragma clang loop unroll(full)
    for (int i = 0; i < kRows; ++i) {
      float value = kLeft == Left::Rows ? a[i * lda] : a[i];
#pragma clang loop unroll(full)
      for (int j = 0; j < kVectors; ++j)
        sum[i][j] = fma(splat(value), row[j], sum[i][j]);
    }
    a += kLeft == Left::Packed ? kTileRows : kLeft == Left::Rows ? 1 : lda;
    b += ldb;
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < kRows; ++i)
#pragma clang loop unroll(full)
    for (int j = 0; j < kVectors; ++j)
      store(c + i * ldc + j * kLanes, sum[i][j]);
}

using MicroKernel = void (*)(int64_t k, const float *a, int64_t lda, const float *b,
                             int64_t ldb, float *c, int64_t ldc, bool accumulate);

/// The kernels of one layout of A by [vectors - 1][rows - 1].
template <Left kLeft> struct MicroKernels {
  MicroKernel at[kTileVectors][kTileRows];
  template <int kVectors, int... kRows> constexpr void fillRows() {
    int row = 0;
    ((at[kVectors - 1][row++] = microKernel<kLeft, kRows, kVectors>), ...);
  }
  constexpr MicroKernels() : at{} {
#if defined(__AVX512F__) || defined(TRAIN_SIMD_WIDE_TILES)
    fillRows<1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12>();
    fillRows<2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12>();
#else
    fillRows<1, 1, 2, 3, 4, 5, 6>();
#endif
  }
};
template <Left kLeft> static constexpr MicroKernels<kLeft> kMicroKernels{};

/// One tile of at most kTileRows x kTileColumns, its columns possibly cut: B must be
/// readable (and finite, say zero) up to the next multiple of 16 columns, C is written
/// up to `columns` only.
template <Left kLeft>
TRAIN_INLINE void tile(int64_t rows, int64_t columns, int64_t k, const float *a,
                       int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc,
                       bool accumulate) {
  int64_t vectors = (columns + kLanes - 1) / kLanes;
  MicroKernel kernel = kMicroKernels<kLeft>.at[vectors - 1][rows - 1];
  if (columns == vectors * kLanes) {
    kernel(k, a, lda, b, ldb, c, ldc, accumulate);
    return;
  }
  float buffer[kTileRows * kTileColumns];
  if (accumulate)
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < vectors * kLanes; ++j)
        buffer[i * kTileColumns + j] = j < columns ? c[i * ldc + j] : 0.0f;
  kernel(k, a, lda, b, ldb, buffer, kTileColumns, accumulate);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      c[i * ldc + j] = buffer[i * kTileColumns + j];
}

} // namespace train::cpu::TRAIN_SIMD

#endif // TRAIN_RUNTIME_CPU_SIMD_MICROKERNEL_H
