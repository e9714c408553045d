// Products with a vector on one side, where the tiles of the product would be one
// sixteenth full. The matrix is read once, in the order in which it lies: whole rows at
// a time where the results run along them, blocks of eight by eight where the sums do. An
// element is the same chain of multiply-adds as in the product.
#include "Kernels.h"
#include "Pack.h"

namespace train::cpu::TRAIN_SIMD {

namespace {

/// Rows of the matrix that pass over the results together: as many streams as the
/// hardware prefetches at once.
constexpr int kStreams = 8;

template <int kRows>
void addRows(const VectorTask &t, const float *vector, const float *matrix) {
  int64_t j = 0;
  for (; j + kLanes <= t.count; j += kLanes) {
    Vec sum = load(t.out + j);
#pragma clang loop unroll(full)
    for (int i = 0; i < kRows; ++i)
      sum = fma(splat(vector[i]), load(matrix + i * t.ld + j), sum);
    store(t.out + j, sum);
  }
  for (; j < t.count; ++j)
    for (int i = 0; i < kRows; ++i)
      t.out[j] = __builtin_fmaf(vector[i], matrix[i * t.ld + j], t.out[j]);
}

/// Eight results whose sums run along their rows, from term p on.
TRAIN_INLINE void addBlock(const VectorTask &t, int64_t row, int64_t p, Vec8 &sum) {
  float block[64];
  transpose8(t.matrix + row * t.ld + p, t.ld, block, 8);
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; ++i)
    sum = __builtin_elementwise_fma((Vec8)(t.vector[p + i]),
                                    *(const Vec8Unaligned *)(block + 8 * i), sum);
}

} // namespace

void matrixVectorTask(const VectorTask &t) {
  if (!t.accumulate)
    for (int64_t j = 0; j < t.count; ++j)
      t.out[j] = 0.0f;
  if (!t.sumsAlongRows) {
    int64_t p = 0;
    for (; p + kStreams <= t.k; p += kStreams)
      addRows<kStreams>(t, t.vector + p, t.matrix + p * t.ld);
    for (; p < t.k; ++p)
      addRows<1>(t, t.vector + p, t.matrix + p * t.ld);
    return;
  }
  int64_t row = 0;
  // Two blocks at a time: the sums of one hide the latency of the other.
  for (; row + 16 <= t.count; row += 16) {
    Vec8 low = *(const Vec8Unaligned *)(t.out + row);
    Vec8 high = *(const Vec8Unaligned *)(t.out + row + 8);
    int64_t p = 0;
    for (; p + 8 <= t.k; p += 8) {
      addBlock(t, row, p, low);
      addBlock(t, row + 8, p, high);
    }
    *(Vec8Unaligned *)(t.out + row) = low;
    *(Vec8Unaligned *)(t.out + row + 8) = high;
    for (; p < t.k; ++p)
      for (int64_t i = row; i < row + 16; ++i)
        t.out[i] = __builtin_fmaf(t.vector[p], t.matrix[i * t.ld + p], t.out[i]);
  }
  for (; row < t.count; ++row)
    for (int64_t p = 0; p < t.k; ++p)
      t.out[row] = __builtin_fmaf(t.vector[p], t.matrix[row * t.ld + p], t.out[row]);
}

} // namespace train::cpu::TRAIN_SIMD
