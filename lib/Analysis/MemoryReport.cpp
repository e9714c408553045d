//===- MemoryReport.cpp - the account of a planned module's memory ----------===//
//
// Puts timelines, costs and the plan's attributes together. Decides nothing.
//
//===----------------------------------------------------------------------===//
#include "train/Analysis/MemoryReport.h"
#include "train/Analysis/CostModel.h"
#include "train/Analysis/MemoryTimeline.h"
#include "train/Analysis/OpText.h"
#include "train/Analysis/PlanAttributes.h"
#include "train/Analysis/VerifyPlan.h"
#include "train/IR/Programs.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace train;

namespace {

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

std::string getShape(const Storage &storage) {
  if (storage.value)
    return getTypeText(storage.value.getType());
  if (auto param = dyn_cast<ParamOp>(storage.op))
    return getTypeText(param.getType());
  if (auto state = dyn_cast<StateOp>(storage.op))
    return getTypeText(state.getType());
  // A workspace holds no value; literals and the random key are their op's.
  if (storage.category == Category::Workspace)
    return "";
  return getTypeText(storage.op->getResult(0).getType());
}

/// Fills in the part of a report that is about one program.
class Describer {
public:
  Describer(MemoryReport &report, const MemoryTimeline &timeline,
            const PersistentMemory &persistent, const MachineModel &machine)
      : report(report), timeline(timeline), persistent(persistent), machine(machine) {}

  void describe(ProgramOpInterface program) {
    describePeak(program);
    report.steps.assign(timeline.getLiveBytes().begin(), timeline.getLiveBytes().end());
    report.byCategory = timeline.getBytesByCategory(timeline.getPeakPosition());
    describeBuffers();
    report.ops.resize(report.steps.size());
    report.ops[0].name = "inputs";
    report.ops[0].location = getLocationText(program->getLoc());
    describeBlock(*program.getBodyBlock(), 1);
  }

private:
  void describePeak(ProgramOpInterface program) {
    Operation *op = timeline.getPeakOp();
    report.peak = {SymbolTable::getSymbolName(program).str(), timeline.getPeakPosition(),
                   op ? op->getName().getStringRef().str() : "inputs",
                   getLocationText(op ? op->getLoc() : program->getLoc()),
                   timeline.getLowerBound()};
  }

  void describeBuffers() {
    int64_t end = timeline.getLiveBytes().size() - 1;
    for (auto [i, storage] : llvm::enumerate(persistent.getStorages()))
      add(storage, persistent.getOffset(i), 0, end);
    for (const Storage &storage : timeline.getStorages())
      add(storage, getOffset(storage), storage.first, storage.last);
  }

  void add(const Storage &storage, int64_t offset, int64_t first, int64_t last) {
    report.buffers.push_back({storage.name,
                              getLocationText(storage.loc),
                              storage.category,
                              getShape(storage),
                              storage.bytes,
                              offset,
                              first,
                              last,
                              {},
                              std::nullopt,
                              std::nullopt});
  }

  /// The results of an op that puts a tensor of `bytes` into fewer bits.
  void addEncoded(Operation &op, int64_t bytes) {
    for (Value result : op.getResults()) {
      std::optional<Place> place = timeline.lookup(result);
      if (place && !place->persistent)
        report.buffers[place->storage + persistent.getStorages().size()].encoded = bytes;
      bytes = 0;
    }
  }

  void describeBlock(Block &block, int64_t times) {
    for (Operation &op : block) {
      int64_t position = timeline.getPosition(&op);
      MemoryReport::Op &described = report.ops[position];
      described.name = getOpText(&op);
      described.location = getLocationText(op.getLoc());
      described.shape =
          llvm::join(llvm::map_range(op.getResultTypes(), getTypeText), ",");
      described.times = times;
      described.recomputed = op.hasAttr(kCloneAttr);
      if (auto encoded = op.getAttrOfType<IntegerAttr>(kEncodedAttr)) {
        described.decodes = described.recomputed;
        if (!described.decodes)
          addEncoded(op, encoded.getInt());
      }
      if (!isOnlyName(op)) {
        for (Value operand : op.getOperands())
          addUse(operand, position);
        for (Value result : op.getResults())
          addUse(result, position);
      }
      if (std::optional<unsigned> workspace = timeline.getWorkspace(&op))
        addUse(*workspace + persistent.getStorages().size(), position);
      if (auto loop = dyn_cast<MicrobatchOp>(op)) {
        for (Value argument : loop.getBody().getArguments())
          addUse(argument, position);
        describeBlock(loop.getBody().front(), times * loop.getCount());
        continue;
      }
      OpCost cost = getOpCost(&op);
      described.cost = {cost.flops, cost.bytes, getSeconds(&op, machine)};
    }
  }

  // Reads of symbols and views touch no bytes: they name them for whoever does.
  static bool isOnlyName(Operation &op) {
    return isa<ReadOp, RandomKeyOp>(op) ||
           (op.getNumResults() && llvm::all_of(op.getResults(), [](OpResult result) {
              return getResultStorage(result).kind == ResultStorage::Kind::View;
            }));
  }

  void addUse(Value value, int64_t position) {
    if (std::optional<Place> place = timeline.lookup(value))
      addUse(place->storage + (place->persistent ? 0 : persistent.getStorages().size()),
             position);
  }
  void addUse(size_t buffer, int64_t position) {
    std::vector<int64_t> &uses = report.buffers[buffer].uses;
    if (uses.empty() || uses.back() < position)
      uses.push_back(position);
  }

  MemoryReport &report;
  const MemoryTimeline &timeline;
  const PersistentMemory &persistent;
  const MachineModel &machine;
};

} // namespace

bool MemoryReport::isSaved(const Buffer &buffer) const {
  return buffer.category == Category::Activations && buffer.firstUse < peak.position &&
         buffer.lastUse > peak.position &&
         !llvm::is_contained(buffer.uses, peak.position);
}

FailureOr<MemoryReport> train::createMemoryReport(ModuleOp module, StringRef space) {
  auto arenaBytes = module->getAttrOfType<IntegerAttr>(kArenaBytesAttr);
  auto lowerBound = module->getAttrOfType<IntegerAttr>(kLowerBoundAttr);
  auto threads = module->getAttrOfType<IntegerAttr>(kThreadsAttr);
  if (!arenaBytes || !lowerBound || !threads)
    return module.emitError("a memory report needs a module at stage planned");
  if (failed(verifyMemoryPlan(module)))
    return failure();

  MemoryReport report;
  PersistentMemory persistent(module);
  std::optional<MemoryTimeline> peak;
  ProgramOpInterface peakProgram;
  for (ProgramOpInterface program : getExecutedPrograms(module)) {
    FailureOr<MemoryTimeline> timeline =
        MemoryTimeline::build(program, persistent, threads.getInt());
    if (failed(timeline))
      return failure();
    report.programs.push_back(
        {SymbolTable::getSymbolName(program).str(), timeline->getLowerBound()});
    if (!peak || timeline->getLowerBound() > peak->getLowerBound()) {
      peak = std::move(*timeline);
      peakProgram = program;
    }
  }

  for (StringRef name : {"device", "host", "file"}) {
    bool isMain = name == space;
    report.spaces.push_back(
        {name.str(), isMain ? arenaBytes.getInt() : 0, isMain ? lowerBound.getInt() : 0});
  }
  report.peakBytes = arenaBytes.getInt();
  report.lowerBoundBytes = lowerBound.getInt();
  if (peak)
    Describer(report, *peak, persistent, getMachineModel(threads.getInt()))
        .describe(peakProgram);
  return report;
}

FailureOr<llvm::json::Object> train::buildMemoryReport(ModuleOp module, StringRef space) {
  FailureOr<MemoryReport> report = createMemoryReport(module, space);
  if (failed(report))
    return failure();
  report->ops.clear();
  for (MemoryReport::Buffer &buffer : report->buffers)
    buffer.uses.clear();
  return toJson(*report);
}
