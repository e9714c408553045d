//===- PlaceProgram.cpp - a timeline as an arena problem ----------------------===//
//
// Translates, asks lib/Planning, and has the answer verified.
//
//===----------------------------------------------------------------------===//
#include "PlaceProgram.h"
#include "train/Planning/ArenaSolvers.h"

using namespace mlir;
using namespace train;

/// A second's worth of search for what greedy placement does not bring to its lower
/// bound; train-plan has minutes where somebody wants the last per mille.
static constexpr planning::ArenaOptions kEffort{/*localSearchWork=*/50'000'000,
                                                /*exactNodes=*/50'000};

FailureOr<planning::ArenaSolution> train::placeProgram(ProgramOpInterface program,
                                                       const MemoryTimeline &timeline,
                                                       int64_t free) {
  planning::ArenaProblem problem;
  problem.alignment = TRAIN_ALIGNMENT;
  for (const Storage &storage : timeline.getStorages())
    problem.buffers.push_back(
        {storage.name, storage.first, storage.last + 1, storage.bytes});
  if (std::optional<std::string> wrong = problem.check()) {
    program->emitOpError("has storages that no arena can hold: ") << *wrong;
    return failure();
  }
  if (free >= problem.lowerBound())
    problem.capacity = free;
  planning::ArenaSolution solution = planning::planArena(problem, kEffort);
  problem.capacity.reset();
  if (std::optional<std::string> wrong = solution.verify(problem)) {
    program->emitOpError("has an invalid memory plan: ") << *wrong;
    return failure();
  }
  return solution;
}
