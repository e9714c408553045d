// Arrays in files, opened and described: NumPy's .npy, token files (.bin), and any other
// file as bytes. Elements are read when they are asked for.
#ifndef TRAIN_RT_ARRAYFILE_H
#define TRAIN_RT_ARRAYFILE_H

#include "train/rt/File.h"
#include "train/rt/Scalar.h"
#include "train/rt/Status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace train::rt {

struct ArrayFile {
  enum class Format { Npy, Tokens, Bytes };

  InputFile file;
  Format format = Format::Bytes;
  Scalar type = Scalar::U8;
  std::vector<int64_t> shape; ///< one dimension for tokens and bytes
  uint64_t offset = 0;        ///< bytes before the first element
  uint64_t elements = 0;

  /// Elements [first, first + count) as they are in the file.
  Status read(void *target, uint64_t first, uint64_t count) const {
    uint64_t width = scalarBytes(type);
    return file.read(target, offset + first * width, count * width);
  }
  const std::string &path() const { return file.path(); }
};

/// Opens a file by its name: `.npy` with readNpy, `.bin` with readTokens, anything else
/// as an array of bytes. The header is read and checked against the size of the file.
Result<ArrayFile> openArray(const std::string &path);

/// NumPy's format, versions 1 to 3, little-endian, C order, bool, integer and float
/// types. Errors name the file and the byte at which the header is wrong. `bytes` after
/// the last element are an error too: the header and the data disagree then.
/// Source: the format's description in numpy.lib.format.
Status readNpy(ArrayFile &array);

/// u16 token ids: with the header of llm.c (256 i32: magic 20240520, version 1, number of
/// tokens), else headerless as nanoGPT writes them.
Status readTokens(ArrayFile &array);

} // namespace train::rt

#endif // TRAIN_RT_ARRAYFILE_H
