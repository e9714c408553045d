// The safetensors format: an 8-byte length, a JSON header, and the bytes of the tensors.
// The reader trusts nothing: a file from anywhere gives tensors inside its bounds or one
// error that names the byte or the tensor.
#ifndef TRAIN_RT_SAFETENSORS_H
#define TRAIN_RT_SAFETENSORS_H

#include "train/rt/File.h"
#include "train/rt/Scalar.h"
#include "train/rt/Status.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace train::rt {

/// Where a tensor lies in its file.
struct FileTensor {
  Scalar type = Scalar::F32;
  std::vector<int64_t> shape;
  uint64_t offset = 0; ///< of its first byte in the file; not necessarily aligned
  uint64_t bytes = 0;
};

struct Safetensors {
  InputFile file;
  std::map<std::string, FileTensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Opens and checks a file: a header of at most 100 MB inside the file; JSON nested no
/// deeper than the format needs; no name twice; known types; byte ranges that are as long
/// as shape and type say, don't overlap, and cover the data without gaps. The data is
/// read later.
Result<Safetensors> readSafetensors(const std::string &path);

/// Reads a tensor, converted to `type`, into `target`, which has room for as many
/// elements of that type. Floats become floats, and integers that fit integers; neither
/// becomes the other. The error names the tensor, or the file and the byte.
Status readTensor(const Safetensors &file, const std::string &name,
                  const FileTensor &tensor, Scalar type, uint8_t *target);

/// A tensor to be written.
struct TensorView {
  std::string name;
  Scalar type;
  std::vector<int64_t> shape;
  const void *data;
  uint64_t bytes;
};

/// Receives the file's bytes in order.
using ByteSink = std::function<Status(const void *data, size_t bytes)>;

/// Writes the tensors, the widest types first so that all are aligned, and by name within
/// a type; the data starts at a multiple of 64.
Status writeSafetensors(std::vector<TensorView> tensors,
                        const std::map<std::string, std::string> &metadata,
                        const ByteSink &sink);

} // namespace train::rt

#endif // TRAIN_RT_SAFETENSORS_H
