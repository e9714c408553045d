// The transpose of a small block of 4-byte elements, in registers. It moves bits: a
// float that is a signalling NaN arrives unchanged.
#include "Kernels.h"
#include "Pack.h"

namespace train::cpu::TRAIN_SIMD {

void transposeBlock(const uint32_t *src, int64_t srcLd, uint32_t *dst, int64_t dstLd,
                    int64_t rows, int64_t columns) {
  const int64_t wholeRows = rows / 8 * 8, wholeColumns = columns / 8 * 8;
  for (int64_t j = 0; j < wholeColumns; j += 8)
    for (int64_t i = 0; i < wholeRows; i += 8)
      transpose8((const float *)(src + i * srcLd + j), srcLd,
                 (float *)(dst + j * dstLd + i), dstLd);
  for (int64_t j = 0; j < columns; ++j)
    for (int64_t i = j < wholeColumns ? wholeRows : 0; i < rows; ++i)
      dst[j * dstLd + i] = src[i * srcLd + j];
}

} // namespace train::cpu::TRAIN_SIMD
