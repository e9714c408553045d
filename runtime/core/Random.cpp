// Counter-based random numbers. See Random.h.
#include "train/rt/Random.h"

#include <cmath>

namespace train::rt {

std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter,
                               std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t left = uint64_t(0xD2511F53) * counter[0];
    uint64_t right = uint64_t(0xCD9E8D57) * counter[2];
    counter = {uint32_t(right >> 32) ^ counter[1] ^ key[0], uint32_t(right),
               uint32_t(left >> 32) ^ counter[3] ^ key[1], uint32_t(left)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

uint64_t mix64(uint64_t value) {
  value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
  value = (value ^ value >> 27) * 0x94D049BB133111EB;
  return value ^ value >> 31;
}

uint64_t hashName(std::string_view name) {
  uint64_t hash = 0xCBF29CE484222325;
  for (unsigned char byte : name)
    hash = (hash ^ byte) * 0x100000001B3;
  return hash;
}

RandomStream::RandomStream(uint64_t seed, std::string_view name)
    : key{uint32_t(seed), uint32_t(seed >> 32)} {
  uint64_t hash = hashName(name);
  high = {uint32_t(hash), uint32_t(hash >> 32)};
}

std::array<double, 2> RandomStream::block(uint64_t index) const {
  uint64_t number = index / 2;
  auto bits = philox({uint32_t(number), uint32_t(number >> 32), high[0], high[1]}, key);
  auto unit = [](uint32_t low, uint32_t high) {
    return double((uint64_t(high) << 32 | low) >> 11) * 0x1p-53;
  };
  return {unit(bits[0], bits[1]), unit(bits[2], bits[3])};
}

double RandomStream::uniform(uint64_t index) const { return block(index)[index % 2]; }

double RandomStream::normal(uint64_t index) const {
  return normalPair(index / 2)[index % 2];
}

std::array<double, 2> RandomStream::normalPair(uint64_t pair) const {
  auto [first, second] = block(2 * pair);
  // 1 - u lies in (0, 1], where the logarithm is finite.
  double radius = std::sqrt(-2 * std::log(1 - first));
  double angle = 2 * M_PI * second;
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

} // namespace train::rt
