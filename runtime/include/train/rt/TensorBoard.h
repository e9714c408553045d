// Event files that TensorBoard reads, written without protobuf or TensorFlow.
#ifndef TRAIN_RT_TENSORBOARD_H
#define TRAIN_RT_TENSORBOARD_H

#include "train/rt/File.h"
#include "train/rt/Status.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace train::rt {

/// CRC-32C (Castagnoli), and the way TFRecord masks it.
uint32_t crc32c(const void *data, size_t bytes);
uint32_t maskedCrc32c(const void *data, size_t bytes);

/// One event file. Each record is a TFRecord: length (u64), its masked CRC-32C, an
/// `Event` message, its masked CRC-32C. Scalars are `simple_value` summaries.
class TensorBoardLog {
public:
  /// Creates a new file in `directory`, which is made if missing; older files there stay.
  static Result<TensorBoardLog> open(const std::string &directory);

  /// Adds one event with these scalars.
  Status write(int64_t step,
               const std::vector<std::pair<std::string_view, float>> &scalars);
  Status close() { return file.close(); }

private:
  explicit TensorBoardLog(File file) : file(std::move(file)) {}
  Status writeRecord(const std::string &event);
  File file;
};

} // namespace train::rt

#endif // TRAIN_RT_TENSORBOARD_H
