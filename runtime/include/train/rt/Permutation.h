// The order of samples: a permutation of [0, n) that is computed, not stored, so that a
// position in the training is all that a checkpoint has to remember.
#ifndef TRAIN_RT_PERMUTATION_H
#define TRAIN_RT_PERMUTATION_H

#include <cstdint>

namespace train::rt {

/// A keyed pseudo-random bijection of [0, n): a balanced Feistel network over the least
/// even number of bits that holds n - 1, walked along its cycle until the value is below
/// n (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002, method 2). At
/// most 4 steps are expected. Constant memory.
class Permutation {
public:
  /// 1 <= n <= 2^62.
  Permutation(uint64_t n, uint64_t seed, uint64_t epoch);

  /// The image of `index` < n.
  uint64_t operator()(uint64_t index) const;

private:
  static constexpr int rounds = 6;
  uint64_t encrypt(uint64_t value) const;
  uint64_t n;
  int halfBits;
  uint64_t keys[rounds];
};

} // namespace train::rt

#endif // TRAIN_RT_PERMUTATION_H
