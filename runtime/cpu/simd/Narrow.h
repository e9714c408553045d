// Elements of two bytes. They are widened to f32 where a kernel reads them, exactly, and
// rounded to nearest, ties to even, where it writes them; all arithmetic is in f32. The
// loads and stores have the names and widths of those for floats, so that a template over
// the element type serves all three.
#ifndef TRAIN_RUNTIME_CPU_SIMD_NARROW_H
#define TRAIN_RUNTIME_CPU_SIMD_NARROW_H

#include "../SimdKernels.h"
#include "Vector.h"

namespace train::cpu::TRAIN_SIMD {

struct BFloat16 {
  uint16_t bits;
};
struct Half {
  uint16_t bits;
};

template <int n> struct Lanes {
  typedef float Float __attribute__((ext_vector_type(n), may_alias));
  typedef float Unaligned __attribute__((ext_vector_type(n), aligned(4), may_alias));
  typedef uint32_t Word __attribute__((ext_vector_type(n), may_alias));
  typedef uint16_t Short __attribute__((ext_vector_type(n), may_alias));
  typedef uint16_t ShortUnaligned
      __attribute__((ext_vector_type(n), aligned(2), may_alias));
  typedef _Float16 Binary16 __attribute__((ext_vector_type(n), may_alias));
};

/// n elements from p on, as floats.
template <int n> TRAIN_INLINE typename Lanes<n>::Float loadLanes(const float *p) {
  return *(const typename Lanes<n>::Unaligned *)p;
}
template <int n> TRAIN_INLINE typename Lanes<n>::Float loadLanes(const BFloat16 *p) {
  typename Lanes<n>::Short bits = *(const typename Lanes<n>::ShortUnaligned *)p;
  return __builtin_bit_cast(typename Lanes<n>::Float,
                            __builtin_convertvector(bits, typename Lanes<n>::Word) << 16);
}
template <int n> TRAIN_INLINE typename Lanes<n>::Float loadLanes(const Half *p) {
  typename Lanes<n>::Short bits = *(const typename Lanes<n>::ShortUnaligned *)p;
  return __builtin_convertvector(__builtin_bit_cast(typename Lanes<n>::Binary16, bits),
                                 typename Lanes<n>::Float);
}

TRAIN_INLINE float widen(float x) { return x; }
TRAIN_INLINE float widen(BFloat16 x) {
  return __builtin_bit_cast(float, (uint32_t)x.bits << 16);
}
TRAIN_INLINE float widen(Half x) { return (float)__builtin_bit_cast(_Float16, x.bits); }

TRAIN_INLINE void narrow(float x, float *to) { *to = x; }
TRAIN_INLINE void narrow(float x, BFloat16 *to) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, x);
  to->bits = x != x ? (uint16_t)((bits >> 16) | 0x40)
                    : (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}
TRAIN_INLINE void narrow(float x, Half *to) {
  to->bits = __builtin_bit_cast(uint16_t, (_Float16)x);
}

/// Names a type where a function template cannot be given one.
template <typename T> struct Kind {
  using Type = T;
};
/// A number where a function template cannot be given one.
template <int number> struct Index {
  static constexpr int value = number;
};
/// Calls body(Kind<T>()) for the C++ type of the elements.
template <typename Body>
TRAIN_INLINE void withElement(Element element, const Body &body) {
  switch (element) {
  case Element::F32:
    return body(Kind<float>());
  case Element::F16:
    return body(Kind<Half>());
  case Element::BF16:
    return body(Kind<BFloat16>());
  }
}

/// n < 16 elements as floats, zeros above them; reads no byte beyond.
template <typename T> TRAIN_INLINE Vec loadTail(const T *p, int64_t n) {
  Vec v = splat(0.0f);
  for (int64_t i = 0; i < n; ++i)
    v[i] = widen(p[i]);
  return v;
}

/// Sixteen floats, rounded, to p on.
TRAIN_INLINE void storeLanes(float *p, Vec v) { store(p, v); }
TRAIN_INLINE void storeLanes(BFloat16 *p, Vec v) {
  using Word = Lanes<16>::Word;
  Word bits = __builtin_bit_cast(Word, v);
  Word rounded = (bits + (Word)(0x7fff) + ((bits >> 16) & (Word)(1))) >> 16;
  // The carry of a NaN could run into its exponent: it is cut, and made quiet.
  Word quiet = (bits >> 16) | (Word)(0x40);
  Word isNaN = (Word)(v != v);
  Word out = (isNaN & quiet) | (~isNaN & rounded);
  *(Lanes<16>::ShortUnaligned *)p = __builtin_convertvector(out, Lanes<16>::Short);
}
TRAIN_INLINE void storeLanes(Half *p, Vec v) {
  *(Lanes<16>::ShortUnaligned *)p = __builtin_bit_cast(
      Lanes<16>::Short, __builtin_convertvector(v, Lanes<16>::Binary16));
}

/// dst[0 .. count) = src[0 .. count), widened or rounded.
template <typename From, typename To>
TRAIN_INLINE void convertRow(const From *src, To *dst, int64_t count) {
  int64_t j = 0;
  for (; j + kLanes <= count; j += kLanes)
    storeLanes(dst + j, loadLanes<kLanes>(src + j));
  if (j == count)
    return;
  To buffer[kLanes];
  storeLanes(buffer, loadTail(src + j, count - j));
  for (int64_t i = j; i < count; ++i)
    dst[i] = buffer[i - j];
}

} // namespace train::cpu::TRAIN_SIMD

#endif // TRAIN_RUNTIME_CPU_SIMD_NARROW_H
