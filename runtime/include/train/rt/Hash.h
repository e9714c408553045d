// Hashes of the training's state: one number that two runs can compare.
#ifndef TRAIN_RT_HASH_H
#define TRAIN_RT_HASH_H

#include "train/Runtime/Abi.h"

#include <cstddef>
#include <cstdint>

namespace train::rt {

/// XXH64 (specification: the xxHash fast digest algorithm, version 0.1.1), computed from
/// a stream of bytes.
class Hash64 {
public:
  explicit Hash64(uint64_t seed = 0);
  void update(const void *data, size_t bytes);
  uint64_t digest() const;

private:
  uint64_t lanes[4];
  uint64_t seed;
  uint64_t total = 0;
  uint8_t buffer[32];
  size_t buffered = 0;
};

/// Hashes name, type, shape and bytes of all parameters, statistics and optimizer slots,
/// in the order of their names. Counters and other state are left out: they belong to a
/// way of training, not to its result.
uint64_t hashState(const TrainExecutable &executable, const uint8_t *arena);

} // namespace train::rt

#endif // TRAIN_RT_HASH_H
