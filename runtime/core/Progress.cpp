// The progress line. See Progress.h.
#include "train/rt/Progress.h"

#include "train/Support/ByteSize.h"
#include "train/rt/System.h"
#include "train/rt/Text.h"

#include <cmath>
#include <unistd.h>

namespace train::rt {

// On a terminal often enough to look alive, in a log file seldom enough to stay readable.
static constexpr int64_t terminalInterval = 100'000'000;
static constexpr int64_t plainInterval = 5'000'000'000;

Progress::Progress(int64_t firstStep, int64_t steps, std::string unit, int64_t perStep,
                   uint64_t arenaBytes)
    : out(File::borrow(STDERR_FILENO, "standard error")),
      terminal(::isatty(STDERR_FILENO)), firstStep(firstStep), steps(steps),
      unit(std::move(unit)), perStep(perStep), arenaBytes(arenaBytes),
      start(steadyNanoseconds()) {}

std::string Progress::line(int64_t step, float loss, double rate,
                           const std::string &scale, int64_t now) const {
  double seconds = double(now - start) / 1e9;
  double perSecond = seconds > 0 ? double(step - firstStep) / seconds : 0;
  double left = perSecond > 0 ? double(steps - step) / perSecond : 0;
  // The sign of a NaN says nothing.
  std::string shown = std::isnan(loss) ? "nan" : format("%.4f", double(loss));
  return format("step %lld/%lld  loss %s  lr %.3g%s  %.0f %s/s  ETA %s  arena %s, "
                "resident %s",
                (long long)step, (long long)steps, shown.c_str(), rate, scale.c_str(),
                perSecond * double(perStep), unit.c_str(), formatDuration(left).c_str(),
                formatByteSize(arenaBytes).c_str(),
                formatByteSize(residentBytes()).c_str());
}

Status Progress::update(int64_t step, float loss, double rate,
                        std::optional<double> lossScale, int64_t skippedSteps) {
  int64_t now = steadyNanoseconds();
  bool edge = step == firstStep + 1 || step == steps;
  if (!edge && now - lastShown < (terminal ? terminalInterval : plainInterval))
    return Status::success();
  lastShown = now;
  std::string scale = lossScale ? format("  scale %g", *lossScale) : "";
  if (skippedSteps)
    scale += format(" (%lld skipped)", (long long)skippedSteps);
  std::string text = line(step, loss, rate, scale, now);
  if (!terminal)
    return out.write(text + "\n");
  // Blanks cover what is left of a longer line before.
  size_t length = text.size();
  if (length < lastLength)
    text.append(lastLength - length, ' ');
  lastLength = length;
  return out.write("\r" + text);
}

Status Progress::finishLine() {
  if (!terminal || !lastLength)
    return Status::success();
  lastLength = 0;
  return out.write("\n");
}

} // namespace train::rt
