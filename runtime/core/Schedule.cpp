// Learning-rate schedules. See Schedule.h.
#include "train/rt/Schedule.h"

#include <algorithm>
#include <cmath>

namespace train::rt {

static constexpr std::string_view names[] = {"constant", "linear", "cosine"};

std::string_view scheduleName(ScheduleKind kind) { return names[size_t(kind)]; }

std::optional<ScheduleKind> scheduleFromName(std::string_view name) {
  for (size_t i = 0; i < 3; ++i)
    if (names[i] == name)
      return ScheduleKind(i);
  return std::nullopt;
}

double learningRate(const Schedule &schedule, int64_t step) {
  if (step < schedule.warmupSteps)
    return schedule.rate * double(step + 1) / double(schedule.warmupSteps);
  if (schedule.kind == ScheduleKind::Constant)
    return schedule.rate;
  double length = double(std::max<int64_t>(schedule.steps - schedule.warmupSteps, 1));
  double gone = std::min(double(step - schedule.warmupSteps) / length, 1.0);
  if (schedule.kind == ScheduleKind::Cosine)
    gone = (1 - std::cos(M_PI * gone)) / 2;
  return schedule.rate + (schedule.minRate - schedule.rate) * gone;
}

} // namespace train::rt
