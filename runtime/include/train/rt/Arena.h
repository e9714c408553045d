// The one allocation of a trained executable. Everything that the plan knows of lives
// in it, at offsets fixed by the compiler.
#ifndef TRAIN_RT_ARENA_H
#define TRAIN_RT_ARENA_H

#include "train/rt/Status.h"

#include <cstdint>

namespace train::rt {

/// Zeroed memory of exactly the planned size (the kernel rounds it to whole pages),
/// page-aligned, advised to use huge pages.
class Arena {
public:
  Arena(Arena &&other) noexcept;
  Arena &operator=(Arena &&) = delete;
  ~Arena();

  /// Fails where the system refuses the mapping. `bytes` may be 0.
  static Result<Arena> allocate(uint64_t bytes);

  uint8_t *data() const { return start; }
  uint64_t size() const { return bytes; }
  /// Bytes of it that are in memory now: pages that were never touched take none. Where
  /// the system does not tell, all of it.
  uint64_t residentBytes() const;

private:
  Arena(uint8_t *start, uint64_t bytes) : start(start), bytes(bytes) {}
  uint8_t *start;
  uint64_t bytes;
};

} // namespace train::rt

#endif // TRAIN_RT_ARENA_H
