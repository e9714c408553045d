// The learning rate as a function of the step.
#ifndef TRAIN_RT_SCHEDULE_H
#define TRAIN_RT_SCHEDULE_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace train::rt {

enum class ScheduleKind { Constant, Linear, Cosine };

std::string_view scheduleName(ScheduleKind kind);
std::optional<ScheduleKind> scheduleFromName(std::string_view name);

struct Schedule {
  ScheduleKind kind = ScheduleKind::Constant;
  double rate = 1e-3;
  double minRate = 0; ///< where linear and cosine end
  int64_t warmupSteps = 0;
  int64_t steps = 100; ///< of the whole training
};

/// The rate of step `step`, counted from 0. During warmup it rises linearly, (step + 1) /
/// warmupSteps of the full rate. Afterwards the fraction p = (step - warmup) / (steps -
/// warmup) of the way is gone: constant stays, linear falls to minRate with p, cosine
/// with (1 - cos(pi p)) / 2 (Loshchilov and Hutter, SGDR, 2017, one cycle). From step
/// `steps` on it is the final value.
double learningRate(const Schedule &schedule, int64_t step);

} // namespace train::rt

#endif // TRAIN_RT_SCHEDULE_H
