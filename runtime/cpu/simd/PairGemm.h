// One thread's product of bf16 matrices on a matrix unit, blocked like Gemm.h's. Sums are
// in f32: each step of 32 elements of k is added to the element of C as MatrixUnit.h
// says, from k = 0 on and in ascending order, the last step filled up with zeros. Blocks
// of k are whole steps, and C keeps its f32 between them, so that an element's bits
// depend on its row of A, its column of B and what C held, and on no tile, block or
// thread.
#ifndef TRAIN_RUNTIME_CPU_SIMD_PAIRGEMM_H
#define TRAIN_RUNTIME_CPU_SIMD_PAIRGEMM_H

#include "Gemm.h"
#include "PairPack.h"

namespace train::cpu::TRAIN_SIMD {

// Two panels of B fill two thirds of a first-level cache of 48 KiB, the blocks of A and B
// four fifths of a second level of 2 MiB. By these sizes, not by measurement.
constexpr int64_t kPairBlockK = 512;
constexpr int64_t kPairBlockRows = 192;
constexpr int64_t kPairBlockColumns = 1440;
static_assert(kPairBlockK % kStep == 0, "blocks of k are whole steps");
/// Panels of floats that sources other than dense matrices pack first, and the vector
/// that a window may write behind its panel.
constexpr int64_t kStagedFloats = kPairBlockK * (kTileColumns + kSide) + kLanes;
static_assert(kPairBlockK * (kPairBlockRows + kPairBlockColumns) / 2 + kStagedFloats <=
              kPanelFloats);

/// A tile of C, at most two by two of the unit's; a and b are their panels.
template <typename Unit, int kRowTiles, int kColumnTiles>
static void multiplyPanels(Unit &unit, int64_t k, const uint16_t *a, const uint16_t *b,
                           float *c, int64_t ldc, int64_t rows, int64_t columns,
                           bool accumulate) {
  constexpr bool kTall = kRowTiles == 2, kWide = kColumnTiles == 2;
  const int64_t panel = roundUp(k, kStep) * kSide;
  alignas(64) float buffer[kSide * kSide];
  // One of the unit's tiles of C: as it lies, or through the buffer where it is cut.
  auto load = [&](auto tile, int64_t row, int64_t column) {
    constexpr int t = decltype(tile)::value;
    float *from = c + row * ldc + column;
    const int64_t height = min(kSide, rows - row), width = min(kSide, columns - column);
    if (!accumulate) {
      unit.template zero<t>();
    } else if (height == kSide && width == kSide) {
      unit.template load<t>(from, ldc * 4);
    } else {
      for (int64_t i = 0; i < kSide; ++i)
        for (int64_t j = 0; j < kSide; ++j)
          buffer[i * kSide + j] = i < height && j < width ? from[i * ldc + j] : 0.0f;
      unit.template load<t>(buffer, kSide * 4);
    }
  };
  auto store = [&](auto tile, int64_t row, int64_t column) {
    constexpr int t = decltype(tile)::value;
    float *to = c + row * ldc + column;
    const int64_t height = min(kSide, rows - row), width = min(kSide, columns - column);
    if (height == kSide && width == kSide) {
      unit.template store<t>(to, ldc * 4);
      return;
    }
    unit.template store<t>(buffer, kSide * 4);
    for (int64_t i = 0; i < height; ++i)
      for (int64_t j = 0; j < width; ++j)
        to[i * ldc + j] = buffer[i * kSide + j];
  };
  auto forEachTile = [&](const auto &body) {
    body(Index<0>(), 0, 0);
    if constexpr (kWide)
      body(Index<1>(), 0, kSide);
    if constexpr (kTall)
      body(Index<2>(), kSide, 0);
    if constexpr (kTall && kWide)
      body(Index<3>(), kSide, kSide);
  };
  forEachTile(load);
  for (int64_t at = 0; at < panel; at += kTileElements) {
    unit.template load<4>(a + at, kStep * 2);
    unit.template load<6>(b + at, kStep * 2);
    unit.template multiply<0, 4, 6>();
    if constexpr (kWide) {
      unit.template load<7>(b + panel + at, kStep * 2);
      unit.template multiply<1, 4, 7>();
    }
    if constexpr (kTall) {
      unit.template load<5>(a + panel + at, kStep * 2);
      unit.template multiply<2, 5, 6>();
      if constexpr (kWide)
        unit.template multiply<3, 5, 7>();
    }
  }
  forEachTile(store);
}

/// The panel of A from `row` on, of any source: its floats are narrowed again, exactly.
template <typename Source>
static void packLeftPairs(const Source &left, int64_t row, int64_t rows, int64_t k0,
                          int64_t k, float *staged, uint16_t *dst) {
  float *sixteen = staged, *part = staged + kPairBlockK * kSide;
  for (int64_t i = 0; i < kSide; i += kTileRows) {
    const int64_t count = min(kTileRows, kSide - i);
    if (i < rows)
      left.pack(row + i, min(kTileRows, rows - i), k0, k, part);
    for (int64_t p = 0; p < k; ++p)
      for (int64_t j = 0; j < count; ++j)
        sixteen[p * kSide + i + j] = i < rows ? part[p * kTileRows + j] : 0.0f;
  }
  packPairsOf<Step::Lines>(sixteen, kSide, k, dst);
}
static inline void packLeftPairs(const DenseLeft<BFloat16> &left, int64_t row,
                                 int64_t rows, int64_t k0, int64_t k, float *,
                                 uint16_t *dst) {
  const int64_t skipped = left.transposed ? k0 * left.ld + row : row * left.ld + k0;
  packPairs<Step::Lines>((const uint16_t *)left.data + skipped, left.ld, left.transposed,
                         rows, k, dst);
}
template <typename Source>
static void packLeftPairs(const FromRow<Source> &left, int64_t row, int64_t rows,
                          int64_t k0, int64_t k, float *staged, uint16_t *dst) {
  packLeftPairs(left.source, left.row0 + row, rows, k0, k, staged, dst);
}

/// The panels of B from `column` on, one after another.
template <typename Source>
static void packRightPairs(const Source &right, int64_t k0, int64_t k, int64_t column,
                           int64_t columns, float *staged, uint16_t *dst) {
  const int64_t panel = roundUp(k, kStep) * kSide;
  for (int64_t j = 0; j < columns; j += kTileColumns) {
    right.pack(k0, k, column + j, min(kTileColumns, columns - j), staged);
    for (int64_t i = 0; i < kTileColumns && j + i < columns; i += kSide, dst += panel)
      packPairsOf<Step::Pairs>(staged + i, kTileColumns, k, dst);
  }
}
static inline void packRightPairs(const DenseRight<BFloat16> &right, int64_t k0,
                                  int64_t k, int64_t column, int64_t columns, float *,
                                  uint16_t *dst) {
  const int64_t panel = roundUp(k, kStep) * kSide;
  for (int64_t j = 0; j < columns; j += kSide, dst += panel) {
    const int64_t skipped =
        right.transposed ? (column + j) * right.ld + k0 : k0 * right.ld + column + j;
    packPairs<Step::Pairs>((const uint16_t *)right.data + skipped, right.ld,
                           !right.transposed, min(kSide, columns - j), k, dst);
  }
}

/// gemm of Gemm.h for sources of bf16 and a C of f32, with the same scratch.
template <typename Unit, typename LeftSource, typename RightSource>
static void pairGemm(const LeftSource &left, const RightSource &right,
                     const DenseOut &out, int64_t m, int64_t n, int64_t k,
                     bool accumulate, float *scratch) {
  if (k == 0 && accumulate)
    return;
  uint16_t *packedLeft = (uint16_t *)scratch;
  uint16_t *packedRight = packedLeft + kPairBlockK * kPairBlockRows;
  float *staged = (float *)(packedRight + kPairBlockK * kPairBlockColumns);
  Unit unit;
  unit.begin();
  for (int64_t j0 = 0; j0 < n; j0 += kPairBlockColumns) {
    const int64_t columns = min(kPairBlockColumns, n - j0);
    for (int64_t k0 = 0; k0 == 0 || k0 < k; k0 += kPairBlockK) {
      const int64_t depth = min(kPairBlockK, k - k0), padded = roundUp(depth, kStep);
      if (depth > 0)
        packRightPairs(right, k0, depth, j0, columns, staged, packedRight);
      const bool add = accumulate || k0 > 0;
      for (int64_t i0 = 0; i0 < m; i0 += kPairBlockRows) {
        const int64_t rows = min(kPairBlockRows, m - i0);
        for (int64_t i = 0; i < rows && depth > 0; i += kSide)
          packLeftPairs(left, i0 + i, min(kSide, rows - i), k0, depth, staged,
                        packedLeft + i * padded);
        for (int64_t j = 0; j < columns; j += 2 * kSide)
          for (int64_t i = 0; i < rows; i += 2 * kSide) {
            const int64_t height = min(2 * kSide, rows - i);
            const int64_t width = min(2 * kSide, columns - j);
            auto multiply = height > kSide  ? width > kSide ? multiplyPanels<Unit, 2, 2>
                                                            : multiplyPanels<Unit, 2, 1>
                            : width > kSide ? multiplyPanels<Unit, 1, 2>
                                            : multiplyPanels<Unit, 1, 1>;
            multiply(unit, depth, packedLeft + i * padded, packedRight + j * padded,
                     out.data + (i0 + i) * out.ld + j0 + j, out.ld, height, width, add);
          }
      }
    }
  }
  unit.end();
}

} // namespace train::cpu::TRAIN_SIMD

#endif // TRAIN_RUNTIME_CPU_SIMD_PAIRGEMM_H
