// The transpose of a small block of 4-byte elements, in registers. It moves bits: a
// float that is a signalling NaN arrives unchanged.
#include "Kernels.h"
#include "Pack.h"

namespace train::cpu::TRAIN_SIMD {

void transposeBlock(const uint32_t *src, int64_t srcLd, uint32_t *dst, int64_t dstLd,
                    int64_t rows, int64_t columns) {
  // Sixteen by sixteen at a time: every cache line of both sides is touched in one burst,
  // which matters where rows stand a power of two apart and evict each other.
  const int64_t wholeRows = rows / 16 * 16, wholeColumns = columns / 16 * 16;
  for (int64_t i = 0; i < wholeRows; i += 16)
    for (int64_t j = 0; j < wholeColumns; j += 16)
#pragma clang loop unroll(full)
      for (int block = 0; block < 4; ++block) {
        const int64_t row = i + block % 2 * 8, column = j + block / 2 * 8;
        transpose8((const float *)(src + row * srcLd + column), srcLd,
                   (float *)(dst + column * dstLd + row), dstLd);
      }
  for (int64_t j = 0; j < columns; ++j)
    for (int64_t i = j < wholeColumns ? wholeRows : 0; i < rows; ++i)
      dst[j * dstLd + i] = src[i * srcLd + j];
}

} // namespace train::cpu::TRAIN_SIMD
