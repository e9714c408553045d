// Philox4x32-10, the counter-based generator behind dropout and initial values (Salmon,
// Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011, section 3.3).
// Pure: a block of four words is a function of counter and key.
#ifndef TRAIN_REFERENCE_PHILOX_H
#define TRAIN_REFERENCE_PHILOX_H

#include <array>
#include <cstdint>

namespace train::reference {

using PhiloxBlock = std::array<uint32_t, 4>;

/// Ten rounds on `counter` under `key`.
PhiloxBlock philox(PhiloxBlock counter, std::array<uint32_t, 2> key);

/// What dropout compares with its rate: a multiple of 2^-24 in [0, 1), for element
/// `element` of sample `sample` (global index). Key: the seed's low and high words.
/// Counter: element >> 2, site, step, sample, each its low 32 bits; the element takes the
/// output word element & 3, of which the upper 24 bits count.
double dropoutUniform(int64_t seed, int64_t site, int64_t step, int64_t sample,
                      int64_t element);

/// The word behind it, all 32 bits.
uint32_t dropoutWord(int64_t seed, int64_t site, int64_t step, int64_t sample,
                     int64_t element);

} // namespace train::reference

#endif // TRAIN_REFERENCE_PHILOX_H
