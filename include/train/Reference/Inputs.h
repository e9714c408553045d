// Inputs for programs that are run to be compared, not to learn.
#ifndef TRAIN_REFERENCE_INPUTS_H
#define TRAIN_REFERENCE_INPUTS_H

#include "train/Interfaces/Interfaces.h"
#include "train/Reference/Tensor.h"

namespace train::reference {

/// One value per input of the program, a function of `seed` and the input's name: floats
/// standard normal, rounded to their type; bools even odds; integers uniform in [0, n),
/// where n is the smallest table or number of classes that the input indexes on its way
/// through the program, and 8 where it indexes nothing; the learning rate is
/// `learningRate`.
llvm::SmallVector<TensorRef> randomInputs(ProgramOpInterface program, int64_t seed,
                                          double learningRate = 1e-3);

/// How many rows or classes the integers of `value` choose among, followed through
/// reshapes, slices, loops, layers and fusions; nothing when they index nothing.
std::optional<int64_t> findIndexBound(mlir::Value value);

} // namespace train::reference

#endif // TRAIN_REFERENCE_INPUTS_H
