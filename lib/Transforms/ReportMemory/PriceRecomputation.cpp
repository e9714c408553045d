//===- PriceRecomputation.cpp - what dropping each activation would cost ------===//
//
// States the planned program as a residency problem once more, and asks for each buffer
// that waits over the peak. The plan's in-place results are undone for it: bytes that
// several values share in turn say nothing about who could do without whom.
//
//===----------------------------------------------------------------------===//
#include "train/Transforms/PriceRecomputation.h"
#include "../PlanResidency/StepProblem.h"
#include "../Recompute.h"
#include "train/Analysis/CostModel.h"
#include "train/Planning/RecomputationFinder.h"

using namespace mlir;
using namespace train;

namespace {

class Pricer {
public:
  /// `apart` is `planned` with a storage per result. The problem is of `apart`.
  Pricer(const MemoryTimeline &planned, Block &plannedBlock, const StepProblem &apart,
         const MemoryReport &report)
      : planned(planned), apart(apart), report(report), finder(apart.getProblem()) {
    for (auto [mine, theirs] :
         llvm::zip_equal(plannedBlock.getArguments(), apart.getBlock().getArguments()))
      original[theirs] = mine;
    for (auto [mine, theirs] : llvm::zip_equal(plannedBlock, apart.getBlock()))
      for (auto [result, copy] : llvm::zip_equal(mine.getResults(), theirs.getResults()))
        original[copy] = result;
    for (Operation &op : plannedBlock)
      positions.push_back(planned.getPosition(&op));
    const std::vector<unsigned> &order = apart.getProblem().order;
    while (afterPeak < order.size() &&
           getPosition(order[afterPeak]) <= report.peak.position)
      ++afterPeak;
    findHeld();
  }

  std::optional<MemoryReport::Cost> price(unsigned storage) {
    auto held = heldAtPeak.find(storage);
    if (held == heldAtPeak.end())
      return std::nullopt;
    unsigned tensor = held->second.second;
    std::optional<unsigned> at = finder.findRead(tensor, afterPeak);
    std::optional<std::vector<unsigned>> nodes;
    if (at)
      nodes = finder.find(tensor, *at);
    if (!nodes)
      return std::nullopt;
    MemoryReport::Cost sum{0, 0, 0, static_cast<int64_t>(nodes->size())};
    for (unsigned node : *nodes) {
      OpCost cost = getCost(node);
      sum.flops += cost.flops;
      sum.bytes += cost.bytes;
      sum.seconds += apart.getProblem().nodes[node].cost;
    }
    return sum;
  }

private:
  int64_t getPosition(unsigned node) const {
    return positions[apart.getExecution(node).getOp()];
  }

  /// Which value each storage of the plan holds at the peak: the last one written there.
  void findHeld() {
    for (unsigned tensor = 0; tensor < apart.getProblem().tensors.size(); ++tensor) {
      Value value = original.lookup(apart.getValue(tensor));
      std::optional<Place> place = value ? planned.lookup(value) : std::nullopt;
      if (!place || place->persistent)
        continue;
      Operation *op = value.getDefiningOp();
      int64_t written = op ? planned.getPosition(op) : 0;
      if (written > report.peak.position)
        continue;
      auto [held, isNew] =
          heldAtPeak.try_emplace(place->storage, std::pair(written, tensor));
      if (!isNew && held->second.first <= written)
        held->second = {written, tensor};
    }
  }

  OpCost getCost(unsigned node) {
    auto [known, isNew] = costs.try_emplace(node);
    if (!isNew)
      return known->second;
    // Of a part of a kernel, the kernel that would have to be made.
    RecomputeAttr entry = apart.getExecution(node);
    Operation *op = apart.getOps()[entry.getOp()];
    OpBuilder builder(op->getBlock()->getTerminator());
    Refusal refusal;
    Operation *again = executeAgain(
        builder, apart.getOps(), entry, apart.getOps().size() - 1,
        [](Value value) { return value; }, [](Value, Value) {}, refusal);
    known->second = getOpCost(again ? again : op);
    if (again)
      again->erase();
    return known->second;
  }

  const MemoryTimeline &planned;
  const StepProblem &apart;
  const MemoryReport &report;
  const planning::RecomputationFinder finder;
  DenseMap<Value, Value> original; ///< by value of `apart`
  SmallVector<int64_t> positions;  ///< by op of the block
  /// By storage of the plan: where its value at the peak was written, and the tensor.
  DenseMap<unsigned, std::pair<int64_t, unsigned>> heldAtPeak;
  DenseMap<unsigned, OpCost> costs; ///< by node
  unsigned afterPeak = 0;           ///< position of the problem's order
};

} // namespace

void train::priceRecomputation(ModuleOp module, MemoryReport &report) {
  auto threads = module->getAttrOfType<IntegerAttr>(kThreadsAttr);
  auto program = module.lookupSymbol<ProgramOpInterface>(report.peak.program);
  if (!threads || !program)
    return;
  // Prices are a service: where the program can't be stated as a problem there are none.
  ScopedDiagnosticHandler silence(module.getContext(),
                                  [](Diagnostic &) { return success(); });
  PersistentMemory persistent(module);
  FailureOr<MemoryTimeline> planned =
      MemoryTimeline::build(program, persistent, threads.getInt());
  OwningOpRef<Operation *> copy = program->clone();
  copy->walk([](FusionOp fusion) {
    fusion.setAliases(SmallVector<int64_t>(fusion->getNumResults(), -1));
  });
  auto apart = cast<ProgramOpInterface>(*copy);
  FailureOr<StepProblem> problem =
      StepProblem::build(apart, persistent, threads.getInt());
  if (failed(planned) || failed(problem) || problem->getProblem().check())
    return;
  Pricer pricer(*planned, getPlannedBlock(program), *problem, report);
  size_t first = persistent.getStorages().size();
  for (size_t i = first; i < report.buffers.size(); ++i)
    if (report.isSaved(report.buffers[i]))
      report.buffers[i].recompute = pricer.price(i - first);
}
