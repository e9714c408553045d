// Sixteen floats as one value, and the few operations on them that the kernels of this
// directory need. Every file here is compiled once per instruction set; on AVX-512 the
// sixteen lanes are one register, on AVX2 two. Because the lanes are always sixteen, and
// sums across lanes follow one fixed tree, both builds give the same bits.
//
// These files include no C++ library header: an inline function of the library compiled
// here with wide instructions could be the copy that the linker keeps for everybody.
#ifndef TRAIN_RUNTIME_CPU_SIMD_VECTOR_H
#define TRAIN_RUNTIME_CPU_SIMD_VECTOR_H

#include <stdint.h>

#ifndef TRAIN_SIMD
#error "the build defines TRAIN_SIMD as the name of the instruction set"
#endif

#define TRAIN_INLINE static inline __attribute__((always_inline))
#define TRAIN_INLINE_MEMBER __attribute__((always_inline))

namespace train::cpu::TRAIN_SIMD {

constexpr int kLanes = 16;

typedef float Vec __attribute__((ext_vector_type(16), may_alias));
typedef float VecUnaligned __attribute__((ext_vector_type(16), aligned(4), may_alias));
typedef int32_t IntVec __attribute__((ext_vector_type(16), may_alias));
typedef float Vec8 __attribute__((ext_vector_type(8), may_alias));
typedef float Vec8Unaligned __attribute__((ext_vector_type(8), aligned(4), may_alias));
typedef float Vec4 __attribute__((ext_vector_type(4), may_alias));
typedef float Vec4Unaligned __attribute__((ext_vector_type(4), aligned(4), may_alias));
typedef float Vec2 __attribute__((ext_vector_type(2), may_alias));
typedef float Vec2Unaligned __attribute__((ext_vector_type(2), aligned(4), may_alias));

TRAIN_INLINE Vec load(const float *p) { return *(const VecUnaligned *)p; }
TRAIN_INLINE void store(float *p, Vec v) { *(VecUnaligned *)p = v; }
TRAIN_INLINE Vec splat(float x) { return (Vec)(x); }
TRAIN_INLINE Vec fma(Vec a, Vec b, Vec c) { return __builtin_elementwise_fma(a, b, c); }
TRAIN_INLINE Vec max(Vec a, Vec b) { return a > b ? a : b; }

TRAIN_INLINE int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }
TRAIN_INLINE int64_t roundUp(int64_t a, int64_t b) { return (a + b - 1) / b * b; }

/// Loads n < 16 floats, zeros above them; reads no byte beyond.
TRAIN_INLINE Vec loadTail(const float *p, int64_t n) {
  Vec v = splat(0.0f);
  for (int64_t i = 0; i < n; ++i)
    v[i] = p[i];
  return v;
}

/// The first n < 16 lanes of v, zeros above them, whatever stands there.
TRAIN_INLINE Vec keepFirst(Vec v, int64_t n) {
  const IntVec lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return lane < (IntVec)((int32_t)n) ? v : splat(0.0f);
}

/// Sum and maximum across the lanes, by halves: 8+8, 4+4, 2+2, 1+1.
TRAIN_INLINE float sumLanes(Vec v) {
  Vec8 a = v.lo + v.hi;
  Vec4 b = a.lo + a.hi;
  Vec2 c = b.lo + b.hi;
  return c.x + c.y;
}
TRAIN_INLINE float maxLanes(Vec v) {
  Vec8 a = v.lo > v.hi ? v.lo : v.hi;
  Vec4 b = a.lo > a.hi ? a.lo : a.hi;
  Vec2 c = b.lo > b.hi ? b.lo : b.hi;
  return c.x > c.y ? c.x : c.y;
}

/// e^x for x <= 0, the range of a softmax after its maximum is taken off. Reduction by
/// multiples of ln 2 in two parts, then the degree-6 minimax polynomial of Cephes'
/// range; about 1 ULP for -87.33 <= x <= 0. Below that the result is 0, also for
/// -inf; NaN stays NaN.
TRAIN_INLINE Vec expNonPositive(Vec x) {
  const Vec lowest = splat(-87.33654f);
  Vec clamped = x < lowest ? lowest : x; // keeps a NaN
  // Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits.
  const Vec magic = splat(12582912.0f);
  Vec shifted = fma(clamped, splat(1.44269504088896341f), magic);
  Vec n = shifted - magic;
  Vec r = fma(n, splat(-0.693145751953125f), clamped);
  r = fma(n, splat(-1.428606765330187e-6f), r);
  Vec p = splat(1.9875691500e-4f);
  p = fma(p, r, splat(1.3981999507e-3f));
  p = fma(p, r, splat(8.3334519073e-3f));
  p = fma(p, r, splat(4.1665795894e-2f));
  p = fma(p, r, splat(1.6666665459e-1f));
  p = fma(p, r, splat(5.0000001201e-1f));
  p = fma(p, r * r, r) + splat(1.0f);
  IntVec scale = (__builtin_bit_cast(IntVec, shifted) + (IntVec)(127)) << 23;
  Vec result = p * __builtin_bit_cast(Vec, scale);
  return x < lowest ? splat(0.0f) : result;
}

} // namespace train::cpu::TRAIN_SIMD

#endif // TRAIN_RUNTIME_CPU_SIMD_VECTOR_H
