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
/// Rows that one forward task walks for each block of keys.
constexpr int64_t kQueryChunk = 1536;
/// Head sizes are padded to this in packed copies.
constexpr int64_t kHeadPadding = 32;

/// Floats of workspace per thread.
constexpr int64_t attentionFloats(int64_t headSize) {
  int64_t padded = (headSize + kHeadPadding - 1) / kHeadPadding * kHeadPadding;
  // keys transposed, values, scores, running maximum and sum
  return headSize * kKeyBlock + kKeyBlock * padded + kQueryBlock * kKeyBlock +
         2 * kQueryChunk;
}
constexpr int64_t attentionGradFloats(int64_t headSize) {
  int64_t padded = (headSize + kHeadPadding - 1) / kHeadPadding * kHeadPadding;
  // keys and values transposed, keys, queries and output gradient, probabilities and
  // their gradient, row sums
  return 2 * headSize * kKeyBlock + kKeyBlock * padded + 2 * kQueryBlock * padded +
         2 * kQueryBlock * kKeyBlock + kQueryBlock;
}

} // namespace train::cpu

#endif // TRAIN_RUNTIME_CPU_BLOCKING_H
