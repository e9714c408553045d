// Counter-based random numbers: each value is a function of a key and an index, so that
// no state has to be kept, and threads and order don't matter.
#ifndef TRAIN_RT_RANDOM_H
#define TRAIN_RT_RANDOM_H

#include <array>
#include <cstdint>
#include <string_view>

namespace train::rt {

/// Philox-4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2,
/// 3", SC 2011): 128 random bits for a 128-bit counter and a 64-bit key.
std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter,
                               std::array<uint32_t, 2> key);

/// A finalizer that mixes 64 bits well (the one of SplitMix64).
uint64_t mix64(uint64_t value);

/// A 64-bit FNV-1a hash: names a stream of random numbers.
uint64_t hashName(std::string_view name);

/// The stream of random numbers that belongs to a name under a seed. Values with
/// different indices are independent.
class RandomStream {
public:
  RandomStream(uint64_t seed, std::string_view name);

  /// In [0, 1), with 53 random bits.
  double uniform(uint64_t index) const;
  /// Standard normal, by Box and Muller's transform in f64.
  double normal(uint64_t index) const;
  /// normal(2 * pair) and normal(2 * pair + 1), for the price of one.
  std::array<double, 2> normalPair(uint64_t pair) const;

private:
  /// The two 53-bit uniform values of the block that holds `index`.
  std::array<double, 2> block(uint64_t index) const;
  std::array<uint32_t, 2> key;
  std::array<uint32_t, 2> high; ///< upper half of the counter: the name
};

} // namespace train::rt

#endif // TRAIN_RT_RANDOM_H
