// See Philox.h.
#include "train/Reference/Philox.h"

namespace train::reference {

PhiloxBlock philox(PhiloxBlock counter, std::array<uint32_t, 2> key) {
  constexpr uint64_t multiplier0 = 0xD2511F53, multiplier1 = 0xCD9E8D57;
  // Weyl increments: the golden ratio and sqrt(3) - 1, as 32-bit fractions.
  constexpr uint32_t weyl0 = 0x9E3779B9, weyl1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    uint64_t product0 = multiplier0 * counter[0], product1 = multiplier1 * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(product0)};
    key[0] += weyl0;
    key[1] += weyl1;
  }
  return counter;
}

uint32_t dropoutWord(int64_t seed, int64_t site, int64_t step, int64_t sample,
                     int64_t element) {
  auto low = [](int64_t value) { return static_cast<uint32_t>(value); };
  auto high = [](int64_t value) {
    return static_cast<uint32_t>(static_cast<uint64_t>(value) >> 32);
  };
  PhiloxBlock block = philox({low(element >> 2), low(site), low(step), low(sample)},
                             {low(seed), high(seed)});
  return block[element & 3];
}

double dropoutUniform(int64_t seed, int64_t site, int64_t step, int64_t sample,
                      int64_t element) {
  return (dropoutWord(seed, site, step, sample, element) >> 8) * 0x1p-24;
}

} // namespace train::reference
