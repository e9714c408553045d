// Copies blocks of a bf16 matrix into the tiles that a matrix unit multiplies. Sixteen
// rows of A, or sixteen columns of B, are the lines of a panel; of each line 32 elements
// of k are a step. A panel is [step][16][32] for A, line after line, and
// [step][16][16][2] for B, pair after pair of k; 1 KiB a step. Lines and elements of k
// that the matrix does not have are zeros.
#ifndef TRAIN_RUNTIME_CPU_SIMD_PAIRPACK_H
#define TRAIN_RUNTIME_CPU_SIMD_PAIRPACK_H

#include "MatrixUnit.h"
#include "Pack.h"

namespace train::cpu::TRAIN_SIMD {

/// How a step lies in a panel: Lines for A, Pairs for B.
enum class Step { Lines, Pairs };

typedef Lanes<16>::Word Word16;
typedef uint32_t Word16Unaligned
    __attribute__((ext_vector_type(16), aligned(2), may_alias));
typedef float Vec8Bytes __attribute__((ext_vector_type(8), aligned(2), may_alias));

/// dst[q][j] = src[j][q], 16 x 16 words; rows of src `ld` elements of two bytes apart.
TRAIN_INLINE void transposeWords(const uint16_t *src, int64_t ld, uint16_t *dst) {
#pragma clang loop unroll(full)
  for (int row = 0; row < 16; row += 8)
#pragma clang loop unroll(full)
    for (int column = 0; column < 16; column += 8) {
      Vec8 r[8];
#pragma clang loop unroll(full)
      for (int i = 0; i < 8; ++i)
        r[i] = *(const Vec8Bytes *)(src + (row + i) * ld + 2 * column);
      storeTransposed8(r, (float *)dst + column * 16 + row, 16);
    }
}

/// dst[q] = the pairs of rows 2q and 2q + 1 of src, sixteen columns.
TRAIN_INLINE void interleaveRows(const uint16_t *src, int64_t ld, uint16_t *dst) {
  using Short = Lanes<16>::ShortUnaligned;
#pragma clang loop unroll_count(4)
  for (int64_t q = 0; q < kSide; ++q) {
    Lanes<16>::Short low = *(const Short *)(src + 2 * q * ld);
    Lanes<16>::Short high = *(const Short *)(src + (2 * q + 1) * ld);
    *(Word16Unaligned *)(dst + q * kStep) = __builtin_convertvector(low, Word16) |
                                            __builtin_convertvector(high, Word16) << 16;
  }
}

/// A panel of `lines` <= 16 lines and k elements of each; `first` is element 0 of line 0.
/// Elements of a line are side by side, lines ld apart; or, with `across`, the other way.
template <Step kLayout>
static void packPairs(const uint16_t *first, int64_t ld, bool across, int64_t lines,
                      int64_t k, uint16_t *dst) {
  for (int64_t p = 0; p < k; p += kStep, dst += kTileElements) {
    const uint16_t *src = first + (across ? p * ld : p);
    if (lines < kSide || k - p < kStep) {
      for (int64_t line = 0; line < kSide; ++line)
        for (int64_t e = 0; e < kStep; ++e) {
          const uint16_t bits = line >= lines || p + e >= k ? 0
                                : across                    ? src[e * ld + line]
                                                            : src[line * ld + e];
          dst[kLayout == Step::Lines ? line * kStep + e
                                     : e / 2 * kStep + 2 * line + e % 2] = bits;
        }
    } else if (across) {
      if (kLayout == Step::Pairs) {
        interleaveRows(src, ld, dst);
      } else {
        alignas(64) uint16_t pairs[kTileElements];
        interleaveRows(src, ld, pairs);
        transposeWords(pairs, kStep, dst);
      }
    } else {
      if (kLayout == Step::Pairs)
        transposeWords(src, ld, dst);
      else
        for (int64_t line = 0; line < kSide; ++line)
          *(Word16Unaligned *)(dst + line * kStep) =
              *(const Word16Unaligned *)(src + line * ld);
    }
  }
}

/// A panel from floats that are bf16 numbers, [k][stride] with the lines side by side:
/// what sources other than dense matrices pack. All sixteen lines must be readable.
template <Step kLayout>
static void packPairsOf(const float *src, int64_t stride, int64_t k, uint16_t *dst) {
  for (int64_t p = 0; p < k; p += kStep, dst += kTileElements) {
    alignas(64) uint16_t pairs[kTileElements];
    uint16_t *to = kLayout == Step::Pairs ? dst : pairs;
    for (int64_t q = 0; q < kSide; ++q) {
      const int64_t e = p + 2 * q;
      const Word16 low =
          e < k ? __builtin_bit_cast(Word16, load(src + e * stride)) >> 16 : (Word16)(0);
      const Word16 high = e + 1 < k
                              ? __builtin_bit_cast(Word16, load(src + (e + 1) * stride)) &
                                    (Word16)(0xffff0000)
                              : (Word16)(0);
      *(Word16Unaligned *)(to + q * kStep) = low | high;
    }
    if (kLayout == Step::Lines)
      transposeWords(pairs, kStep, dst);
  }
}

} // namespace train::cpu::TRAIN_SIMD

#endif // TRAIN_RUNTIME_CPU_SIMD_PAIRPACK_H
