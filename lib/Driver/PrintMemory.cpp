// See PrintMemory.h.
#include "PrintMemory.h"
#include "train/Analysis/PlanAttributes.h"
#include "train/Support/ByteSize.h"

using namespace mlir;
using namespace train;

void train::printMemory(const MemoryReport &memory) {
  llvm::raw_ostream &os = llvm::outs();
  os << "arena " << memory.peakBytes << " bytes (" << formatByteSize(memory.peakBytes)
     << "), lower bound " << memory.lowerBoundBytes << " bytes\n";
  for (auto [i, bytes] : llvm::enumerate(memory.byCategory))
    os << "  " << llvm::left_justify(getCategoryName(static_cast<Category>(i)), 14)
       << llvm::format("%14lld", static_cast<long long>(bytes)) << "\n";
}

void train::printRecomputation(ModuleOp module) {
  for (auto step : module.getOps<StepOp>()) {
    auto base = step->getAttrOfType<FloatAttr>(kBaseSecondsAttr);
    auto extra = step->getAttrOfType<FloatAttr>(kRecomputeSecondsAttr);
    if (base && extra && base.getValueAsDouble() > 0)
      llvm::outs() << llvm::format(
          "recomputation %.1f %% of the predicted time without it\n",
          100 * extra.getValueAsDouble() / base.getValueAsDouble());
  }
}

void train::printPareto(ModuleOp module) {
  for (auto step : module.getOps<StepOp>()) {
    auto arenas = step->getAttrOfType<DenseI64ArrayAttr>(kParetoArenasAttr);
    auto seconds = step->getAttrOfType<DenseF64ArrayAttr>(kParetoSecondsAttr);
    auto base = step->getAttrOfType<FloatAttr>(kBaseSecondsAttr);
    if (!arenas || !seconds || !base)
      continue;
    llvm::outs() << "arena_bytes extra_seconds extra_percent\n";
    for (auto [arena, extra] : llvm::zip(arenas.asArrayRef(), seconds.asArrayRef()))
      llvm::outs() << arena << llvm::format(" %.6f", extra)
                   << llvm::format(" %.3f\n", 100 * extra / base.getValueAsDouble());
  }
}

// Lines such as `     2.10 GiB   -30.1 %  time  +25.0 %  --remat=block`.
void train::printSmallerOptions(const std::vector<Advice> &all, int64_t arena) {
  llvm::raw_ostream &os = llvm::outs();
  os << "\nWhat one more option would make of the arena, each planned\n";
  if (all.empty())
    os << "  no strategy by rule, format or half a micro-batch makes it smaller\n";
  for (const Advice &advice : all) {
    double change =
        100.0 * static_cast<double>(advice.arena - arena) / static_cast<double>(arena);
    os << llvm::right_justify(formatByteSize(advice.arena), 13)
       << llvm::format("%8.1f %%  time %+6.1f %%  ", change, advice.extraPercent)
       << advice.options << (advice.isLossy ? "  (rounds what backward reads)\n" : "\n");
  }
}

// Lines such as `  sequence         20224  (now 1024; no plan for 20352)`.
void train::printLargestSizes(const std::vector<SizeLimit> &limits, int64_t budget) {
  llvm::raw_ostream &os = llvm::outs();
  os << "\nThe largest that a plan within " << budget
     << " bytes has, each alone, the rest as it is\n";
  for (const char *name : {"micro-batch", "sequence", "layers"}) {
    os << "  " << llvm::left_justify(name, 12);
    auto limit =
        llvm::find_if(limits, [&](const SizeLimit &l) { return l.name == name; });
    if (limit == limits.end()) {
      os << "  not found in the model\n";
      continue;
    }
    os << llvm::right_justify(limit->most ? std::to_string(limit->most) : "none", 10)
       << "  (now " << limit->now;
    if (limit->endsInShapes)
      os << "; the model's shapes allow no " << limit->tooMuch;
    else if (limit->most)
      os << "; no plan for " << limit->tooMuch;
    if (!limit->like.empty())
      os << "; more like " << limit->like;
    os << ")\n";
  }
}

void train::printAdvice(const std::vector<Advice> &all) {
  for (const Advice &advice : all)
    llvm::errs() << "train-compile: note: it fits with " << advice.options << ": arena "
                 << advice.arena << " bytes (" << formatByteSize(advice.arena) << "), "
                 << llvm::format("%.1f", advice.extraPercent) << " % more time predicted"
                 << (advice.isLossy ? ", what backward reads is rounded\n" : "\n");
  if (all.empty())
    llvm::errs() << "train-compile: note: no other strategy or micro-batch fits\n";
}
