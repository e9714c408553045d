// Pools of one plane: sixteen outputs side by side, whose maxima or sums stay in
// registers while the taps run. Outputs whose window leaves the image, and those
// whose loads would leave the plane, are computed one by one.
#include "Kernels.h"
#include "Narrow.h"

namespace train::cpu::TRAIN_SIMD {

namespace {

/// Every stride-th of the elements from p on. Reads 16 * stride elements for the strides
/// 1 and 2, and what it needs for others.
template <int kStride, typename T>
TRAIN_INLINE Vec loadEvery(const T *p, int64_t stride) {
  if constexpr (kStride == 1)
    return loadLanes<kLanes>(p);
  if constexpr (kStride == 2)
    return __builtin_shufflevector(loadLanes<kLanes>(p), loadLanes<kLanes>(p + kLanes), 0,
                                   2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28,
                                   30);
  Vec v;
  for (int i = 0; i < kLanes; ++i)
    v[i] = widen(p[i * stride]);
  return v;
}

/// The maximum so far and where it stands, of one output or of sixteen: the first of
/// equals, and the first NaN.
struct Maximum {
  Vec best = splat(-__builtin_inff());
  IntVec where = (IntVec)(-1);
  TRAIN_INLINE_MEMBER void start(Vec value, IntVec at) {
    best = value;
    where = at;
  }
  TRAIN_INLINE_MEMBER void add(Vec value, IntVec at) {
    const IntVec take = ~(value <= best) & (best == best);
    best = take ? value : best;
    where = take ? at : where;
  }
};
struct OneMaximum {
  float best = -__builtin_inff();
  int32_t where = -1;
  TRAIN_INLINE_MEMBER void add(float value, int64_t at) {
    if (where < 0 || value > best || (value != value && best == best)) {
      best = value;
      where = (int32_t)at;
    }
  }
};
struct Sum {
  Vec sum = splat(0.0f);
  TRAIN_INLINE_MEMBER void start(Vec value, IntVec) { sum += value; }
  TRAIN_INLINE_MEMBER void add(Vec value, IntVec) { sum += value; }
};
struct OneSum {
  float sum = 0.0f;
  TRAIN_INLINE_MEMBER void add(float value, int64_t) { sum += value; }
};

/// Sixteen results, or the first `count` of them.
template <typename T> TRAIN_INLINE void putLanes(T *out, Vec v, int64_t count) {
  if (count == kLanes)
    storeLanes(out, v);
  else
    for (int64_t i = 0; i < count; ++i)
      narrow(v[i], out + i);
}

template <typename T> struct MaximumOut {
  using Element = T;
  using Many = Maximum;
  using One = OneMaximum;
  T *out;
  int32_t *where;
  TRAIN_INLINE_MEMBER void put(int64_t at, const Maximum &m, int64_t count) const {
    putLanes(out + at, m.best, count);
    putLanes((float *)(where + at), __builtin_bit_cast(Vec, m.where), count);
  }
  TRAIN_INLINE_MEMBER void put(int64_t at, const OneMaximum &m) const {
    narrow(m.best, out + at);
    where[at] = m.where;
  }
};
template <typename T> struct MeanOut {
  using Element = T;
  using Many = Sum;
  using One = OneSum;
  T *out;
  float area;
  TRAIN_INLINE_MEMBER void put(int64_t at, const Sum &s, int64_t count) const {
    putLanes(out + at, s.sum / splat(area), count);
  }
  TRAIN_INLINE_MEMBER void put(int64_t at, const OneSum &s) const {
    narrow(s.sum / area, out + at);
  }
};

template <int kStride, typename Out>
TRAIN_INLINE void poolPlane(const PoolPlane &p, const Out &out) {
  const auto *image = (const typename Out::Element *)p.image;
  const IntVec lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const int64_t stride = kStride ? kStride : p.strideX;
  const int64_t spanX = (p.tapColumns - 1) * p.dilationX;
  // Outputs [low, high) of a row have all taps inside the image.
  int64_t low = min(p.outWidth, (p.padLeft + stride - 1) / stride);
  int64_t high = p.width - 1 - spanX + p.padLeft;
  high = high < 0 ? 0 : min(p.outWidth, high / stride + 1);
  high = high < low ? low : high;
  for (int64_t y = 0; y < p.outHeight; ++y) {
    const int64_t top = y * p.strideY - p.padTop;
    auto one = [&](int64_t x) {
      typename Out::One result;
      for (int64_t r = 0; r < p.tapRows; ++r)
        for (int64_t s = 0; s < p.tapColumns; ++s) {
          const int64_t line = top + r * p.dilationY;
          const int64_t column = x * stride - p.padLeft + s * p.dilationX;
          if (line >= 0 && line < p.height && column >= 0 && column < p.width)
            result.add(widen(image[line * p.width + column]), line * p.width + column);
        }
      out.put(y * p.outWidth + x, result);
    };
    for (int64_t x = 0; x < low; ++x)
      one(x);
    for (int64_t x = low; x < high; x += kLanes) {
      // Sixteen that end with the row rather than fewer than sixteen.
      if (x + kLanes > high && high - low >= kLanes)
        x = high - kLanes;
      const int64_t count = min(kLanes, high - x);
      const int64_t first = x * stride - p.padLeft;
      // The last line of taps that lies in the image.
      int64_t bottom = top + (p.tapRows - 1) * p.dilationY;
      if (bottom >= p.height)
        bottom = p.height - 1;
      if (bottom * p.width + first + spanX + kLanes * stride > p.height * p.width) {
        for (int64_t i = 0; i < count; ++i)
          one(x + i);
        continue;
      }
      typename Out::Many result;
      bool started = false;
      for (int64_t r = 0; r < p.tapRows; ++r) {
        const int64_t line = top + r * p.dilationY;
        if (line < 0 || line >= p.height)
          continue;
        for (int64_t s = 0; s < p.tapColumns; ++s) {
          const int64_t at = line * p.width + first + s * p.dilationX;
          const Vec value = loadEvery<kStride>(image + at, stride);
          const IntVec place = (IntVec)((int32_t)at) + lane * (IntVec)((int32_t)stride);
          if (!started)
            result.start(value, place);
          else
            result.add(value, place);
          started = true;
        }
      }
      out.put(y * p.outWidth + x, result, count);
    }
    for (int64_t x = high; x < p.outWidth; ++x)
      one(x);
  }
}

template <typename Out> void poolAtStride(const PoolPlane &plane, const Out &out) {
  if (plane.strideX == 1)
    poolPlane<1>(plane, out);
  else if (plane.strideX == 2)
    poolPlane<2>(plane, out);
  else
    poolPlane<0>(plane, out);
}

} // namespace

void poolMaximum(const PoolPlane &plane, void *out, int32_t *where) {
  withElement(plane.element, [&](auto kind) {
    using T = typename decltype(kind)::Type;
    poolAtStride(plane, MaximumOut<T>{(T *)out, where});
  });
}

void poolMean(const PoolPlane &plane, void *out) {
  withElement(plane.element, [&](auto kind) {
    using T = typename decltype(kind)::Type;
    const float area = (float)(plane.tapRows * plane.tapColumns);
    poolAtStride(plane, MeanOut<T>{(T *)out, area});
  });
}

void poolScatter(const PoolRow &row, const float *__restrict share,
                 float *__restrict image) {
  auto scatter = [&](int64_t stride) __attribute__((always_inline)) {
    for (int64_t n = 0; n < row.count; ++n)
      image[n * stride] += share[n];
  };
  if (row.stride == 1)
    scatter(1);
  else if (row.stride == 2)
    scatter(2);
  else
    scatter(row.stride);
}

} // namespace train::cpu::TRAIN_SIMD
