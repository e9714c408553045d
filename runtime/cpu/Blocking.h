// Block sizes that decide how much workspace an entry needs. The compiler plans the
// workspace with them and the kernels work in it, so they are facts of the product, not
// of the machine: an AVX-512 build uses the same.
#ifndef TRAIN_RUNTIME_CPU_BLOCKING_H
#define TRAIN_RUNTIME_CPU_BLOCKING_H

#include <stdint.h>

namespace train::cpu {

/// Attention: scores of kQueryBlock x kKeyBlock exist at a time, per thread.
constexpr int64_t kQueryBlock = 96;
constexpr int64_t kKeyBlock = 256;
/// Distance of two rows of scores: not a power of two, or a column of them would fall
/// into a few sets of the first-level cache.
constexpr int64_t kScoreStride = kKeyBlock + 16;
/// Rows that one forward task walks for each block of keys.
constexpr int64_t kQueryChunk = 1536;
/// Head sizes are padded to this in packed copies.
constexpr int64_t kHeadPadding = 32;

/// What a task sums up in f32 because its results are narrower: rows of queries.
constexpr int64_t heldQueries(int64_t queries) {
  return queries < kQueryChunk ? queries : kQueryChunk;
}

/// Floats of workspace per thread; `narrow` where elements are narrower than f32.
constexpr int64_t attentionFloats(int64_t headSize, bool narrow) {
  int64_t padded = (headSize + kHeadPadding - 1) / kHeadPadding * kHeadPadding;
  // keys transposed, values, scores, running maximum and sum
  int64_t floats = headSize * kKeyBlock + kKeyBlock * padded +
                   kQueryBlock * kScoreStride + 2 * kQueryChunk;
  // a block of queries, the outputs
  return narrow ? floats + (kQueryBlock + kQueryChunk) * headSize : floats;
}
/// `queries` is the number of rows that one group of keys has: T H / G.
constexpr int64_t attentionGradFloats(int64_t headSize, bool narrow, int64_t queries) {
  int64_t padded = (headSize + kHeadPadding - 1) / kHeadPadding * kHeadPadding;
  // keys and values transposed, keys, queries and output gradient, probabilities and
  // their gradient, row sums
  int64_t floats = 2 * headSize * kKeyBlock + kKeyBlock * padded +
                   2 * kQueryBlock * padded + 2 * kQueryBlock * kScoreStride +
                   kQueryBlock;
  // a block of queries and one of output gradients; gradients of keys, values, queries
  return narrow ? floats +
                      (2 * kQueryBlock + 2 * kKeyBlock + heldQueries(queries)) * headSize
                : floats;
}

/// Pools' adjoints: one plane of narrow sums, per thread.
constexpr int64_t heldPlaneBytes(int64_t area) { return (4 * area + 63) / 64 * 64; }

} // namespace train::cpu

#endif // TRAIN_RUNTIME_CPU_BLOCKING_H
