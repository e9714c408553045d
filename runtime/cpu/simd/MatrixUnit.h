// What multiplies tiles of bf16 pairs: eight tiles of sixteen rows of 64 bytes, and one
// operation, C[16 x 16 floats] += A[16 x 32] B[32 x 16]. The product in PairGemm.h is a
// template over it. AmxMatrixUnit is the hardware; SoftwareMatrixUnit computes the same
// bits in any machine's vectors, so that blocking, packing and tails are tested where
// there is no AMX.
//
// The arithmetic is that of TDPBF16PS in Intel's Software Developer's Manual, volume 2:
// the even and the odd elements of k are two chains of fused multiply-adds from zero in
// ascending k; their sum is added to C. Every operation rounds to nearest, ties to even,
// takes subnormal operands as zeros and returns zeros for subnormal results, whatever
// MXCSR says.
#ifndef TRAIN_RUNTIME_CPU_SIMD_MATRIXUNIT_H
#define TRAIN_RUNTIME_CPU_SIMD_MATRIXUNIT_H

#include "Narrow.h"

#if defined(__AMX_TILE__) && defined(__AMX_BF16__)
#include <immintrin.h>
#endif

namespace train::cpu::TRAIN_SIMD {

/// Rows of a tile, and columns of one of floats.
constexpr int64_t kSide = 16;
/// Elements of k that one operation takes: a row of a tile of bf16.
constexpr int64_t kStep = 32;
constexpr int64_t kTileElements = kSide * kStep;

struct SoftwareMatrixUnit {
  using Word = Lanes<16>::Word;
  Word tile[8][kSide];

  void begin() {}
  void end() {}
  template <int t> void zero() {
    for (int64_t i = 0; i < kSide; ++i)
      tile[t][i] = (Word)(0);
  }
  /// Rows of 64 bytes, `stride` bytes apart.
  template <int t> void load(const void *from, int64_t stride) {
    for (int64_t i = 0; i < kSide; ++i)
      __builtin_memcpy(&tile[t][i], (const char *)from + i * stride, sizeof(Word));
  }
  template <int t> void store(void *to, int64_t stride) const {
    for (int64_t i = 0; i < kSide; ++i)
      __builtin_memcpy((char *)to + i * stride, &tile[t][i], sizeof(Word));
  }
  template <int c, int a, int b> void multiply() {
    const Word high = (Word)(0xffff0000);
    for (int64_t i = 0; i < kSide; ++i) {
      Vec even = splat(0.0f), odd = splat(0.0f);
      for (int64_t q = 0; q < kSide; ++q) {
        const Word left = (Word)(tile[a][i][q]), right = tile[b][q];
        even = flush(fma(number(left << 16), number(right << 16), even));
        odd = flush(fma(number(left & high), number(right & high), odd));
      }
      tile[c][i] =
          __builtin_bit_cast(Word, flush(number(tile[c][i]) + flush(even + odd)));
    }
  }

private:
  /// Floats of these bits, zeros of their signs where they are subnormal.
  TRAIN_INLINE_MEMBER static Vec number(Word bits) {
    const Word normal = (Word)((bits & (Word)(0x7f800000)) != (Word)(0));
    return __builtin_bit_cast(Vec, bits & (normal | (Word)(0x80000000)));
  }
  TRAIN_INLINE_MEMBER static Vec flush(Vec v) {
    return number(__builtin_bit_cast(Word, v));
  }
};

#if defined(__AMX_TILE__) && defined(__AMX_BF16__)

/// Tiles are the thread's: configured when a product begins and released when it ends, so
/// that no thread carries their 8 KiB through context switches in between.
struct AmxMatrixUnit {
  void begin() {
    struct alignas(64) Configuration {
      uint8_t palette = 1, startRow = 0, reserved[14] = {};
      uint16_t rowBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    };
    static_assert(sizeof(Configuration) == 64, "the layout of LDTILECFG's operand");
    const Configuration configuration;
    _tile_loadconfig(&configuration);
  }
  void end() { _tile_release(); }
  template <int t> TRAIN_INLINE_MEMBER void zero() { _tile_zero(t); }
  template <int t> TRAIN_INLINE_MEMBER void load(const void *from, int64_t stride) {
    _tile_loadd(t, from, (size_t)stride);
  }
  template <int t> TRAIN_INLINE_MEMBER void store(void *to, int64_t stride) const {
    _tile_stored(t, to, (size_t)stride);
  }
  template <int c, int a, int b> TRAIN_INLINE_MEMBER void multiply() {
    _tile_dpbf16ps(c, a, b);
  }
};

#endif

} // namespace train::cpu::TRAIN_SIMD

#endif // TRAIN_RUNTIME_CPU_SIMD_MATRIXUNIT_H
