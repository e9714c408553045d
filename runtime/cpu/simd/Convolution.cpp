// Convolutions as matrix products whose right-hand side is never stored: the panels that
// the product reads are packed straight from the images (implicit im2col), and its tiles
// go straight to their planes, so that a convolution needs no memory but the product's.
// One map from (channel, tap; position) to the image serves the forward direction and,
// phase by phase of the stride, the adjoint with respect to the input; its transpose
// serves the adjoint with respect to the filter. The order of each sum is that of k.
#include "Gemm.h"

namespace train::cpu::TRAIN_SIMD {

namespace {

/// Positions of one grid row: `count` of them from (n, y, x) on, at `begin` of the panel.
struct Segment {
  int64_t n, y, x, begin, count;
};

/// Cuts grid positions [position, end) into segments.
struct SegmentWalk {
  int64_t position, end, gridHeight, gridWidth;
  int64_t begin = 0;
  bool next(Segment &segment) {
    if (position >= end)
      return false;
    const int64_t row = position / gridWidth;
    segment.n = row / gridHeight;
    segment.y = row % gridHeight;
    segment.x = position % gridWidth;
    segment.begin = begin;
    segment.count = min(gridWidth - segment.x, end - position);
    position += segment.count;
    begin += segment.count;
    return true;
  }
};

/// What one tap reads for one segment: elements [low, high) from plane + offset on, every
/// strideX-th; the others are outside the image.
struct Read {
  int64_t offset, low, high;
};

TRAIN_INLINE Read readOf(const WindowMap &map, const Segment &segment, int64_t r,
                         int64_t s) {
  const int64_t y = segment.y * map.strideY + map.y0 + r * map.yStep;
  const int64_t x = segment.x * map.strideX + map.x0 + s * map.xStep;
  Read read{0, 0, 0};
  if (y < 0 || y >= map.height || x >= map.width)
    return read;
  if (map.strideX == 1) {
    read.low = x >= 0 ? 0 : -x;
    read.high = map.width - x;
  } else {
    read.low = x >= 0 ? 0 : (-x + map.strideX - 1) / map.strideX;
    read.high = (map.width - x + map.strideX - 1) / map.strideX;
  }
  read.high = min(read.high, segment.count);
  if (read.low >= read.high)
    return Read{0, 0, 0};
  read.offset = segment.n * map.imageStride + y * map.width + x;
  return read;
}

/// B[k = (channel, tap)][column = position].
struct Windows {
  const WindowMap &map;

  /// Reads that are computed once per panel; more segments and taps than this (a large
  /// kernel over narrow rows) are computed again for every channel.
  static constexpr int64_t kTable = 512;

  TRAIN_INLINE_MEMBER void copy(const Read &read, const float *plane, const float *end,
                                float *to, int64_t count) const {
    const float *from = plane + read.offset;
    if (map.strideX == 1 && read.low == 0 && read.high == count && count <= kLanes &&
        from + kLanes <= end) {
      // A whole vector: what it writes past the segment is overwritten by what follows,
      // or falls into the next row of the panel, which comes later.
      store(to, load(from));
      return;
    }
    for (int64_t j = 0; j < read.low; ++j)
      to[j] = 0.0f;
    for (int64_t j = read.low; j < read.high; ++j)
      to[j] = from[j * map.strideX];
    for (int64_t j = read.high; j < count; ++j)
      to[j] = 0.0f;
  }

  void pack(int64_t k0, int64_t k, int64_t column, int64_t columns, float *dst) const {
    Segment segments[kTileColumns + 1]; // one to spare for the last, failing step
    int64_t count = 0;
    SegmentWalk walk{column, column + columns, map.gridHeight, map.gridWidth};
    while (walk.next(segments[count])) {
      // No segment is longer than a vector.
      if (segments[count].count > kLanes) {
        const int64_t surplus = segments[count].count - kLanes;
        segments[count].count = kLanes;
        walk.position -= surplus;
        walk.begin -= surplus;
      }
      ++count;
    }
    const int64_t taps = map.tapRows * map.tapColumns;
    const bool tabled = taps * count <= kTable;
    Read table[kTable];
    if (tabled)
      for (int64_t tap = 0; tap < taps; ++tap)
        for (int64_t i = 0; i < count; ++i)
          table[tap * count + i] =
              readOf(map, segments[i], tap / map.tapColumns, tap % map.tapColumns);
    const float *end =
        map.image + (map.images - 1) * map.imageStride + map.channels * map.planeStride;
    int64_t channel = k0 / taps, tap = k0 % taps;
    for (int64_t p = 0; p < k; ++p) {
      float *out = dst + p * kTileColumns;
      const float *plane = map.image + channel * map.planeStride;
      for (int64_t i = 0; i < count; ++i)
        copy(tabled
                 ? table[tap * count + i]
                 : readOf(map, segments[i], tap / map.tapColumns, tap % map.tapColumns),
             plane, end, out + segments[i].begin, segments[i].count);
      for (int64_t j = columns; j < kTileColumns; ++j)
        out[j] = 0.0f;
      if (++tap == taps) {
        tap = 0;
        ++channel;
      }
    }
  }
};

/// Its transpose: B[k = position][column = (channel, tap)], for one image.
struct WindowsTransposed {
  const WindowMap &map;
  static constexpr int kGroup = 8;

  void pack(int64_t k0, int64_t k, int64_t column, int64_t columns, float *dst) const {
    for (int64_t j = 0; j < kTileColumns; j += kGroup)
      packGroup(k0, k, column + j, min(kGroup, columns - j), dst + j);
  }

  /// Eight columns at a time, so that runs inside the image move as 8 x 8 blocks.
  TRAIN_INLINE_MEMBER void packGroup(int64_t k0, int64_t k, int64_t column,
                                     int64_t columns, float *dst) const {
    const int64_t taps = map.tapRows * map.tapColumns;
    int64_t channel[kGroup] = {}, r[kGroup] = {}, s[kGroup] = {};
    for (int64_t j = 0; j < columns; ++j) {
      channel[j] = (column + j) / taps;
      r[j] = (column + j) % taps / map.tapColumns;
      s[j] = (column + j) % map.tapColumns;
    }
    SegmentWalk walk{k0, k0 + k, map.gridHeight, map.gridWidth};
    Segment segment;
    while (walk.next(segment)) {
      Read reads[kGroup];
      int64_t low = 0, high = segment.count;
      for (int64_t j = 0; j < kGroup; ++j) {
        reads[j] = j < columns ? readOf(map, segment, r[j], s[j]) : Read{0, 0, 0};
        low = low > reads[j].low ? low : reads[j].low;
        high = min(high, reads[j].high);
      }
      int64_t blockEnd = low;
      if (map.strideX == 1)
        for (; blockEnd + 8 <= high; blockEnd += 8) {
          Vec8 rows[8];
#pragma clang loop unroll(full)
          for (int j = 0; j < kGroup; ++j)
            rows[j] = *(const Vec8Unaligned *)(map.image + channel[j] * map.planeStride +
                                               reads[j].offset + blockEnd);
          storeTransposed8(rows, dst + (segment.begin + blockEnd) * kTileColumns,
                           kTileColumns);
        }
      for (int64_t j = 0; j < kGroup; ++j) {
        const float *from = map.image + channel[j] * map.planeStride + reads[j].offset;
        float *to = dst + segment.begin * kTileColumns + j;
        auto element = [&](int64_t i) {
          to[i * kTileColumns] =
              i >= reads[j].low && i < reads[j].high ? from[i * map.strideX] : 0.0f;
        };
        for (int64_t i = 0; i < low && i < segment.count; ++i)
          element(i);
        for (int64_t i = blockEnd; i < segment.count; ++i)
          element(i);
      }
    }
  }
};

/// A[row = input channel][k = (output channel, tap)] from a filter stored
/// [output channel][input channel][tap], for the taps of one phase.
struct FilterTransposed {
  const FilterMap &map;
  void pack(int64_t row, int64_t rows, int64_t k0, int64_t k, float *dst) const {
    const int64_t taps = map.tapRows * map.tapColumns;
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

/// Tiles of channels x positions, in planes. A tile whose positions lie side by side is
/// written in place, any other through a buffer.
struct PlanesOut {
  const PlaneMap &planes;
  const WindowMap &grid;
  int64_t row0, column0;

  void tileAt(int64_t row, int64_t rows, int64_t column, int64_t columns, int64_t k,
              const float *a, const float *b, bool accumulate) const {
    const int64_t perImage = grid.gridHeight * grid.gridWidth, first = column0 + column;
    float *out = planes.out + (row0 + row) * planes.channelStride;
    if (planes.columnStride == 1 && planes.rowStride == grid.gridWidth &&
        first / perImage == (first + columns - 1) / perImage) {
      tile<Left::Packed>(rows, columns, k, a, 0, b, kTileColumns,
                         out + first / perImage * planes.imageStride + first % perImage,
                         planes.channelStride, accumulate);
      return;
    }
    int64_t offsets[kTileColumns];
    SegmentWalk walk{first, first + columns, grid.gridHeight, grid.gridWidth};
    Segment segment;
    while (walk.next(segment))
      for (int64_t j = 0; j < segment.count; ++j)
        offsets[segment.begin + j] = segment.n * planes.imageStride +
                                     segment.y * planes.rowStride +
                                     (segment.x + j) * planes.columnStride;
    float buffer[kTileRows * kTileColumns];
    if (accumulate)
      for (int64_t i = 0; i < rows; ++i)
        for (int64_t j = 0; j < columns; ++j)
          buffer[i * kTileColumns + j] = out[i * planes.channelStride + offsets[j]];
    tile<Left::Packed>(rows, columns, k, a, 0, b, kTileColumns, buffer, kTileColumns,
                       accumulate);
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j)
        out[i * planes.channelStride + offsets[j]] = buffer[i * kTileColumns + j];
  }
};

} // namespace

void convolutionTask(const ConvolutionTask &t, float *scratch) {
  const Windows windows{t.windows};
  gemm(DenseLeft<float>{t.filter.filter + t.row * t.k, t.k, false},
       FromColumn<Windows>{windows, t.column},
       PlanesOut{t.planes, t.windows, t.row, t.column}, t.rows, t.columns, t.k,
       t.accumulate, scratch);
}

void convolutionTransposeTask(const ConvolutionTask &t, float *scratch) {
  const Windows windows{t.windows};
  if (t.filter.inputStride == 1) {
    // 1 x 1: the filter is a dense matrix.
    gemm(DenseLeft<float>{t.filter.filter + t.row, t.filter.outputStride, true},
         FromColumn<Windows>{windows, t.column},
         PlanesOut{t.planes, t.windows, t.row, t.column}, t.rows, t.columns, t.k,
         t.accumulate, scratch);
    return;
  }
  const FilterTransposed filter{t.filter};
  gemm(FromRow<FilterTransposed>{filter, t.row}, FromColumn<Windows>{windows, t.column},
       PlanesOut{t.planes, t.windows, t.row, t.column}, t.rows, t.columns, t.k,
       t.accumulate, scratch);
}

void convolutionFilterGradTask(const FilterGradTask &t, float *scratch) {
  const WindowsTransposed windows{t.windows};
  gemm(DenseLeft<float>{t.dout + t.row * t.k, t.k, false},
       FromColumn<WindowsTransposed>{windows, t.column}, DenseOut{t.out, t.ldOut}, t.rows,
       t.columns, t.k, t.accumulate, scratch);
}

} // namespace train::cpu::TRAIN_SIMD
