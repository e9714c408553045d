// The choices of a random graph. A generator of its own and plain integer arithmetic, so
// that a seed means the same graph on every machine and with every standard library.
// Draws in the arguments of one call are in no fixed order: draw into variables first.
#ifndef TRAIN_FUZZ_DRAW_H
#define TRAIN_FUZZ_DRAW_H

#include "llvm/ADT/ArrayRef.h"
#include <cassert>
#include <cstdint>
#include <initializer_list>

namespace train::fuzz {

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014, figure 17).
class Draw {
public:
  explicit Draw(uint64_t seed) : state(seed) {}

  uint64_t next() {
    uint64_t z = state += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  /// One of 0 ... n - 1; n is positive. The bias of the remainder is below 2^-32 here.
  int64_t below(int64_t n) {
    assert(n > 0);
    return static_cast<int64_t>(next() % static_cast<uint64_t>(n));
  }
  /// One of low ... high.
  int64_t between(int64_t low, int64_t high) { return low + below(high - low + 1); }
  bool chance(int percent) { return below(100) < percent; }
  template <typename T> T one(std::initializer_list<T> of) {
    return of.begin()[below(of.size())];
  }
  template <typename T> const T &one(llvm::ArrayRef<T> of) {
    return of[below(of.size())];
  }

private:
  uint64_t state;
};

} // namespace train::fuzz

#endif // TRAIN_FUZZ_DRAW_H
