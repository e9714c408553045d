// The line that tells a person how the training goes.
#ifndef TRAIN_RT_PROGRESS_H
#define TRAIN_RT_PROGRESS_H

#include "train/rt/File.h"
#include "train/rt/Metrics.h"

#include <cstdint>
#include <optional>
#include <string>

namespace train::rt {

/// Writes to standard error: on a terminal one line that is overwritten, elsewhere a line
/// at the first and last step and every few seconds in between.
class Progress {
public:
  /// `unit` is what `perStep` counts: "tokens" or "samples".
  Progress(int64_t firstStep, int64_t steps, std::string unit, int64_t perStep,
           uint64_t arenaBytes);

  /// Called after every step. A loss scale is shown with how many steps it made the
  /// training skip, if any.
  Status update(int64_t step, float loss, double rate, std::optional<double> lossScale,
                int64_t skippedSteps);
  /// Ends an overwritten line, so that other output starts on its own.
  Status finishLine();

private:
  std::string line(int64_t step, float loss, double rate, const std::string &scale,
                   int64_t now) const;
  File out;
  bool terminal;
  int64_t firstStep, steps;
  std::string unit;
  int64_t perStep;
  uint64_t arenaBytes;
  int64_t start;
  int64_t lastShown = 0;
  size_t lastLength = 0;
};

} // namespace train::rt

#endif // TRAIN_RT_PROGRESS_H
