// The matrix product of one thread, for this instruction set.
#include "Product.h"

namespace train::cpu::TRAIN_SIMD {

namespace {

template <typename T> struct DenseProduct {
  const GemmTask &task;
  /// The part of A from `row` on by the part of B from `column` on.
  void into(const DenseOut &out, int64_t row, int64_t rows, int64_t column,
            int64_t columns, float *scratch) const {
    const T *a = (const T *)task.a + (task.transposeA ? row : row * task.lda);
    const T *b = (const T *)task.b + (task.transposeB ? column * task.ldb : column);
    product<T>(DenseLeft<T>{a, task.lda, task.transposeA},
               DenseRight<T>{b, task.ldb, task.transposeB}, out, rows, columns, task.k,
               task.accumulate, scratch);
  }
};

// B is packed even for a few rows: read in place, its rows stand a page or more apart
// and the product runs at half the speed (docs/rationale/cpu-libraries.md).
template <typename T> void multiply(const GemmTask &task, float *scratch) {
  DenseProduct<T>{task}.into(DenseOut{(float *)task.c, task.ldc}, 0, task.m, 0, task.n,
                             scratch);
}

/// The same as multiplyAndRound where all of k fits beside kHeldColumns columns of B:
/// these are packed once for all rows, and a block of rows is complete while it is in the
/// cache.
template <typename T> void multiplyShortSums(const GemmTask &task, float *scratch) {
  float *packedLeft = scratch, *packedRight = scratch + kBlockK * kBlockRows;
  float *held = scratch + kPanelFloats;
  const DenseLeft<T> left{(const T *)task.a, task.lda, task.transposeA};
  const DenseRight<T> right{(const T *)task.b, task.ldb, task.transposeB};
  for (int64_t column = 0; column < task.n; column += kHeldColumns) {
    const int64_t columns = min(kHeldColumns, task.n - column);
    const int64_t padded = roundUp(columns, kTileColumns);
    for (int64_t k0 = 0; k0 < task.k; k0 += kBlockK)
      packPanels(right, k0, min(kBlockK, task.k - k0), column, columns,
                 packedRight + k0 * padded);
    for (int64_t row = 0; row < task.m; row += kBlockRows) {
      const int64_t rows = min(kBlockRows, task.m - row);
      T *c = (T *)task.c + row * task.ldc + column;
      if (task.accumulate)
        for (int64_t i = 0; i < rows; ++i)
          convertRow(c + i * task.ldc, held + i * kHeldColumns, columns);
      for (int64_t k0 = 0; k0 < task.k; k0 += kBlockK) {
        const int64_t depth = min(kBlockK, task.k - k0);
        for (int64_t i = 0; i < rows; i += kTileRows)
          left.pack(row + i, min(kTileRows, rows - i), k0, depth, packedLeft + i * depth);
        multiplyPanels(DenseOut{held, kHeldColumns}, 0, rows, 0, columns, depth,
                       packedLeft, packedRight + k0 * padded, task.accumulate || k0 > 0);
      }
      for (int64_t i = 0; i < rows; ++i)
        convertRow(held + i * kHeldColumns, c + i * task.ldc, columns);
    }
  }
}

/// A sum is rounded once, when it is complete: until then it stands in `held`.
template <typename T> void multiplyAndRound(const GemmTask &task, float *scratch) {
  if (task.k > 0 && task.k * kHeldColumns <= kBlockK * kBlockColumns && !onUnit<T>())
    return multiplyShortSums<T>(task, scratch);
  float *held = scratch + kPanelFloats;
  for (int64_t column = 0; column < task.n; column += kHeldColumns)
    for (int64_t row = 0; row < task.m; row += kHeldRows) {
      const int64_t rows = min(kHeldRows, task.m - row);
      const int64_t columns = min(kHeldColumns, task.n - column);
      T *c = (T *)task.c + row * task.ldc + column;
      if (task.accumulate)
        for (int64_t i = 0; i < rows; ++i)
          convertRow(c + i * task.ldc, held + i * kHeldColumns, columns);
      DenseProduct<T>{task}.into(DenseOut{held, kHeldColumns}, row, rows, column, columns,
                                 scratch);
      for (int64_t i = 0; i < rows; ++i)
        convertRow(held + i * kHeldColumns, c + i * task.ldc, columns);
    }
}

} // namespace

void gemmTask(const GemmTask &task, float *scratch) {
  switch (task.from) {
  case Element::F32:
    return multiply<float>(task, scratch);
  case Element::F16:
    return task.to == Element::F32 ? multiply<Half>(task, scratch)
                                   : multiplyAndRound<Half>(task, scratch);
  case Element::BF16:
    return task.to == Element::F32 ? multiply<BFloat16>(task, scratch)
                                   : multiplyAndRound<BFloat16>(task, scratch);
  }
}

} // namespace train::cpu::TRAIN_SIMD
