// Initial values of symbols, as the model declares them.
#ifndef TRAIN_RT_INITIALIZE_H
#define TRAIN_RT_INITIALIZE_H

#include "train/Runtime/Abi.h"
#include "train/rt/Backend.h"

#include <cstdint>

namespace train::rt {

/// Writes the initial value of every symbol into the arena, but for those that
/// deriveSymbols sets. Random values depend on the
/// seed, the symbol's name and the element's index only: neither other symbols, nor the
/// layout, nor the number of threads changes them. Floating-point values are drawn in
/// f64 and rounded once to the element type.
void initializeSymbols(const TrainExecutable &executable, uint64_t seed, uint8_t *arena,
                       Team &team);

/// Sets what no file holds, and what follows from other symbols: literals, and the copies
/// of parameters, each element rounded to the copy's type. After any change of parameters
/// that no program made: initial values, weights of a file, a checkpoint.
void deriveSymbols(const TrainExecutable &executable, uint8_t *arena, Team &team);

} // namespace train::rt

#endif // TRAIN_RT_INITIALIZE_H
