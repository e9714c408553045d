// Convolutions as matrix products whose right-hand side is never stored: the panels that
// the product reads are packed straight from the images (implicit im2col), and its tiles
// go straight to their planes, so that a convolution needs no memory but the product's.
// One map from (channel, tap; position) to the image serves the forward direction and,
// phase by phase of the stride, the adjoint with respect to the input; its transpose
// serves the adjoint with respect to the filter. The order of each sum is that of k.
// Narrow elements are widened while they are packed; results that are narrow are held in
// f32, a piece at a time, until their sums are complete.
#include "Product.h"

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
template <typename T> struct Windows {
  const WindowMap &map;

  /// Reads that are computed once per panel; more segments and taps than this (a large
  /// kernel over narrow rows) are computed again for every channel.
  static constexpr int64_t kTable = 512;

  TRAIN_INLINE_MEMBER void copy(const Read &read, const T *plane, const T *end, float *to,
                                int64_t count) const {
    const T *from = plane + read.offset;
    if (map.strideX == 1 && read.low == 0 && read.high == count && count <= kLanes &&
        from + kLanes <= end) {
      // A whole vector: what it writes past the segment is overwritten by what follows,
      // or falls into the next row of the panel, which comes later.
      store(to, loadLanes<kLanes>(from));
      return;
    }
    for (int64_t j = 0; j < read.low; ++j)
      to[j] = 0.0f;
    for (int64_t j = read.low; j < read.high; ++j)
      to[j] = widen(from[j * map.strideX]);
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
    const T *image = (const T *)map.image;
    const T *end =
        image + (map.images - 1) * map.imageStride + map.channels * map.planeStride;
    int64_t channel = k0 / taps, tap = k0 % taps;
    for (int64_t p = 0; p < k; ++p) {
      float *out = dst + p * kTileColumns;
      const T *plane = image + channel * map.planeStride;
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
template <typename T> struct WindowsTransposed {
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
    const T *image = (const T *)map.image;
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
            rows[j] = loadLanes<8>(image + channel[j] * map.planeStride +
                                   reads[j].offset + blockEnd);
          storeTransposed8(rows, dst + (segment.begin + blockEnd) * kTileColumns,
                           kTileColumns);
        }
      for (int64_t j = 0; j < kGroup; ++j) {
        const T *from = image + channel[j] * map.planeStride + reads[j].offset;
        float *to = dst + segment.begin * kTileColumns + j;
        auto element = [&](int64_t i) {
          to[i * kTileColumns] = i >= reads[j].low && i < reads[j].high
                                     ? widen(from[i * map.strideX])
                                     : 0.0f;
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
template <typename T> struct FilterTransposed {
  const FilterMap &map;
  void pack(int64_t row, int64_t rows, int64_t k0, int64_t k, float *dst) const {
    const int64_t taps = map.tapRows * map.tapColumns;
    int64_t o = k0 / taps, r = k0 % taps / map.tapColumns, s = k0 % map.tapColumns;
    for (int64_t p = 0; p < k; ++p) {
      const T *from = (const T *)map.filter + o * map.outputStride +
                      row * map.inputStride + map.tap0 + r * map.tapRowStep +
                      s * map.tapColumnStep;
      for (int64_t i = 0; i < kTileRows; ++i)
        dst[p * kTileRows + i] = i < rows ? widen(from[i * map.inputStride]) : 0.0f;
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

/// Tiles of channels x positions, in planes of f32. A tile whose positions lie side by
/// side is written in place, any other through a buffer.
struct PlanesOut {
  const PlaneMap &planes;
  const WindowMap &grid;
  int64_t row0, column0;

  void tileAt(int64_t row, int64_t rows, int64_t column, int64_t columns, int64_t k,
              const float *a, const float *b, bool accumulate) const {
    const int64_t perImage = grid.gridHeight * grid.gridWidth, first = column0 + column;
    float *out = (float *)planes.out + (row0 + row) * planes.channelStride;
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

/// A piece of narrow planes whose sums stand in `held`, rows of kHeldColumns.
template <typename T> struct NarrowPlanes {
  const PlaneMap &planes;
  const WindowMap &grid;
  int64_t row0, rows, column0, columns;

  void read(float *held) const {
    forEachRun([&](const T *at, int64_t place, int64_t count) {
      if (planes.columnStride == 1)
        convertRow(at, held + place, count);
      else
        for (int64_t j = 0; j < count; ++j)
          held[place + j] = widen(at[j * planes.columnStride]);
    });
  }
  void write(const float *held) const {
    forEachRun([&](T *at, int64_t place, int64_t count) {
      if (planes.columnStride == 1)
        convertRow(held + place, at, count);
      else
        for (int64_t j = 0; j < count; ++j)
          narrow(held[place + j], at + j * planes.columnStride);
    });
  }

private:
  /// Calls visit(first element, its place in held, count) for runs of positions.
  template <typename Visit>
  TRAIN_INLINE_MEMBER void forEachRun(const Visit &visit) const {
    const bool dense = planes.columnStride == 1 && planes.rowStride == grid.gridWidth;
    SegmentWalk walk{column0, column0 + columns, dense ? 1 : grid.gridHeight,
                     dense ? grid.gridHeight * grid.gridWidth : grid.gridWidth};
    Segment segment;
    while (walk.next(segment)) {
      T *at = (T *)planes.out + row0 * planes.channelStride +
              segment.n * planes.imageStride + segment.y * planes.rowStride +
              segment.x * planes.columnStride;
      for (int64_t i = 0; i < rows; ++i)
        visit(at + i * planes.channelStride, i * kHeldColumns + segment.begin,
              segment.count);
    }
  }
};

/// The tile of `task` as the product of `left`, whose rows are the tile's, and the
/// windows.
template <typename T, typename LeftSource>
void multiplyWindows(const ConvolutionTask &t, const LeftSource &left, float *scratch) {
  const Windows<T> windows{t.windows};
  if constexpr (sizeof(T) == sizeof(float)) {
    gemm(left, FromColumn<Windows<T>>{windows, t.column},
         PlanesOut{t.planes, t.windows, t.row, t.column}, t.rows, t.columns, t.k,
         t.accumulate, scratch);
  } else {
    float *held = scratch + kPanelFloats;
    for (int64_t column = 0; column < t.columns; column += kHeldColumns)
      for (int64_t row = 0; row < t.rows; row += kHeldRows) {
        const NarrowPlanes<T> out{
            t.planes,          t.windows,
            t.row + row,       min(kHeldRows, t.rows - row),
            t.column + column, min(kHeldColumns, t.columns - column)};
        if (t.accumulate)
          out.read(held);
        product<T>(FromRow<LeftSource>{left, row},
                   FromColumn<Windows<T>>{windows, t.column + column},
                   DenseOut{held, kHeldColumns}, out.rows, out.columns, t.k, t.accumulate,
                   scratch);
        out.write(held);
      }
  }
}

/// A filter gradient of all images, columns [column, column + columns) of the tile and
/// rows likewise, into dense rows of f32.
template <typename T>
void sumImages(const FilterGradTask &t, int64_t row, int64_t rows, int64_t column,
               int64_t columns, const DenseOut &out, float *scratch) {
  WindowMap map = t.windows;
  const T *image = (const T *)map.image;
  const T *dout = (const T *)t.dout + (t.row + row) * t.k;
  if (map.images == 0) // a sum of nothing
    product<T>(DenseLeft<T>{dout, t.k, false}, DenseRight<T>{image, t.k, true}, out, rows,
               columns, 0, t.accumulate, scratch);
  for (int64_t n = 0; n < t.windows.images; ++n) {
    const bool add = t.accumulate || n > 0;
    const DenseLeft<T> left{dout + n * t.doutImageStride, t.k, false};
    map.image = image + n * map.imageStride;
    map.images = 1;
    if (t.pointwise) {
      const T *planes = (const T *)map.image + (t.column + column) * map.planeStride;
      product<T>(left, DenseRight<T>{planes, map.planeStride, true}, out, rows, columns,
                 t.k, add, scratch);
      continue;
    }
    const WindowsTransposed<T> windows{map};
    product<T>(left, FromColumn<WindowsTransposed<T>>{windows, t.column + column}, out,
               rows, columns, t.k, add, scratch);
  }
}

template <typename T> void filterGradAndRound(const FilterGradTask &t, float *scratch) {
  float *held = scratch + kPanelFloats;
  for (int64_t column = 0; column < t.columns; column += kHeldColumns)
    for (int64_t row = 0; row < t.rows; row += kHeldRows) {
      const int64_t rows = min(kHeldRows, t.rows - row);
      const int64_t columns = min(kHeldColumns, t.columns - column);
      T *out = (T *)t.out + row * t.ldOut + column;
      if (t.accumulate)
        for (int64_t i = 0; i < rows; ++i)
          convertRow(out + i * t.ldOut, held + i * kHeldColumns, columns);
      sumImages<T>(t, row, rows, column, columns, DenseOut{held, kHeldColumns}, scratch);
      for (int64_t i = 0; i < rows; ++i)
        convertRow(held + i * kHeldColumns, out + i * t.ldOut, columns);
    }
}

} // namespace

void convolutionTask(const ConvolutionTask &t, float *scratch) {
  withElement(t.element, [&](auto kind) {
    using T = typename decltype(kind)::Type;
    const T *filter = (const T *)t.filter.filter + t.row * t.k;
    multiplyWindows<T>(t, DenseLeft<T>{filter, t.k, false}, scratch);
  });
}

void convolutionTransposeTask(const ConvolutionTask &t, float *scratch) {
  withElement(t.element, [&](auto kind) {
    using T = typename decltype(kind)::Type;
    if (t.filter.inputStride == 1) { // 1 x 1: the filter is a dense matrix
      const T *filter = (const T *)t.filter.filter + t.row;
      multiplyWindows<T>(t, DenseLeft<T>{filter, t.filter.outputStride, true}, scratch);
      return;
    }
    const FilterTransposed<T> filter{t.filter};
    multiplyWindows<T>(t, FromRow<FilterTransposed<T>>{filter, t.row}, scratch);
  });
}

void convolutionFilterGradTask(const FilterGradTask &t, float *scratch) {
  withElement(t.from, [&](auto kind) {
    using T = typename decltype(kind)::Type;
    if (t.to == Element::F32)
      sumImages<T>(t, 0, t.rows, 0, t.columns, DenseOut{(float *)t.out, t.ldOut},
                   scratch);
    else if constexpr (sizeof(T) != sizeof(float))
      filterGradAndRound<T>(t, scratch);
  });
}

} // namespace train::cpu::TRAIN_SIMD
