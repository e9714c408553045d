//===- PlaceProgram.h - offsets for one program's storages -------------------===//
//
// What train-plan-memory does with each program, and what the residency planner asks
// before it accepts a plan: one question with one answer.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_PLANMEMORY_PLACEPROGRAM_H
#define TRAIN_LIB_TRANSFORMS_PLANMEMORY_PLACEPROGRAM_H

#include "train/Analysis/MemoryTimeline.h"
#include "train/Planning/ArenaProblem.h"

namespace train {

/// One offset per storage of `timeline`, from the end of the persistent region on. `free`
/// bytes are there anyway: a plan that needs no more is not made smaller. Fails with a
/// diagnostic if the storages are too large to be added up.
mlir::FailureOr<planning::ArenaSolution>
placeProgram(ProgramOpInterface program, const MemoryTimeline &timeline, int64_t free);

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_PLANMEMORY_PLACEPROGRAM_H
