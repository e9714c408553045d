// Convolutions of one plane with one filter: what a grouped convolution is when each
// group has one channel. As a product it would have one row. Here the plane is copied
// once into rows with their padding, its columns apart by the phase of the stride, so
// that sixteen outputs side by side are one plain load per tap. The order of each sum is
// that of the product: taps in ascending order forward and to the input, positions in
// ascending order to the filter.
#include "Kernels.h"
#include "Pack.h"

namespace train::cpu::TRAIN_SIMD {

namespace {

/// Copy of a strip stays in the second-level cache.
constexpr int64_t kStripFloats = 32 << 10;
constexpr int kOutputRows = 4;

/// The source as copied: element (y, x) of the result reads, for tap t, position
/// y * rowStep + x + offset[t].
template <typename T> struct Packed {
  int64_t lowY, highY, lowX; ///< first and last source row and column, seen from 0, 0
  int64_t phaseWidth, rowLength;
  int64_t taps;
  int64_t offset[kMaxDepthwiseTaps];
  float weight[kMaxDepthwiseTaps];

  Packed(const WindowMap &m, const FilterMap &f) {
    const int64_t spanY = (m.tapRows - 1) * m.yStep, spanX = (m.tapColumns - 1) * m.xStep;
    lowY = m.y0 + min(0, spanY);
    highY = m.y0 - min(0, -spanY);
    lowX = m.x0 + min(0, spanX);
    phaseWidth = roundUp(m.gridWidth, kLanes) + (spanX < 0 ? -spanX : spanX) / m.strideX;
    rowLength = phaseWidth * m.strideX;
    taps = 0;
    for (int64_t r = 0; r < m.tapRows; ++r)
      for (int64_t s = 0; s < m.tapColumns; ++s, ++taps) {
        const int64_t x = m.x0 + s * m.xStep - lowX;
        offset[taps] = (m.y0 + r * m.yStep - lowY) * rowLength +
                       x % m.strideX * phaseWidth + x / m.strideX;
        weight[taps] =
            widen(((const T *)f.filter)[f.tap0 + r * f.tapRowStep + s * f.tapColumnStep]);
      }
  }

  /// Source row `y` to `to`: phase after phase, zeros outside.
  void packRow(const WindowMap &m, int64_t y, float *to) const {
    if (y < 0 || y >= m.height) {
      for (int64_t i = 0; i < rowLength; ++i)
        to[i] = 0.0f;
      return;
    }
    const T *row = (const T *)m.image + y * m.width;
    for (int64_t phase = 0; phase < m.strideX; ++phase, to += phaseWidth) {
      const int64_t first = lowX + phase;
      const int64_t begin =
          min(phaseWidth, first >= 0 ? 0 : (-first + m.strideX - 1) / m.strideX);
      int64_t end = first >= m.width ? 0 : (m.width - first + m.strideX - 1) / m.strideX;
      end = min(phaseWidth, end > begin ? end : begin);
      for (int64_t i = 0; i < begin; ++i)
        to[i] = 0.0f;
      const T *from = row + first;
      if (m.strideX == 1)
        for (int64_t i = begin; i < end; ++i)
          to[i] = widen(from[i]);
      else
        for (int64_t i = begin; i < end; ++i)
          to[i] = widen(from[i * m.strideX]);
      for (int64_t i = end; i < phaseWidth; ++i)
        to[i] = 0.0f;
    }
  }
};

/// kRows x `columns` <= 16 results.
template <int kRows, typename T>
TRAIN_INLINE void resultBlock(const Packed<T> &packed, const float *from, int64_t rowStep,
                              const PlaneMap &planes, T *out, int64_t columns,
                              bool accumulate) {
  Vec sum[kRows];
  const bool whole = columns == kLanes && planes.columnStride == 1;
#pragma clang loop unroll(full)
  for (int i = 0; i < kRows; ++i) {
    const T *at = out + i * planes.rowStride;
    sum[i] = splat(0.0f);
    if (accumulate && whole)
      sum[i] = loadLanes<kLanes>(at);
    else if (accumulate)
      for (int64_t j = 0; j < columns; ++j)
        sum[i][j] = widen(at[j * planes.columnStride]);
  }
  for (int64_t t = 0; t < packed.taps; ++t) {
    const Vec weight = splat(packed.weight[t]);
    const float *at = from + packed.offset[t];
#pragma clang loop unroll(full)
    for (int i = 0; i < kRows; ++i)
      sum[i] = fma(weight, load(at + i * rowStep), sum[i]);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < kRows; ++i) {
    T *at = out + i * planes.rowStride;
    if (whole) {
      storeLanes(at, sum[i]);
    } else {
      T buffer[kLanes];
      storeLanes(buffer, sum[i]);
      for (int64_t j = 0; j < columns; ++j)
        at[j * planes.columnStride] = buffer[j];
    }
  }
}

template <int kRows, typename T>
void resultRows(const Packed<T> &packed, const float *from, int64_t rowStep,
                const PlaneMap &planes, T *out, int64_t width, bool accumulate) {
  for (int64_t x = 0; x < width; x += kLanes) {
    // Sixteen that end with the row rather than fewer than sixteen: what is computed
    // twice comes out the same, unless it is added to.
    if (x + kLanes > width && width >= kLanes && !accumulate)
      x = width - kLanes;
    resultBlock<kRows>(packed, from + x, rowStep, planes, out + x * planes.columnStride,
                       min(kLanes, width - x), accumulate);
  }
}

/// Eight channels of filter gradients, at most this many taps of them in registers.
constexpr int kGradTaps = 9;

template <typename T> void convolvePlane(const ConvolutionTask &t, float *scratch) {
  const WindowMap &m = t.windows;
  const Packed<T> packed(m, t.filter);
  T *out = (T *)t.planes.out;
  const int64_t rowStep = m.strideY * packed.rowLength;
  const int64_t span = packed.highY - packed.lowY + 1;
  int64_t strip = (kStripFloats / packed.rowLength - span) / m.strideY + 1;
  strip = strip < kOutputRows ? kOutputRows : strip;
  for (int64_t y0 = 0; y0 < m.gridHeight; y0 += strip) {
    const int64_t rows = min(strip, m.gridHeight - y0);
    const int64_t first = y0 * m.strideY + packed.lowY;
    for (int64_t i = 0; i < (rows - 1) * m.strideY + span; ++i)
      packed.packRow(m, first + i, scratch + i * packed.rowLength);
    int64_t y = 0;
    for (; y + kOutputRows <= rows; y += kOutputRows)
      resultRows<kOutputRows>(packed, scratch + y * rowStep, rowStep, t.planes,
                              out + (y0 + y) * t.planes.rowStride, m.gridWidth,
                              t.accumulate);
    for (; y < rows; ++y)
      resultRows<1>(packed, scratch + y * rowStep, rowStep, t.planes,
                    out + (y0 + y) * t.planes.rowStride, m.gridWidth, t.accumulate);
  }
}

// A filter's element is one chain over all positions, so the lanes are channels: the
// planes of eight are copied element beside element first. The sums of all images stay in
// `sums`, whose element for (tap, channel) is tap * 8 + channel.
template <typename T>
void addGradientOfImage(const DepthwiseGradTask &t, const T *image, const T *dout,
                        float *sums, float *scratch) {
  const WindowMap &m = t.windows;
  const int64_t taps = m.tapRows * m.tapColumns;
  const int64_t spanY = (m.tapRows - 1) * m.yStep + 1;
  const int64_t spanX = (m.tapColumns - 1) * m.xStep + 1;
  const int64_t width = (m.gridWidth - 1) * m.strideX + spanX;
  // `count` elements of eight planes from `from` on, transposed.
  auto interleave = [&](const T *from, int64_t planeStride, int64_t count, float *to) {
    int64_t i = 0;
    if (t.channels == 8)
      for (; i + 8 <= count; i += 8)
        transpose8(from + i, planeStride, to + i * 8, 8);
    for (; i < count; ++i)
      for (int64_t c = 0; c < 8; ++c)
        to[i * 8 + c] = c < t.channels ? widen(from[c * planeStride + i]) : 0.0f;
  };
  auto clear = [](float *to, int64_t count) {
    for (int64_t i = 0; i < count * 8; ++i)
      to[i] = 0.0f;
  };
  // One row of output gradients and the rows of the image that it meets, in a ring.
  float *gradients = scratch, *rows = scratch + roundUp(m.gridWidth, 8) * 8;
  int64_t packedTo = m.y0; // rows before this one stand in the ring
  for (int64_t y = 0; y < m.gridHeight; ++y) {
    interleave(dout + y * m.gridWidth, m.gridHeight * m.gridWidth, m.gridWidth,
               gradients);
    const int64_t top = y * m.strideY + m.y0;
    if (packedTo < top)
      packedTo = top;
    for (; packedTo < top + spanY; ++packedTo) {
      float *to = rows + (packedTo - m.y0) % spanY * width * 8;
      if (packedTo < 0 || packedTo >= m.height) {
        clear(to, width);
        continue;
      }
      const int64_t begin = min(width, m.x0 < 0 ? -m.x0 : 0);
      const int64_t last = min(width, m.width - m.x0);
      const int64_t end = last > begin ? last : begin;
      clear(to, begin);
      interleave(image + packedTo * m.width + m.x0 + begin, m.planeStride, end - begin,
                 to + begin * 8);
      clear(to + end * 8, width - end);
    }
    for (int64_t tap0 = 0; tap0 < taps; tap0 += kGradTaps) {
      // The last group is filled up with its own last tap, whose copies are dropped.
      const float *at[kGradTaps];
      Vec8 sum[kGradTaps];
#pragma clang loop unroll(full)
      for (int i = 0; i < kGradTaps; ++i) {
        const int64_t tap = min(tap0 + i, taps - 1);
        const int64_t row = (top - m.y0 + tap / m.tapColumns * m.yStep) % spanY;
        at[i] = rows + (row * width + tap % m.tapColumns * m.xStep) * 8;
        sum[i] = *(const Vec8Unaligned *)(sums + tap * 8);
      }
      for (int64_t x = 0; x < m.gridWidth; ++x) {
        const Vec8 gradient = *(const Vec8Unaligned *)(gradients + x * 8);
        const int64_t step = x * m.strideX * 8;
#pragma clang loop unroll(full)
        for (int i = 0; i < kGradTaps; ++i)
          sum[i] = __builtin_elementwise_fma(
              gradient, *(const Vec8Unaligned *)(at[i] + step), sum[i]);
      }
#pragma clang loop unroll(full)
      for (int i = 0; i < kGradTaps; ++i)
        *(Vec8Unaligned *)(sums + min(tap0 + i, taps - 1) * 8) = sum[i];
    }
  }
}

template <typename From, typename To>
void depthwiseGradient(const DepthwiseGradTask &t, float *scratch) {
  const int64_t taps = t.windows.tapRows * t.windows.tapColumns;
  To *out = (To *)t.out;
  float sums[kMaxDepthwiseTaps * 8];
  for (int64_t tap = 0; tap < taps; ++tap)
    for (int64_t c = 0; c < 8; ++c)
      sums[tap * 8 + c] =
          t.accumulate && c < t.channels ? widen(out[c * taps + tap]) : 0.0f;
  for (int64_t n = 0; n < t.windows.images; ++n)
    addGradientOfImage(t, (const From *)t.windows.image + n * t.windows.imageStride,
                       (const From *)t.dout + n * t.doutImageStride, sums, scratch);
  for (int64_t c = 0; c < t.channels; ++c)
    for (int64_t tap = 0; tap < taps; ++tap)
      narrow(sums[tap * 8 + c], out + c * taps + tap);
}

} // namespace

void depthwiseTask(const ConvolutionTask &t, float *scratch) {
  withElement(t.element, [&](auto kind) {
    convolvePlane<typename decltype(kind)::Type>(t, scratch);
  });
}

void depthwiseFilterGradTask(const DepthwiseGradTask &t, float *scratch) {
  withElement(t.from, [&](auto kind) {
    using T = typename decltype(kind)::Type;
    if (t.to == Element::F32)
      depthwiseGradient<T, float>(t, scratch);
    else
      depthwiseGradient<T, T>(t, scratch);
  });
}

} // namespace train::cpu::TRAIN_SIMD
