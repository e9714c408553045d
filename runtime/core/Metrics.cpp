// The JSONL log. See Metrics.h.
#include "train/rt/Metrics.h"

#include "train/rt/Text.h"

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

// How many bytes of the log to keep: whole lines of steps up to `completedSteps`.
uint64_t keptBytes(std::string_view text, int64_t completedSteps) {
  size_t at = 0;
  for (size_t end; (end = text.find('\n', at)) != std::string_view::npos; at = end + 1) {
    std::string_view line = text.substr(at, end - at);
    auto object = nlohmann::json::parse(line.begin(), line.end(), nullptr, false);
    if (!object.is_object() || !object.contains("step") ||
        !object["step"].is_number_integer() ||
        object["step"].get<int64_t>() > completedSteps)
      break;
  }
  return at;
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
    Result<MappedFile> old = MappedFile::open(path);
    if (!old)
      return old.takeStatus();
    keep = keptBytes({reinterpret_cast<const char *>(old->data()), size_t(old->size())},
                     completedSteps);
  }
  Result<File> file = File::openAt(path, keep);
  if (!file)
    return file.takeStatus();
  return JsonlLog(std::move(*file));
}

} // namespace train::rt
