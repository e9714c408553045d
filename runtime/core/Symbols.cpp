// Look-ups by name. See Symbols.h.
#include "train/rt/Symbols.h"

#include <algorithm>

namespace train::rt {

std::vector<const TrainSymbol *> symbolsByName(const TrainExecutable &executable) {
  std::vector<const TrainSymbol *> symbols;
  for (uint32_t i = 0; i < executable.symbol_count; ++i)
    // Literals are part of the programs, and copies follow from parameters: nothing to
    // save, load or compare.
    if (executable.symbols[i].role != TRAIN_ROLE_LITERAL &&
        executable.symbols[i].role != TRAIN_ROLE_COPY)
      symbols.push_back(&executable.symbols[i]);
  std::sort(symbols.begin(), symbols.end(), [](const auto *a, const auto *b) {
    return std::string_view(a->tensor.name) < b->tensor.name;
  });
  return symbols;
}

const TrainProgram *findProgram(const TrainExecutable &executable,
                                TrainProgramKind kind) {
  for (uint32_t i = 0; i < executable.program_count; ++i)
    if (executable.programs[i].kind == kind)
      return &executable.programs[i];
  return nullptr;
}

const TrainTensor *findOutput(const TrainProgram &program, std::string_view name) {
  for (uint32_t i = 0; i < program.output_count; ++i)
    if (program.outputs[i].name == name)
      return &program.outputs[i];
  return nullptr;
}

const TrainInput *findInput(const TrainProgram &program, std::string_view name) {
  for (uint32_t i = 0; i < program.input_count; ++i)
    if (program.inputs[i].role == TRAIN_INPUT_DATA &&
        program.inputs[i].tensor.name == name)
      return &program.inputs[i];
  return nullptr;
}

const TrainInput *findInput(const TrainProgram &program, TrainInputRole role) {
  for (uint32_t i = 0; i < program.input_count; ++i)
    if (program.inputs[i].role == role)
      return &program.inputs[i];
  return nullptr;
}

} // namespace train::rt
