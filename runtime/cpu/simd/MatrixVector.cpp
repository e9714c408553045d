// Products with a vector on one side, where the tiles of the product would be one
// sixteenth full. The matrix is read once, in the order in which it lies: whole rows at
// a time where the results run along them, blocks of eight by eight where the sums do. An
// element is the same chain of multiply-adds as in the product.
#include "Kernels.h"
#include "Pack.h"

namespace train::cpu::TRAIN_SIMD {

namespace {

/// Rows of the matrix that pass over the results together: as many streams as the
/// hardware prefetches at once.
constexpr int kStreams = 8;

/// The task, or a part of its results, with sums in f32.
template <typename T> struct Product {
  const T *vector, *matrix;
  float *out;
  int64_t count, k, ld;

  template <int kRows> void addRows(int64_t p) const {
    const T *x = vector + p, *rows = matrix + p * ld;
    int64_t j = 0;
    for (; j + kLanes <= count; j += kLanes) {
      Vec sum = load(out + j);
#pragma clang loop unroll(full)
      for (int i = 0; i < kRows; ++i)
        sum = fma(splat(widen(x[i])), loadLanes<kLanes>(rows + i * ld + j), sum);
      store(out + j, sum);
    }
    for (; j < count; ++j)
      for (int i = 0; i < kRows; ++i)
        out[j] = __builtin_fmaf(widen(x[i]), widen(rows[i * ld + j]), out[j]);
  }

  /// Eight results whose sums run along their rows, from term p on.
  TRAIN_INLINE_MEMBER void addBlock(int64_t row, int64_t p, Vec8 &sum) const {
    float block[64];
    transpose8(matrix + row * ld + p, ld, block, 8);
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; ++i)
      sum = __builtin_elementwise_fma((Vec8)(widen(vector[p + i])),
                                      *(const Vec8Unaligned *)(block + 8 * i), sum);
  }

  void addTerm(int64_t row, int64_t p) const {
    out[row] = __builtin_fmaf(widen(vector[p]), widen(matrix[row * ld + p]), out[row]);
  }

  void alongColumns() const {
    int64_t p = 0;
    for (; p + kStreams <= k; p += kStreams)
      addRows<kStreams>(p);
    for (; p < k; ++p)
      addRows<1>(p);
  }

  void alongRows() const {
    int64_t row = 0;
    // Two blocks at a time: the sums of one hide the latency of the other.
    for (; row + 16 <= count; row += 16) {
      Vec8 low = *(const Vec8Unaligned *)(out + row);
      Vec8 high = *(const Vec8Unaligned *)(out + row + 8);
      int64_t p = 0;
      for (; p + 8 <= k; p += 8) {
        addBlock(row, p, low);
        addBlock(row + 8, p, high);
      }
      *(Vec8Unaligned *)(out + row) = low;
      *(Vec8Unaligned *)(out + row + 8) = high;
      for (; p < k; ++p)
        for (int64_t i = row; i < row + 16; ++i)
          addTerm(i, p);
    }
    for (; row < count; ++row)
      for (int64_t p = 0; p < k; ++p)
        addTerm(row, p);
  }
};

/// Results [first, first + count) into `out`, which has what they are added to.
template <typename T>
void addProduct(const VectorTask &t, int64_t first, int64_t count, float *out) {
  const T *matrix = (const T *)t.matrix + (t.sumsAlongRows ? first * t.ld : first);
  Product<T> product{(const T *)t.vector, matrix, out, count, t.k, t.ld};
  t.sumsAlongRows ? product.alongRows() : product.alongColumns();
}

template <typename T> void multiply(const VectorTask &t) {
  auto *out = (float *)t.out;
  if (!t.accumulate)
    for (int64_t j = 0; j < t.count; ++j)
      out[j] = 0.0f;
  addProduct<T>(t, 0, t.count, out);
}

/// A sum is rounded once, when it is complete: until then it stands in `held`.
template <typename T> void multiplyAndRound(const VectorTask &t, float *held) {
  constexpr int64_t kHeld = 64 * 1024;
  static_assert(kHeld * 4 <= kGemmScratchBytes);
  auto *out = (T *)t.out;
  for (int64_t first = 0; first < t.count; first += kHeld) {
    const int64_t count = min(kHeld, t.count - first);
    if (t.accumulate)
      convertRow(out + first, held, count);
    else
      for (int64_t j = 0; j < count; ++j)
        held[j] = 0.0f;
    addProduct<T>(t, first, count, held);
    convertRow(held, out + first, count);
  }
}

} // namespace

void matrixVectorTask(const VectorTask &t, float *scratch) {
  switch (t.from) {
  case Element::F32:
    return multiply<float>(t);
  case Element::F16:
    return t.to == Element::F32 ? multiply<Half>(t) : multiplyAndRound<Half>(t, scratch);
  case Element::BF16:
    return t.to == Element::F32 ? multiply<BFloat16>(t)
                                : multiplyAndRound<BFloat16>(t, scratch);
  }
}

} // namespace train::cpu::TRAIN_SIMD
