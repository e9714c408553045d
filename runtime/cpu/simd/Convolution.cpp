// Convolutions as matrix products whose right-hand side is never stored: the panels that
// the product reads are packed straight from the image (implicit im2col), so that a
// convolution needs no more memory than a product. One map from (channel, tap; position)
// to the image serves the forward direction and, phase by phase of the stride, the
// adjoint with respect to the input; its transpose serves the adjoint with respect to
// the filter. The order of each sum is that of the product's k.
#include "Gemm.h"

namespace train::cpu::TRAIN_SIMD {

namespace {

/// Positions [first, first + count) of the grid, cut where a grid row ends.
struct Segment {
  int64_t y, x, begin, count;
};

struct SegmentWalk {
  int64_t position, end, gridWidth;
  int64_t begin = 0;
  bool next(Segment &segment) {
    if (position >= end)
      return false;
    segment.y = position / gridWidth;
    segment.x = position % gridWidth;
    segment.begin = begin;
    segment.count = min(gridWidth - segment.x, end - position);
    position += segment.count;
    begin += segment.count;
    return true;
  }
};

/// The part [low, high) of `count` positions whose x = x0 + i * stride lies in [0,
/// width).
TRAIN_INLINE void clip(int64_t x0, int64_t stride, int64_t width, int64_t count,
                       int64_t &low, int64_t &high) {
  low = x0 >= 0 ? 0 : (-x0 + stride - 1) / stride;
  high = x0 >= width ? 0 : (width - x0 + stride - 1) / stride;
  high = min(high, count);
  low = min(low, high < 0 ? 0 : high);
}

/// B[k = (channel, tap)][column = position].
struct Windows {
  const WindowMap &map;
  void pack(int64_t k0, int64_t k, int64_t column, int64_t columns, float *dst) const {
    Segment segments[kTileColumns + 1]; // one to spare for the last, failing step
    int count = 0;
    SegmentWalk walk{column, column + columns, map.gridWidth};
    while (walk.next(segments[count]))
      ++count;
    const int64_t taps = map.tapRows * map.tapColumns;
    const float *imageEnd = map.image + map.channels * map.planeStride;
    int64_t channel = k0 / taps, r = k0 % taps / map.tapColumns, s = k0 % map.tapColumns;
    for (int64_t p = 0; p < k; ++p) {
      float *out = dst + p * kTileColumns;
      const float *plane = map.image + channel * map.planeStride;
      for (int i = 0; i < count; ++i) {
        const Segment &segment = segments[i];
        float *to = out + segment.begin;
        const int64_t y = segment.y * map.strideY + map.y0 + r * map.yStep;
        const int64_t x = segment.x * map.strideX + map.x0 + s * map.xStep;
        int64_t low = 0, high = 0;
        if (y >= 0 && y < map.height)
          clip(x, map.strideX, map.width, segment.count, low, high);
        for (int64_t j = 0; j < low; ++j)
          to[j] = 0.0f;
        const float *from = high > low ? plane + y * map.width + x : plane;
        if (high <= low)
          high = low;
        else if (map.strideX != 1)
          for (int64_t j = low; j < high; ++j)
            to[j] = from[j * map.strideX];
        else
          // Whole vectors, as long as they stay inside the image: what they write past
          // the segment is overwritten by what follows it.
          for (int64_t j = low; j < high; j += kLanes) {
            if (from + j + kLanes <= imageEnd)
              store(to + j, load(from + j));
            else
              for (int64_t l = j; l < high; ++l)
                to[l] = from[l];
          }
        for (int64_t j = high; j < segment.count; ++j)
          to[j] = 0.0f;
      }
      for (int64_t j = columns; j < kTileColumns; ++j)
        out[j] = 0.0f;
      if (++s == map.tapColumns) {
        s = 0;
        if (++r == map.tapRows) {
          r = 0;
          ++channel;
        }
      }
    }
  }
};

/// Its transpose: B[k = position][column = (channel, tap)].
struct WindowsTransposed {
  const WindowMap &map;
  void pack(int64_t k0, int64_t k, int64_t column, int64_t columns, float *dst) const {
    const int64_t taps = map.tapRows * map.tapColumns;
    for (int64_t j = 0; j < kTileColumns; ++j) {
      float *out = dst + j;
      if (j >= columns) {
        for (int64_t p = 0; p < k; ++p)
          out[p * kTileColumns] = 0.0f;
        continue;
      }
      const int64_t channel = (column + j) / taps;
      const int64_t r = (column + j) % taps / map.tapColumns;
      const int64_t s = (column + j) % map.tapColumns;
      const float *plane = map.image + channel * map.planeStride;
      SegmentWalk walk{k0, k0 + k, map.gridWidth};
      Segment segment;
      while (walk.next(segment)) {
        float *to = out + segment.begin * kTileColumns;
        const int64_t y = segment.y * map.strideY + map.y0 + r * map.yStep;
        const int64_t x = segment.x * map.strideX + map.x0 + s * map.xStep;
        int64_t low = 0, high = 0;
        if (y >= 0 && y < map.height)
          clip(x, map.strideX, map.width, segment.count, low, high);
        if (high < low)
          high = low;
        const float *from = high > low ? plane + y * map.width + x : plane;
        for (int64_t i = 0; i < low; ++i)
          to[i * kTileColumns] = 0.0f;
        for (int64_t i = low; i < high; ++i)
          to[i * kTileColumns] = from[i * map.strideX];
        for (int64_t i = high; i < segment.count; ++i)
          to[i * kTileColumns] = 0.0f;
      }
    }
  }
};

/// A[row = input channel][k = (output channel, tap)] from a filter stored
/// [output channel][input channel][tap], for the taps of one phase.
struct FilterTransposed {
  const FilterMap &map;
  void pack(int64_t row, int64_t rows, int64_t k0, int64_t k, float *dst) const {
    int64_t taps = map.tapRows * map.tapColumns;
    int64_t o = k0 / taps, r = k0 % taps / map.tapColumns, s = k0 % map.tapColumns;
    for (int64_t p = 0; p < k; ++p) {
      const float *from = map.filter + o * map.outputStride + row * map.inputStride +
                          map.tap0 + r * map.tapRowStep + s * map.tapColumnStep;
      for (int64_t i = 0; i < kTileRows; ++i)
        dst[p * kTileRows + i] = i < rows ? from[i * map.inputStride] : 0.0f;
      if (++s == map.tapColumns) {
        s = 0;
        if (++r == map.tapRows) {
          r = 0;
          ++o;
        }
      }
    }
  }
};

/// A source seen from a given row or column on: what a tile of the output needs.
template <typename Source> struct FromRow {
  const Source &source;
  int64_t row0;
  void pack(int64_t row, int64_t rows, int64_t k0, int64_t k, float *dst) const {
    source.pack(row0 + row, rows, k0, k, dst);
  }
};
template <typename Source> struct FromColumn {
  const Source &source;
  int64_t column0;
  void pack(int64_t k0, int64_t k, int64_t column, int64_t columns, float *dst) const {
    source.pack(k0, k, column0 + column, columns, dst);
  }
};

} // namespace

void convolutionTask(const ConvolutionTask &t, float *scratch) {
  DenseLeft left{t.filter.filter + t.row * t.k, t.k, false};
  Windows windows{t.windows};
  gemm(left, FromColumn<Windows>{windows, t.column}, t.rows, t.columns, t.k, t.out,
       t.ldOut, t.accumulate, scratch);
}

void convolutionTransposeTask(const ConvolutionTask &t, float *scratch) {
  FilterTransposed filter{t.filter};
  Windows windows{t.windows};
  gemm(FromRow<FilterTransposed>{filter, t.row}, FromColumn<Windows>{windows, t.column},
       t.rows, t.columns, t.k, t.out, t.ldOut, t.accumulate, scratch);
}

void convolutionFilterGradTask(const ConvolutionTask &t, float *scratch) {
  DenseLeft left{t.dout + t.row * t.k, t.k, false};
  WindowsTransposed windows{t.windows};
  gemm(left, FromColumn<WindowsTransposed>{windows, t.column}, t.rows, t.columns, t.k,
       t.out, t.ldOut, t.accumulate, scratch);
}

} // namespace train::cpu::TRAIN_SIMD
