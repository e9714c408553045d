//===- MemoryTimeline.cpp - questions to a finished timeline ----------------===//
//
// The walk that builds it is in TimelineBuilder.cpp.
//
//===----------------------------------------------------------------------===//
#include "train/Analysis/MemoryTimeline.h"
#include "TimelineBuilder.h"

using namespace mlir;
using namespace train;

FailureOr<MemoryTimeline> MemoryTimeline::build(ProgramOpInterface program,
                                                const PersistentMemory &persistent,
                                                int threads) {
  MemoryTimeline timeline(persistent);
  if (failed(TimelineBuilder(timeline, program, threads).run()))
    return failure();
  return timeline;
}

std::optional<Place> MemoryTimeline::lookup(Value value) const {
  auto found = places.find(value);
  if (found == places.end())
    return std::nullopt;
  return found->second;
}

std::optional<unsigned> MemoryTimeline::getWorkspace(Operation *op) const {
  auto found = workspaces.find(op);
  if (found == workspaces.end())
    return std::nullopt;
  return found->second;
}

std::array<int64_t, kNumCategories>
MemoryTimeline::getBytesByCategory(int64_t position) const {
  std::array<int64_t, kNumCategories> bytes{};
  for (const Storage &storage : persistent->getStorages())
    bytes[static_cast<unsigned>(storage.category)] += storage.bytes;
  for (const Storage &storage : storages)
    if (storage.first <= position && position <= storage.last)
      bytes[static_cast<unsigned>(storage.category)] += storage.bytes;
  return bytes;
}
