// The JSONL log. See Metrics.h.
#include "train/rt/Metrics.h"

#include "train/rt/Text.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

namespace train::rt {
namespace {

// A number that reads back as itself: 9 digits for f32, 17 for f64.
std::string number(double value, int digits) {
  return std::isfinite(value) ? format("%.*g", digits, value) : "null";
}
template <typename T> std::string number(const std::optional<T> &value, int digits) {
  return value ? number(double(*value), digits) : "null";
}

// Longer lines are not ours.
constexpr uint64_t maximumLineBytes = 1 << 16;

// The step of a line of ours.
std::optional<int64_t> stepOf(std::string_view line) {
  auto object = nlohmann::json::parse(line.begin(), line.end(), nullptr, false);
  if (!object.is_object() || !object.contains("step") ||
      !object["step"].is_number_integer())
    return std::nullopt;
  return object["step"].get<int64_t>();
}

// Whether a text without an end of line may be what a killed training left of a line.
bool mayBeCut(std::string_view text) {
  constexpr std::string_view start = "{\"step\":";
  size_t common = std::min(text.size(), start.size());
  return text.size() <= maximumLineBytes &&
         text.substr(0, common) == start.substr(0, common);
}

// How many bytes of the log to keep: whole lines of steps up to `completedSteps`. What
// follows is cut off, and so it has to be ours. Read in pieces, because the log of a long
// training is long.
Result<uint64_t> keptBytes(const InputFile &file, int64_t completedSteps) {
  std::string buffer;
  uint64_t kept = 0;
  while (kept < file.size()) {
    buffer.resize(size_t(std::min(file.size() - kept, 16 * maximumLineBytes)));
    Status status = file.read(buffer.data(), kept, buffer.size());
    if (!status.ok())
      return status;
    auto foreign = [&](size_t at) {
      return Status::error(
          ErrorKind::Data,
          format("'%s' is no log of a training: byte %llu does not begin a line of one "
                 "(choose another file for --log)",
                 printable(file.path()).c_str(), (unsigned long long)(kept + at)));
    };
    size_t at = 0, end;
    for (; (end = buffer.find('\n', at)) != std::string::npos; at = end + 1) {
      std::optional<int64_t> step;
      if (end - at <= maximumLineBytes)
        step = stepOf(std::string_view(buffer).substr(at, end - at));
      if (!step)
        return foreign(at);
      if (*step > completedSteps)
        return kept + at;
    }
    if (at == 0) { // no end of a line in all that was read
      if (!mayBeCut(buffer))
        return foreign(0);
      break;
    }
    kept += at;
  }
  return kept;
}

} // namespace

std::string toJsonLine(const StepRecord &record) {
  const char *skipped = !record.skipped ? "null" : *record.skipped ? "true" : "false";
  return format("{\"step\":%lld,\"loss\":%s,\"lr\":%s,\"grad_norm\":%s,"
                "\"loss_scale\":%s,\"skipped\":%s,\"step_ms\":%s,\"tokens_per_s\":%s,"
                "\"mfu\":%s,\"arena_bytes\":%llu,\"rss_bytes\":%llu}\n",
                (long long)record.step, number(record.loss, 9).c_str(),
                number(record.rate, 17).c_str(), number(record.gradNorm, 9).c_str(),
                number(record.lossScale, 17).c_str(), skipped,
                number(record.stepMilliseconds, 6).c_str(),
                number(record.tokensPerSecond, 6).c_str(), number(record.mfu, 6).c_str(),
                (unsigned long long)record.arenaBytes,
                (unsigned long long)record.rssBytes);
}

Result<JsonlLog> JsonlLog::open(const std::string &path, int64_t completedSteps) {
  uint64_t keep = 0;
  if (completedSteps > 0 && pathExists(path)) {
    Result<InputFile> old = InputFile::open(path);
    if (!old)
      return old.takeStatus();
    Result<uint64_t> kept = keptBytes(*old, completedSteps);
    if (!kept)
      return kept.takeStatus();
    keep = *kept;
  }
  Result<File> file = File::openAt(path, keep);
  if (!file)
    return file.takeStatus();
  return JsonlLog(std::move(*file));
}

} // namespace train::rt
