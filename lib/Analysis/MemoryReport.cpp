//===- MemoryReport.cpp - a planned module's memory as JSON -----------------===//
//
// Puts timelines and the plan's attributes together. Decides nothing.
//
//===----------------------------------------------------------------------===//
#include "train/Analysis/MemoryReport.h"
#include "train/Analysis/MemoryTimeline.h"
#include "train/Analysis/PlanAttributes.h"

using namespace mlir;
using namespace train;
namespace json = llvm::json;

namespace {

std::string print(Location loc) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (auto file = loc->findInstanceOf<FileLineColLoc>())
    stream << file.getFilename().getValue() << ":" << file.getLine() << ":"
           << file.getColumn();
  else
    stream << loc;
  return text;
}

int64_t getOffset(const Storage &storage) {
  if (!storage.value)
    return storage.op->getAttrOfType<IntegerAttr>(kWorkspaceAttr).getInt();
  if (auto argument = dyn_cast<BlockArgument>(storage.value))
    return argument.getOwner()->getParentOp()->getAttrOfType<DenseI64ArrayAttr>(
        kArgOffsetsAttr)[argument.getArgNumber()];
  auto result = cast<OpResult>(storage.value);
  return result.getOwner()->getAttrOfType<DenseI64ArrayAttr>(
      kOffsetsAttr)[result.getResultNumber()];
}

json::Object describe(const Storage &storage, int64_t offset, int64_t first,
                      int64_t last) {
  return json::Object{{"name", storage.name},
                      {"location", print(storage.loc)},
                      {"category", getCategoryName(storage.category)},
                      {"bytes", storage.bytes},
                      {"offset", offset},
                      {"first_use", first},
                      {"last_use", last}};
}

json::Object describePeak(StringRef program, const MemoryTimeline &timeline,
                          Location loc) {
  Operation *op = timeline.getPeakOp();
  return json::Object{{"program", program},
                      {"position", timeline.getPeakPosition()},
                      {"op", op ? op->getName().getStringRef() : StringRef("inputs")},
                      {"location", print(op ? op->getLoc() : loc)},
                      {"live_bytes", timeline.getLowerBound()}};
}

void describeContents(json::Object &report, const MemoryTimeline &timeline,
                      const PersistentMemory &persistent) {
  json::Object byCategory;
  for (auto [i, bytes] :
       llvm::enumerate(timeline.getBytesByCategory(timeline.getPeakPosition())))
    byCategory[getCategoryName(static_cast<Category>(i))] = bytes;
  report["by_category"] = std::move(byCategory);

  int64_t end = timeline.getLiveBytes().size() - 1;
  json::Array buffers;
  for (auto [i, storage] : llvm::enumerate(persistent.getStorages()))
    buffers.push_back(describe(storage, persistent.getOffset(i), 0, end));
  for (const Storage &storage : timeline.getStorages())
    buffers.push_back(describe(storage, getOffset(storage), storage.first, storage.last));
  report["buffers"] = std::move(buffers);
  report["steps"] = json::Array(timeline.getLiveBytes());
}

} // namespace

FailureOr<json::Object> train::buildMemoryReport(ModuleOp module, StringRef space) {
  auto arenaBytes = module->getAttrOfType<IntegerAttr>(kArenaBytesAttr);
  auto lowerBound = module->getAttrOfType<IntegerAttr>(kLowerBoundAttr);
  auto threads = module->getAttrOfType<IntegerAttr>(kThreadsAttr);
  if (!arenaBytes || !lowerBound || !threads)
    return module.emitError("a memory report needs a module at stage planned");

  PersistentMemory persistent(module);
  std::optional<MemoryTimeline> peak;
  SymbolOpInterface peakProgram;
  json::Array programs;
  for (auto program : module.getOps<ProgramOpInterface>()) {
    if (isa<GraphOp>(program))
      continue;
    FailureOr<MemoryTimeline> timeline =
        MemoryTimeline::build(program, persistent, threads.getInt());
    if (failed(timeline))
      return failure();
    auto symbol = cast<SymbolOpInterface>(program.getOperation());
    programs.push_back(json::Object{{"name", symbol.getName()},
                                    {"live_bytes", timeline->getLowerBound()}});
    if (!peak || timeline->getLowerBound() > peak->getLowerBound()) {
      peak = std::move(*timeline);
      peakProgram = symbol;
    }
  }

  json::Object report;
  json::Object spaces;
  for (StringRef name : {"device", "host", "file"}) {
    bool isMain = name == space;
    spaces[name] = json::Object{{"peak_bytes", isMain ? arenaBytes.getInt() : 0},
                                {"lower_bound_bytes", isMain ? lowerBound.getInt() : 0}};
  }
  report["spaces"] = std::move(spaces);
  report["peak_bytes"] = arenaBytes.getInt();
  report["lower_bound_bytes"] = lowerBound.getInt();
  report["outside_arena_bytes"] = nullptr;
  report["programs"] = std::move(programs);
  if (peak) {
    report["peak"] = describePeak(peakProgram.getName(), *peak, peakProgram->getLoc());
    describeContents(report, *peak, persistent);
  }
  return report;
}
