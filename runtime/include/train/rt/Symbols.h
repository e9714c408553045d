// Ways to find things in a TrainExecutable by name.
#ifndef TRAIN_RT_SYMBOLS_H
#define TRAIN_RT_SYMBOLS_H

#include "train/Runtime/Abi.h"

#include <string_view>
#include <vector>

namespace train::rt {

/// All symbols but derived ones (literals, copies), in the byte order of their names: the
/// order of everything that is
/// written, so that files and hashes don't depend on how the module was arranged.
std::vector<const TrainSymbol *> symbolsByName(const TrainExecutable &executable);

/// Whether the symbol is part of the model as one hands it on: parameters, frozen ones,
/// and running statistics.
inline bool isModelSymbol(const TrainSymbol &symbol) {
  return symbol.role == TRAIN_ROLE_PARAMETER || symbol.role == TRAIN_ROLE_FROZEN ||
         symbol.role == TRAIN_ROLE_STATISTIC;
}

/// The program of a kind, or null.
const TrainProgram *findProgram(const TrainExecutable &executable, TrainProgramKind kind);

/// The output or DATA input of a name, or null.
const TrainTensor *findOutput(const TrainProgram &program, std::string_view name);
const TrainInput *findInput(const TrainProgram &program, std::string_view name);

/// The input of a role other than DATA, or null.
const TrainInput *findInput(const TrainProgram &program, TrainInputRole role);

} // namespace train::rt

#endif // TRAIN_RT_SYMBOLS_H
