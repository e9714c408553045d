// What is measured at each step, and the JSONL file that keeps it.
#ifndef TRAIN_RT_METRICS_H
#define TRAIN_RT_METRICS_H

#include "train/rt/File.h"
#include "train/rt/Status.h"

#include <cstdint>
#include <optional>
#include <string>

namespace train::rt {

/// One line of the log. `step` counts completed steps, so the first line has 1.
struct StepRecord {
  int64_t step = 0;
  float loss = 0;
  double rate = 0;
  std::optional<float> gradNorm;
  std::optional<double> lossScale;
  std::optional<bool> skipped;
  double stepMilliseconds = 0;
  std::optional<double> tokensPerSecond;
  std::optional<double> mfu; ///< of the peak that the user named, 1 is all of it
  uint64_t arenaBytes = 0;
  uint64_t rssBytes = 0; ///< anonymous and shared memory, without mapped files
};

/// The record as one JSON object with the fields step, loss, lr, grad_norm, loss_scale,
/// skipped, step_ms, tokens_per_s, mfu, arena_bytes, rss_bytes, in this order, and a line
/// feed. What does not apply or is not finite is null. Floats are written with as many
/// digits as it takes to read the same value back.
std::string toJsonLine(const StepRecord &record);

class JsonlLog {
public:
  /// Starts a new file, or with completedSteps > 0 continues one: lines of later steps,
  /// and a last line cut short, are dropped first. A missing file is created.
  static Result<JsonlLog> open(const std::string &path, int64_t completedSteps);

  /// Writes the line at once, so that a killed training leaves all lines but its last.
  Status write(const StepRecord &record) { return file.write(toJsonLine(record)); }
  Status close() { return file.close(); }

private:
  explicit JsonlLog(File file) : file(std::move(file)) {}
  File file;
};

} // namespace train::rt

#endif // TRAIN_RT_METRICS_H
