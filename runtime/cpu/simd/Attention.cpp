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

/// C[m x n] (+)= A[m x k] B, with B packed in panels of kTileColumns.
template <Left kLeft>
static void multiply(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                     const float *packed, float *c, int64_t ldc, bool accumulate) {
  for (int64_t j = 0; j < n; j += kTileColumns)
    for (int64_t i = 0; i < m; i += kTileRows)
      tile<kLeft>(min(kTileRows, m - i), min(kTileColumns, n - j), k,
                  kLeft == Left::Rows ? a + i * lda : a + i, lda, packed + j * k,
                  kTileColumns, c + i * ldc + j, ldc, accumulate);
}

/// Packs rows x columns of a row-major matrix as the B of a product over its rows.
static void packRows(const float *src, int64_t ld, int64_t rows, int64_t columns,
                     float *dst) {
  for (int64_t j = 0; j < columns; j += kTileColumns)
    packRightRows(src + j, ld, rows, min(kTileColumns, columns - j), dst + j * rows);
}

/// Packs it transposed: the B of a product over its columns.
static void packTransposed(const float *src, int64_t ld, int64_t rows, int64_t columns,
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
  for (; j < padded; j += kLanes) {
    Vec p = splat(0.0f);
    if (j < n) {
      Vec all = expNonPositive(load(row + j) * factor - shift);
      for (int64_t i = 0; i < n - j; ++i)
        p[i] = all[i];
    }
    store(row + j, p);
    total = total + p;
  }
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

void attentionTask(const AttentionShape &s, const AttentionForward &io, int64_t b,
                   int64_t h, int64_t queryBegin, int64_t queryEnd, float *workspace) {
  const int64_t queryLd = s.H * s.D, keyLd = s.G * s.D, group = h / (s.H / s.G);
  const int64_t padded = roundUp(s.D, kHeadPadding);
  const float *q = io.q + b * s.T * queryLd + h * s.D;
  const float *k = io.k + b * s.S * keyLd + group * s.D;
  const float *v = io.v + b * s.S * keyLd + group * s.D;
  float *out = io.out + b * s.T * queryLd + h * s.D;
  float *keys = workspace;
  float *values = keys + s.D * kKeyBlock;
  float *scores = values + kKeyBlock * padded;
  float *maximum = scores + kQueryBlock * kKeyBlock;
  float *sum = maximum + kQueryChunk;

  for (int64_t t = queryBegin; t < queryEnd; ++t) {
    maximum[t - queryBegin] = -__builtin_inff();
    sum[t - queryBegin] = 0.0f;
    for (int64_t d = 0; d < s.D; ++d)
      out[t * queryLd + d] = 0.0f;
  }
  const int64_t keyEnd = visibleKeys(s, queryEnd - 1);
  for (int64_t key0 = 0; key0 < keyEnd; key0 += kKeyBlock) {
    const int64_t blockKeys = min(kKeyBlock, keyEnd - key0);
    packTransposed(k + key0 * keyLd, keyLd, blockKeys, s.D, keys);
    packRows(v + key0 * keyLd, keyLd, blockKeys, s.D, values);
    for (int64_t t0 = firstQueryBlock(s, key0, queryBegin); t0 < queryEnd;
         t0 += kQueryBlock) {
      const int64_t rows = min(kQueryBlock, queryEnd - t0);
      const int64_t columns = min(blockKeys, visibleKeys(s, t0 + rows - 1) - key0);
      const int64_t paddedColumns = roundUp(columns, kLanes);
      multiply<Left::Rows>(rows, paddedColumns, s.D, q + t0 * queryLd, queryLd, keys,
                           scores, kKeyBlock, false);
      for (int64_t i = 0; i < rows; ++i) {
        const int64_t t = t0 + i, visible = min(columns, visibleKeys(s, t) - key0);
        float *row = scores + i * kKeyBlock;
        float &runningMaximum = maximum[t - queryBegin],
              &runningSum = sum[t - queryBegin];
        if (visible <= 0) {
          for (int64_t j = 0; j < paddedColumns; ++j)
            row[j] = 0.0f;
          continue;
        }
        float blockMaximum = scaledMaximum(row, visible, s.scale);
        if (blockMaximum > runningMaximum) {
          if (runningSum != 0.0f) {
            Vec factor = expNonPositive(splat(runningMaximum - blockMaximum));
            runningSum *= factor[0];
            scaleRow(out + t * queryLd, s.D, factor[0]);
          }
          runningMaximum = blockMaximum;
        }
        // Scores that are all -inf have no maximum to take off; their weights are 0.
        float shift = runningMaximum == -__builtin_inff() ? 0.0f : runningMaximum;
        runningSum += exponentiate(row, visible, paddedColumns, s.scale, shift);
      }
      // The packed values have blockKeys rows; a product over fewer needs the panels'
      // own distance, so walk the panels here.
      for (int64_t d = 0; d < s.D; d += kTileColumns)
        multiply<Left::Rows>(rows, min(kTileColumns, s.D - d), columns, scores, kKeyBlock,
                             values + d * blockKeys, out + t0 * queryLd + d, queryLd,
                             true);
    }
  }
  for (int64_t t = queryBegin; t < queryEnd; ++t) {
    float total = sum[t - queryBegin];
    if (total != 0.0f)
      scaleRow(out + t * queryLd, s.D, 1.0f / total);
    io.lse[(b * s.H + h) * s.T + t] =
        total == 0.0f ? -__builtin_inff()
                      : maximum[t - queryBegin] + __builtin_logf(total);
  }
}

/// Row sums of dout * out, the part of the softmax's adjoint that is common to a row.
static void rowDots(const float *a, const float *b, int64_t ld, int64_t rows, int64_t n,
                    float *dots) {
  for (int64_t i = 0; i < rows; ++i) {
    Vec total = splat(0.0f);
    int64_t j = 0;
    for (; j + kLanes <= n; j += kLanes)
      total = fma(load(a + i * ld + j), load(b + i * ld + j), total);
    if (j < n)
      total =
          fma(loadTail(a + i * ld + j, n - j), loadTail(b + i * ld + j, n - j), total);
    dots[i] = sumLanes(total);
  }
}

void attentionGradTask(const AttentionShape &s, const AttentionBackward &io,
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
  float *dscores = probabilities + kQueryBlock * kKeyBlock;
  float *dots = dscores + kQueryBlock * kKeyBlock;

  if (task.wantQueries)
    for (int64_t h = task.headBegin; h < task.headEnd; ++h)
      for (int64_t t = task.queryBegin; t < task.queryEnd; ++t)
        for (int64_t d = 0; d < s.D; ++d)
          io.dq[task.b * s.T * queryLd + t * queryLd + h * s.D + d] = 0.0f;

  for (int64_t key0 = task.keyBegin; key0 < task.keyEnd; key0 += kKeyBlock) {
    const int64_t blockKeys = min(kKeyBlock, task.keyEnd - key0);
    float *dk = io.dk + keyOffset + key0 * keyLd, *dv = io.dv + keyOffset + key0 * keyLd;
    const float *k = io.k + keyOffset + key0 * keyLd,
                *v = io.v + keyOffset + key0 * keyLd;
    if (task.wantKeys)
      for (int64_t j = 0; j < blockKeys; ++j)
        for (int64_t d = 0; d < s.D; ++d)
          dk[j * keyLd + d] = dv[j * keyLd + d] = 0.0f;
    packTransposed(k, keyLd, blockKeys, s.D, keysT);
    packTransposed(v, keyLd, blockKeys, s.D, valuesT);
    if (task.wantQueries)
      packRows(k, keyLd, blockKeys, s.D, keys);

    for (int64_t h = task.headBegin; h < task.headEnd; ++h)
      for (int64_t t0 = firstQueryBlock(s, key0, task.queryBegin); t0 < task.queryEnd;
           t0 += kQueryBlock) {
        const int64_t rows = min(kQueryBlock, task.queryEnd - t0);
        const int64_t columns = min(blockKeys, visibleKeys(s, t0 + rows - 1) - key0);
        const int64_t paddedColumns = roundUp(columns, kLanes);
        const int64_t offset = (task.b * s.T + t0) * queryLd + h * s.D;
        const float *lse = io.lse + (task.b * s.H + h) * s.T + t0;
        if (columns <= 0)
          continue;
        rowDots(io.dout + offset, io.out + offset, queryLd, rows, s.D, dots);
        multiply<Left::Rows>(rows, paddedColumns, s.D, io.q + offset, queryLd, keysT,
                             probabilities, kKeyBlock, false);
        multiply<Left::Rows>(rows, paddedColumns, s.D, io.dout + offset, queryLd, valuesT,
                             dscores, kKeyBlock, false);
        for (int64_t i = 0; i < rows; ++i) {
          float *p = probabilities + i * kKeyBlock, *ds = dscores + i * kKeyBlock;
          int64_t visible = min(columns, visibleKeys(s, t0 + i) - key0);
          // A row that saw nothing has lse = -inf; its probabilities are 0.
          if (lse[i] == -__builtin_inff() || visible < 0)
            visible = 0;
          exponentiate(p, visible, paddedColumns, s.scale, visible > 0 ? lse[i] : 0.0f);
          for (int64_t j = 0; j < paddedColumns; j += kLanes)
            store(ds + j, load(p + j) * (load(ds + j) - splat(dots[i])) * splat(s.scale));
        }
        if (task.wantKeys) {
          packRows(io.dout + offset, queryLd, rows, s.D, douts);
          packRows(io.q + offset, queryLd, rows, s.D, queries);
          multiply<Left::Columns>(columns, s.D, rows, probabilities, kKeyBlock, douts, dv,
                                  keyLd, true);
          multiply<Left::Columns>(columns, s.D, rows, dscores, kKeyBlock, queries, dk,
                                  keyLd, true);
        }
        if (task.wantQueries)
          for (int64_t d = 0; d < s.D; d += kTileColumns)
            multiply<Left::Rows>(rows, min(kTileColumns, s.D - d), columns, dscores,
                                 kKeyBlock, keys + d * blockKeys, io.dq + offset + d,
                                 queryLd, true);
      }
  }
}

} // namespace train::cpu::TRAIN_SIMD
