// Event files. The messages are small enough to be encoded by hand: field numbers are
// those of tensorboard's event.proto and summary.proto. See TensorBoard.h.
#include "train/rt/TensorBoard.h"

#include "train/rt/Text.h"

#include <array>
#include <chrono>
#include <cstring>
#include <unistd.h>

namespace train::rt {
namespace {

constexpr std::array<uint32_t, 256> makeTable() {
  std::array<uint32_t, 256> table = {};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit)
      value = value & 1 ? value >> 1 ^ 0x82F63B78 : value >> 1;
    table[byte] = value;
  }
  return table;
}
constexpr std::array<uint32_t, 256> crcTable = makeTable();

// Wire types of protobuf.
enum Wire { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

void putVarint(std::string &out, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out += char(value | 0x80);
  out += char(value);
}
void putTag(std::string &out, int field, Wire wire) {
  putVarint(out, uint64_t(field) << 3 | wire);
}
template <typename T> void putRaw(std::string &out, T value) {
  out.append(reinterpret_cast<const char *>(&value), sizeof(T));
}
void putBytes(std::string &out, int field, std::string_view bytes) {
  putTag(out, field, Bytes);
  putVarint(out, bytes.size());
  out += bytes;
}

double wallTime() {
  return std::chrono::duration<double>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Event: wall_time = 1, step = 2, file_version = 3, summary = 5.
std::string eventStart() {
  std::string event;
  putTag(event, 1, Fixed64);
  putRaw(event, wallTime());
  return event;
}

} // namespace

uint32_t crc32c(const void *data, size_t bytes) {
  const auto *at = static_cast<const uint8_t *>(data);
  uint32_t value = ~0u;
  for (size_t i = 0; i < bytes; ++i)
    value = crcTable[(value ^ at[i]) & 0xff] ^ value >> 8;
  return ~value;
}

uint32_t maskedCrc32c(const void *data, size_t bytes) {
  uint32_t value = crc32c(data, bytes);
  return (value >> 15 | value << 17) + 0xa282ead8;
}

Result<TensorBoardLog> TensorBoardLog::open(const std::string &directory) {
  Status status = makeDirectories(directory);
  if (!status.ok())
    return status;
  char host[256] = "host";
  (void)::gethostname(host, sizeof(host) - 1);
  // TensorBoard recognizes files by this pattern and orders them by their time.
  std::string path = format("%s/events.out.tfevents.%010lld.%s.%d", directory.c_str(),
                            (long long)wallTime(), host, int(::getpid()));
  Result<File> file = File::create(path);
  if (!file)
    return file.takeStatus();
  TensorBoardLog log(std::move(*file));
  std::string event = eventStart();
  putBytes(event, 3, "brain.Event:2");
  status = log.writeRecord(event);
  if (!status.ok())
    return status;
  return log;
}

Status
TensorBoardLog::write(int64_t step,
                      const std::vector<std::pair<std::string_view, float>> &scalars) {
  // Summary: value = 1, each with tag = 1 and simple_value = 2.
  std::string summary;
  for (const auto &[name, number] : scalars) {
    std::string value;
    putBytes(value, 1, name);
    putTag(value, 2, Fixed32);
    putRaw(value, number);
    putBytes(summary, 1, value);
  }
  std::string event = eventStart();
  putTag(event, 2, Varint);
  putVarint(event, uint64_t(step));
  putBytes(event, 5, summary);
  return writeRecord(event);
}

Status TensorBoardLog::writeRecord(const std::string &event) {
  std::string record;
  putRaw(record, uint64_t(event.size()));
  putRaw(record, maskedCrc32c(record.data(), record.size()));
  record += event;
  putRaw(record, maskedCrc32c(event.data(), event.size()));
  return file.write(record);
}

} // namespace train::rt
