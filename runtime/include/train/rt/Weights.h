// Parameters from and to safetensors files of other programs.
#ifndef TRAIN_RT_WEIGHTS_H
#define TRAIN_RT_WEIGHTS_H

#include "train/Runtime/Abi.h"
#include "train/rt/Safetensors.h"
#include "train/rt/Status.h"

#include <map>
#include <string>
#include <vector>

namespace train::rt {

/// Loads `path` into the parameters, frozen ones and statistics. A tensor belongs to the
/// symbol of its name; where there is none, all names may differ by one prefix, on either
/// side ("transformer.h.0.ln_1.weight" here, "h.0.ln_1.weight" there), and
/// LayerNorm.gamma and LayerNorm.beta are old names of its weight and bias. Floats are
/// converted. A parameter without a tensor and a shape that differs are errors;
/// statistics may be missing, and tensors that nothing asked for are listed in one note,
/// except those buffers that are known to be no parameters.
Status loadWeights(const std::string &path, const TrainExecutable &executable,
                   uint8_t *arena, std::vector<std::string> &notes);

/// Writes parameters, frozen ones and statistics under their names, to a temporary file
/// that replaces `path` once it is complete and durable.
Status exportWeights(const std::string &path, const TrainExecutable &executable,
                     const uint8_t *arena);

/// The prefix that maps symbol names to tensor names best. Exposed for tests.
struct NamePrefix {
  bool inFile = false; ///< tensor = prefix + symbol; otherwise symbol = prefix + tensor
  std::string text;
};
NamePrefix commonPrefix(const std::vector<std::string> &symbols,
                        const std::map<std::string, FileTensor> &tensors);

/// Symbols as tensors to be written, for those that `wanted` accepts.
std::vector<TensorView> symbolViews(const TrainExecutable &executable,
                                    const uint8_t *arena,
                                    bool (*wanted)(const TrainSymbol &symbol));

} // namespace train::rt

#endif // TRAIN_RT_WEIGHTS_H
