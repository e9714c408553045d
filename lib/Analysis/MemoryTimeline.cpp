//===- MemoryTimeline.cpp - questions to a finished timeline ----------------===//
//
// The walk that builds it is in TimelineBuilder.cpp.
//
//===----------------------------------------------------------------------===//
#include "train/Analysis/MemoryTimeline.h"
#include "TimelineBuilder.h"

using namespace mlir;
using namespace train;

int64_t train::getWorkspaceBytes(Operation *op, int threads) {
  int64_t bytes = 0;
  if (auto library = dyn_cast<LibraryOpInterface>(op))
    for (const LibraryCall &call : library.getLibraryCalls())
      if (llvm::is_contained(call.operands, Value()))
        bytes = std::max(
            bytes, trainLibraryWorkspaceBytes(call.entry, call.params.data(), threads));
  if (auto kernels = dyn_cast<WorkspaceOpInterface>(op))
    bytes = std::max(bytes, kernels.getWorkspaceBytes());
  return bytes;
}

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
