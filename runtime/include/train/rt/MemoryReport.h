// The memory plan that the compiler left in the executable, as text for people.
#ifndef TRAIN_RT_MEMORYREPORT_H
#define TRAIN_RT_MEMORYREPORT_H

#include "train/Runtime/Abi.h"

#include <cstdint>
#include <string>

namespace train::rt {

/// Size and lower bound of the arena, and what fills it at the peak by category.
std::string memoryPlanText(const TrainExecutable &executable);

/// What the run used beside the arena: `residentNow` is all anonymous and shared memory
/// of the process, `arenaResident` the part of it that belongs to the arena.
std::string memoryMeasuredText(const TrainExecutable &executable, uint64_t arenaResident,
                               uint64_t residentNow);

} // namespace train::rt

#endif // TRAIN_RT_MEMORYREPORT_H
