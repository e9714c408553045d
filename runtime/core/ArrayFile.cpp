// The choice of a format, and token files. See ArrayFile.h.
#include "train/rt/ArrayFile.h"

#include "train/rt/Text.h"

#include <cstring>

namespace train::rt {
namespace {

constexpr uint64_t llmHeaderBytes = 256 * 4;
constexpr int32_t llmMagic = 20240520;

bool endsWith(const std::string &text, const char *ending) {
  size_t length = std::strlen(ending);
  return text.size() >= length && text.compare(text.size() - length, length, ending) == 0;
}

Status wrong(const std::string &what) { return Status::error(ErrorKind::Data, what); }

} // namespace

Status readTokens(ArrayFile &array) {
  uint64_t bytes = array.file.size();
  int32_t header[3] = {};
  if (bytes >= sizeof(header))
    TRAIN_RT_RETURN_IF_ERROR(array.file.read(header, 0, sizeof(header)));
  array.format = ArrayFile::Format::Tokens;
  array.type = Scalar::U16;
  array.offset = 0;
  if (header[0] == llmMagic) {
    if (bytes < llmHeaderBytes)
      return wrong(format("header of %llu bytes ends at byte %llu",
                          (unsigned long long)llmHeaderBytes, (unsigned long long)bytes));
    if (header[1] != 1)
      return wrong(
          format("byte 4: version %d of the token header, only 1 (u16 tokens) is "
                 "supported",
                 header[1]));
    array.offset = llmHeaderBytes;
    uint64_t tokens = (bytes - llmHeaderBytes) / 2;
    if (header[2] < 0 || uint64_t(header[2]) != tokens || bytes % 2)
      return wrong(format("byte 8: header says %d tokens, %llu bytes follow it",
                          header[2], (unsigned long long)(bytes - llmHeaderBytes)));
  } else if (bytes % 2) {
    return wrong(format("%llu bytes are not a whole number of u16 tokens",
                        (unsigned long long)bytes));
  }
  array.elements = (bytes - array.offset) / 2;
  array.shape = {int64_t(array.elements)};
  return Status::success();
}

Result<ArrayFile> openArray(const std::string &path) {
  Result<InputFile> file = InputFile::open(path);
  if (!file)
    return file.takeStatus();
  ArrayFile array;
  array.file = std::move(*file);
  Status status;
  if (endsWith(path, ".npy")) {
    status = readNpy(array);
  } else if (endsWith(path, ".bin")) {
    status = readTokens(array);
  } else {
    array.elements = array.file.size();
    array.shape = {int64_t(array.elements)};
  }
  if (!status.ok())
    return std::move(status).context("'" + printable(path) + "'");
  return array;
}

} // namespace train::rt
