//===- ResidencyProfile.cpp - arithmetic on bytes by position ----------------===//
//
// Comparing 64-bit integers four at a time takes instructions that not every CPU has, so
// there are two copies of each loop. They are integers: the same result on all.
//
//===----------------------------------------------------------------------===//
#include "ResidencyProfile.h"

namespace train::planning {

static inline __attribute__((always_inline)) int64_t beyond(int64_t over, int shift) {
  return static_cast<int64_t>(static_cast<uint64_t>(over > 0 ? over : 0) >> shift);
}

static inline __attribute__((always_inline)) AddedExcess
addPlainly(int64_t *memory, unsigned size, int64_t bytes, int64_t target, int shift) {
  AddedExcess added{0, 0};
  for (unsigned i = 0; i < size; ++i) {
    int64_t before = memory[i] - target, after = before + bytes;
    memory[i] += bytes;
    added.bytes += beyond(after, shift) - beyond(before, shift);
    added.positions += (after > 0) - (before > 0);
  }
  return added;
}

static inline __attribute__((always_inline)) int64_t measurePlainly(
    const int64_t *memory, unsigned size, int64_t bytes, int64_t target, int shift) {
  int64_t sum = 0;
  for (unsigned i = 0; i < size; ++i) {
    int64_t before = memory[i] - target;
    sum += beyond(before + bytes, shift) - beyond(before, shift);
  }
  return sum;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static AddedExcess
addWidely(int64_t *memory, unsigned size, int64_t bytes, int64_t target, int shift) {
  return addPlainly(memory, size, bytes, target, shift);
}

__attribute__((target("avx2"))) static int64_t measureWidely(const int64_t *memory,
                                                             unsigned size, int64_t bytes,
                                                             int64_t target, int shift) {
  return measurePlainly(memory, size, bytes, target, shift);
}

static const bool isWide = __builtin_cpu_supports("avx2");
#endif

AddedExcess addToAll(int64_t *memory, unsigned size, int64_t bytes, int64_t target,
                     int shift) {
#if defined(__x86_64__)
  if (isWide)
    return addWidely(memory, size, bytes, target, shift);
#endif
  return addPlainly(memory, size, bytes, target, shift);
}

int64_t measureAdded(const int64_t *memory, unsigned size, int64_t bytes, int64_t target,
                     int shift) {
#if defined(__x86_64__)
  if (isWide)
    return measureWidely(memory, size, bytes, target, shift);
#endif
  return measurePlainly(memory, size, bytes, target, shift);
}

} // namespace train::planning
