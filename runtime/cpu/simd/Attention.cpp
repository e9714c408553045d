// Scaled dot-product attention in blocks, for this instruction set: scores exist for
// kQueryBlock x kKeyBlock at a time and never reach memory. Forward keeps a running
// maximum and sum per row (Milakov and Gimelshein, "Online normalizer calculation for
// softmax", 2018); backward recomputes the probabilities from the log-sum-exp (Dao et
// al., "FlashAttention", 2022, algorithm 4). Every sum runs over keys, or over heads and
// queries, in ascending order, so the bits do not depend on how tasks are cut.
#include "../Blocking.h"
#include "Kernels.h"
#include "Pack.h"

namespace train::cpu::TRAIN_SIMD {

/// Which keys of a block the queries of a block see: query i sees keys [0, i + diagonal),
/// at most `keys`. Without a mask the diagonal lies beyond all keys. The products below
/// skip what no query of a tile sees, so a causal mask costs half and not three quarters.
struct Visibility {
  int64_t diagonal, keys;
  TRAIN_INLINE_MEMBER int64_t of(int64_t query) const {
    int64_t seen = min(query + diagonal, keys);
    return seen < 0 ? 0 : seen;
  }
  /// The first query that sees this key.
  TRAIN_INLINE_MEMBER int64_t firstQuery(int64_t key) const {
    int64_t first = key - diagonal + 1;
    return first < 0 ? 0 : first;
  }
};

/// scores[queries x keys] = A[queries x d] B[d x keys], up to the next 16 keys after the
/// last that a tile's queries see.
static void scoreProduct(const Visibility &seen, int64_t queries, int64_t d,
                         const float *a, int64_t lda, const float *packed,
                         float *scores) {
  for (int64_t j = 0; j < seen.keys; j += kTileColumns)
    for (int64_t i = 0; i < queries; i += kTileRows) {
      const int64_t rows = min(kTileRows, queries - i);
      const int64_t columns = roundUp(seen.of(i + rows - 1), kLanes) - j;
      if (columns > 0)
        tile<Left::Rows>(rows, min(kTileColumns, columns), d, a + i * lda, lda,
                         packed + j * d, kTileColumns, scores + i * kScoreStride + j,
                         kScoreStride, false);
    }
}

/// out[queries x d] += weights[queries x keys] B[keys x d]; B's panels have `panelKeys`
/// rows.
static void weightedSum(const Visibility &seen, int64_t queries, int64_t d,
                        const float *weights, const float *packed, int64_t panelKeys,
                        float *out, int64_t ldo) {
  for (int64_t j = 0; j < d; j += kTileColumns)
    for (int64_t i = 0; i < queries; i += kTileRows) {
      const int64_t rows = min(kTileRows, queries - i);
      const int64_t depth = seen.of(i + rows - 1);
      if (depth > 0)
        tile<Left::Rows>(rows, min(kTileColumns, d - j), depth,
                         weights + i * kScoreStride, kScoreStride, packed + j * panelKeys,
                         kTileColumns, out + i * ldo + j, ldo, true);
    }
}

/// out[keys x d] += weights[queries x keys]^T B[queries x d].
static void transposedSum(const Visibility &seen, int64_t queries, int64_t d,
                          const float *weights, const float *packed, float *out,
                          int64_t ldo) {
  const int64_t keys = seen.of(queries - 1);
  for (int64_t j = 0; j < d; j += kTileColumns)
    for (int64_t i = 0; i < keys; i += kTileRows) {
      const int64_t first = seen.firstQuery(i);
      tile<Left::Columns>(min(kTileRows, keys - i), min(kTileColumns, d - j),
                          queries - first, weights + first * kScoreStride + i,
                          kScoreStride, packed + j * queries + first * kTileColumns,
                          kTileColumns, out + i * ldo + j, ldo, true);
    }
}

/// Packs rows x columns of a row-major matrix as the B of a product over its rows.
template <typename T>
static void packRows(const T *src, int64_t ld, int64_t rows, int64_t columns,
                     float *dst) {
  for (int64_t j = 0; j < columns; j += kTileColumns)
    packRightRows(src + j, ld, rows, min(kTileColumns, columns - j), dst + j * rows);
}

/// Packs it transposed: the B of a product over its columns.
template <typename T>
static void packTransposed(const T *src, int64_t ld, int64_t rows, int64_t columns,
                           float *dst) {
  for (int64_t j = 0; j < rows; j += kTileColumns)
    packRightColumns(src + j * ld, ld, columns, min(kTileColumns, rows - j),
                     dst + j * columns);
}

/// Keys that query t sees, counted from the first.
TRAIN_INLINE int64_t visibleKeys(const AttentionShape &s, int64_t t) {
  if (!s.causal)
    return s.S;
  int64_t visible = t + s.S - s.T + 1;
  return visible < 0 ? 0 : min(visible, s.S);
}

TRAIN_INLINE Visibility visibility(const AttentionShape &s, int64_t query0, int64_t key0,
                                   int64_t keys) {
  return {s.causal ? query0 + s.S - s.T + 1 - key0 : keys, keys};
}

/// A row's weights are 0 from its last visible key to the end of the tiles that read it:
/// a tile that starts at a visible key, or a vector that does.
TRAIN_INLINE int64_t clearedTo(int64_t visible) {
  return min(roundUp(visible + kTileRows, kLanes), kScoreStride);
}

/// The first block boundary at or below the first query that sees a key >= key0.
static int64_t firstQueryBlock(const AttentionShape &s, int64_t key0, int64_t begin) {
  int64_t first = s.causal ? key0 - (s.S - s.T) : 0;
  return first <= begin ? begin : begin + (first - begin) / kQueryBlock * kQueryBlock;
}

/// In one row of scores: p = exp(scale * score - max) for the first n, 0 up to `padded`.
/// Returns the sum over the row in lanes, then across them.
TRAIN_INLINE float exponentiate(float *row, int64_t n, int64_t padded, float scale,
                                float maximum) {
  Vec total = splat(0.0f), factor = splat(scale), shift = splat(maximum);
  int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes) {
    Vec p = expNonPositive(load(row + j) * factor - shift);
    store(row + j, p);
    total = total + p;
  }
  if (j < n) {
    Vec p = keepFirst(expNonPositive(load(row + j) * factor - shift), n - j);
    store(row + j, p);
    total = total + p;
    j += kLanes;
  }
  for (; j < padded; j += kLanes)
    store(row + j, splat(0.0f));
  return sumLanes(total);
}

TRAIN_INLINE float scaledMaximum(const float *row, int64_t n, float scale) {
  Vec factor = splat(scale), best = splat(-__builtin_inff());
  int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes)
    best = max(load(row + j) * factor, best);
  float maximum = maxLanes(best);
  for (; j < n; ++j)
    maximum = row[j] * scale > maximum ? row[j] * scale : maximum;
  return maximum;
}

TRAIN_INLINE void scaleRow(float *row, int64_t n, float factor) {
  int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes)
    store(row + j, load(row + j) * splat(factor));
  for (; j < n; ++j)
    row[j] *= factor;
}

/// A block of rows in f32, and the distance of two: where it lies, or a copy.
struct Block {
  const float *data;
  int64_t ld;
};
TRAIN_INLINE Block widened(const float *src, int64_t ld, int64_t, int64_t, float *) {
  return {src, ld};
}
template <typename T>
static Block widened(const T *src, int64_t ld, int64_t rows, int64_t columns,
                     float *copy) {
  for (int64_t i = 0; i < rows; ++i)
    convertRow(src + i * ld, copy + i * columns, columns);
  return {copy, columns};
}

/// Rows that sums are collected in: the results themselves, or floats that `finish`
/// rounds into them.
template <typename T> struct Sums {
  T *results;
  int64_t ld;
  float *held;
  int64_t columns;
  TRAIN_INLINE_MEMBER float *row(int64_t i) const { return held + i * columns; }
  TRAIN_INLINE_MEMBER int64_t distance() const { return columns; }
  void finish(int64_t rows) const {
    for (int64_t i = 0; i < rows; ++i)
      convertRow(row(i), results + i * ld, columns);
  }
};
template <> struct Sums<float> {
  float *results;
  int64_t ld;
  float *held;
  int64_t columns;
  TRAIN_INLINE_MEMBER float *row(int64_t i) const { return results + i * ld; }
  TRAIN_INLINE_MEMBER int64_t distance() const { return ld; }
  void finish(int64_t) const {}
};
template <typename T> static void clear(const Sums<T> &sums, int64_t rows) {
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t d = 0; d < sums.columns; ++d)
      sums.row(i)[d] = 0.0f;
}

template <typename T>
static void attend(const AttentionShape &s, const AttentionForward &io, int64_t b,
                   int64_t h, int64_t queryBegin, int64_t queryEnd, float *workspace) {
  const int64_t queryLd = s.H * s.D, keyLd = s.G * s.D, group = h / (s.H / s.G);
  const int64_t padded = roundUp(s.D, kHeadPadding);
  const T *q = (const T *)io.q + b * s.T * queryLd + h * s.D;
  const T *k = (const T *)io.k + b * s.S * keyLd + group * s.D;
  const T *v = (const T *)io.v + b * s.S * keyLd + group * s.D;
  float *keys = workspace;
  float *values = keys + s.D * kKeyBlock;
  float *scores = values + kKeyBlock * padded;
  float *maximum = scores + kQueryBlock * kScoreStride;
  float *sum = maximum + kQueryChunk;
  float *queries = sum + kQueryChunk; // this and what follows only for narrow elements
  const Sums<T> out{(T *)io.out + (b * s.T + queryBegin) * queryLd + h * s.D, queryLd,
                    queries + kQueryBlock * s.D, s.D};

  for (int64_t t = queryBegin; t < queryEnd; ++t) {
    maximum[t - queryBegin] = -__builtin_inff();
    sum[t - queryBegin] = 0.0f;
  }
  clear(out, queryEnd - queryBegin);
  const int64_t keyEnd = visibleKeys(s, queryEnd - 1);
  for (int64_t key0 = 0; key0 < keyEnd; key0 += kKeyBlock) {
    const int64_t blockKeys = min(kKeyBlock, keyEnd - key0);
    packTransposed(k + key0 * keyLd, keyLd, blockKeys, s.D, keys);
    packRows(v + key0 * keyLd, keyLd, blockKeys, s.D, values);
    for (int64_t t0 = firstQueryBlock(s, key0, queryBegin); t0 < queryEnd;
         t0 += kQueryBlock) {
      const int64_t rows = min(kQueryBlock, queryEnd - t0);
      const Visibility seen = visibility(s, t0, key0, blockKeys);
      const Block query = widened(q + t0 * queryLd, queryLd, rows, s.D, queries);
      scoreProduct(seen, rows, s.D, query.data, query.ld, keys, scores);
      for (int64_t i = 0; i < rows; ++i) {
        const int64_t t = t0 + i, visible = seen.of(i);
        float *row = scores + i * kScoreStride;
        float &runningMaximum = maximum[t - queryBegin],
              &runningSum = sum[t - queryBegin];
        if (visible == 0) {
          exponentiate(row, 0, clearedTo(0), s.scale, 0.0f);
          continue;
        }
        float blockMaximum = scaledMaximum(row, visible, s.scale);
        if (blockMaximum > runningMaximum) {
          if (runningSum != 0.0f) {
            Vec factor = expNonPositive(splat(runningMaximum - blockMaximum));
            runningSum *= factor[0];
            scaleRow(out.row(t - queryBegin), s.D, factor[0]);
          }
          runningMaximum = blockMaximum;
        }
        // Scores that are all -inf have no maximum to take off; their weights are 0.
        float shift = runningMaximum == -__builtin_inff() ? 0.0f : runningMaximum;
        runningSum += exponentiate(row, visible, clearedTo(visible), s.scale, shift);
      }
      weightedSum(seen, rows, s.D, scores, values, blockKeys, out.row(t0 - queryBegin),
                  out.distance());
    }
  }
  for (int64_t t = queryBegin; t < queryEnd; ++t) {
    float total = sum[t - queryBegin];
    if (total != 0.0f)
      scaleRow(out.row(t - queryBegin), s.D, 1.0f / total);
    io.lse[(b * s.H + h) * s.T + t] =
        total == 0.0f ? -__builtin_inff()
                      : maximum[t - queryBegin] + __builtin_logf(total);
  }
  out.finish(queryEnd - queryBegin);
}

void attentionTask(const AttentionShape &s, const AttentionForward &io, int64_t b,
                   int64_t h, int64_t queryBegin, int64_t queryEnd, float *workspace) {
  switch (io.element) {
  case Element::F32:
    return attend<float>(s, io, b, h, queryBegin, queryEnd, workspace);
  case Element::F16:
    return attend<Half>(s, io, b, h, queryBegin, queryEnd, workspace);
  case Element::BF16:
    return attend<BFloat16>(s, io, b, h, queryBegin, queryEnd, workspace);
  }
}

/// Row sums of dout * out, the part of the softmax's adjoint that is common to a row.
template <typename T>
static void rowDots(const T *a, const T *b, int64_t ld, int64_t rows, int64_t n,
                    float *dots) {
  for (int64_t i = 0; i < rows; ++i) {
    Vec total = splat(0.0f);
    int64_t j = 0;
    for (; j + kLanes <= n; j += kLanes)
      total = fma(loadLanes<kLanes>(a + i * ld + j), loadLanes<kLanes>(b + i * ld + j),
                  total);
    if (j < n)
      total =
          fma(loadTail(a + i * ld + j, n - j), loadTail(b + i * ld + j, n - j), total);
    dots[i] = sumLanes(total);
  }
}

template <typename T>
static void attendBackward(const AttentionShape &s, const AttentionBackward &io,
                           const AttentionGradTask &task, float *workspace) {
  const int64_t queryLd = s.H * s.D, keyLd = s.G * s.D;
  const int64_t padded = roundUp(s.D, kHeadPadding);
  const int64_t keyOffset = task.b * s.S * keyLd + task.group * s.D;
  float *keysT = workspace;
  float *valuesT = keysT + s.D * kKeyBlock;
  float *keys = valuesT + s.D * kKeyBlock;
  float *queries = keys + kKeyBlock * padded;
  float *douts = queries + kQueryBlock * padded;
  float *probabilities = douts + kQueryBlock * padded;
  float *dscores = probabilities + kQueryBlock * kScoreStride;
  float *dots = dscores + kQueryBlock * kScoreStride;
  float *query = dots + kQueryBlock; // this and what follows only for narrow elements
  float *dout = query + kQueryBlock * s.D;
  float *heldKeys = dout + kQueryBlock * s.D;
  float *heldValues = heldKeys + kKeyBlock * s.D;
  float *heldGradients = heldValues + kKeyBlock * s.D;

  const int64_t taskQueries = task.queryEnd - task.queryBegin;
  auto dqOf = [&](int64_t h) {
    return Sums<T>{(T *)io.dq + (task.b * s.T + task.queryBegin) * queryLd + h * s.D,
                   queryLd, heldGradients + (h - task.headBegin) * taskQueries * s.D,
                   s.D};
  };
  if (task.wantQueries)
    for (int64_t h = task.headBegin; h < task.headEnd; ++h)
      clear(dqOf(h), taskQueries);

  for (int64_t key0 = task.keyBegin; key0 < task.keyEnd; key0 += kKeyBlock) {
    const int64_t blockKeys = min(kKeyBlock, task.keyEnd - key0);
    const int64_t keyPlace = keyOffset + key0 * keyLd;
    const Sums<T> dk{(T *)io.dk + keyPlace, keyLd, heldKeys, s.D};
    const Sums<T> dv{(T *)io.dv + keyPlace, keyLd, heldValues, s.D};
    const T *k = (const T *)io.k + keyPlace, *v = (const T *)io.v + keyPlace;
    if (task.wantKeys) {
      clear(dk, blockKeys);
      clear(dv, blockKeys);
    }
    packTransposed(k, keyLd, blockKeys, s.D, keysT);
    packTransposed(v, keyLd, blockKeys, s.D, valuesT);
    if (task.wantQueries)
      packRows(k, keyLd, blockKeys, s.D, keys);

    for (int64_t h = task.headBegin; h < task.headEnd; ++h)
      for (int64_t t0 = firstQueryBlock(s, key0, task.queryBegin); t0 < task.queryEnd;
           t0 += kQueryBlock) {
        const int64_t rows = min(kQueryBlock, task.queryEnd - t0);
        const Visibility seen = visibility(s, t0, key0, blockKeys);
        const int64_t offset = (task.b * s.T + t0) * queryLd + h * s.D;
        const float *lse = io.lse + (task.b * s.H + h) * s.T + t0;
        if (seen.of(rows - 1) == 0)
          continue;
        const T *q = (const T *)io.q + offset, *grad = (const T *)io.dout + offset;
        rowDots(grad, (const T *)io.out + offset, queryLd, rows, s.D, dots);
        const Block wideQ = widened(q, queryLd, rows, s.D, query);
        const Block wideGrad = widened(grad, queryLd, rows, s.D, dout);
        scoreProduct(seen, rows, s.D, wideQ.data, wideQ.ld, keysT, probabilities);
        scoreProduct(seen, rows, s.D, wideGrad.data, wideGrad.ld, valuesT, dscores);
        for (int64_t i = 0; i < rows; ++i) {
          float *p = probabilities + i * kScoreStride, *ds = dscores + i * kScoreStride;
          // A row that saw nothing, in this block or at all, has probabilities 0.
          const int64_t visible = lse[i] == -__builtin_inff() ? 0 : seen.of(i);
          const int64_t cleared = clearedTo(seen.of(i));
          exponentiate(p, visible, cleared, s.scale, visible > 0 ? lse[i] : 0.0f);
          const Vec dot = splat(dots[i]), factor = splat(s.scale);
          int64_t j = 0;
          for (; j + kLanes <= visible; j += kLanes)
            store(ds + j, load(p + j) * (load(ds + j) - dot) * factor);
          if (j < visible) {
            store(ds + j,
                  keepFirst(load(p + j) * (load(ds + j) - dot) * factor, visible - j));
            j += kLanes;
          }
          for (; j < cleared; j += kLanes)
            store(ds + j, splat(0.0f));
        }
        if (task.wantKeys) {
          packRows(grad, queryLd, rows, s.D, douts);
          packRows(q, queryLd, rows, s.D, queries);
          transposedSum(seen, rows, s.D, probabilities, douts, dv.row(0), dv.distance());
          transposedSum(seen, rows, s.D, dscores, queries, dk.row(0), dk.distance());
        }
        if (task.wantQueries)
          weightedSum(seen, rows, s.D, dscores, keys, blockKeys,
                      dqOf(h).row(t0 - task.queryBegin), dqOf(h).distance());
      }
    if (task.wantKeys) {
      dk.finish(blockKeys);
      dv.finish(blockKeys);
    }
  }
  if (task.wantQueries)
    for (int64_t h = task.headBegin; h < task.headEnd; ++h)
      dqOf(h).finish(taskQueries);
}

void attentionGradTask(const AttentionShape &s, const AttentionBackward &io,
                       const AttentionGradTask &task, float *workspace) {
  switch (io.element) {
  case Element::F32:
    return attendBackward<float>(s, io, task, workspace);
  case Element::F16:
    return attendBackward<Half>(s, io, task, workspace);
  case Element::BF16:
    return attendBackward<BFloat16>(s, io, task, workspace);
  }
}

} // namespace train::cpu::TRAIN_SIMD
