// The sample order. See Permutation.h.
#include "train/rt/Permutation.h"

#include "train/rt/Random.h"

namespace train::rt {

Permutation::Permutation(uint64_t n, uint64_t seed, uint64_t epoch) : n(n), halfBits(1) {
  while ((uint64_t(1) << (2 * halfBits)) < n)
    ++halfBits;
  uint64_t state = mix64(seed ^ mix64(epoch + 0x9E3779B97F4A7C15));
  for (uint64_t &key : keys)
    key = state = mix64(state + 0x9E3779B97F4A7C15);
}

uint64_t Permutation::encrypt(uint64_t value) const {
  uint64_t mask = (uint64_t(1) << halfBits) - 1;
  uint64_t left = value >> halfBits, right = value & mask;
  for (uint64_t key : keys) {
    uint64_t next = left ^ (mix64(right + key) & mask);
    left = right;
    right = next;
  }
  return left << halfBits | right;
}

uint64_t Permutation::operator()(uint64_t index) const {
  // The network permutes a domain of at most 4 n values; following the cycle of a value
  // below n leads back below n, and does so bijectively.
  do
    index = encrypt(index);
  while (index >= n);
  return index;
}

} // namespace train::rt
