//===- PlanResidency.cpp - train-plan-residency ------------------------------===//
//
// Asks the planner, tries its answers on a copy of the step down to the arena, and writes
// the first one that fits.
//
//===----------------------------------------------------------------------===//
#include "../Encoding.h"
#include "../InPlace.h"
#include "../PlanMemory/PlaceProgram.h"
#include "../Recompute.h"
#include "KeepRules.h"
#include "KeptRemarks.h"
#include "Sinking.h"
#include "mlir/IR/Remarks.h"
#include "train/Analysis/PlanAttributes.h"
#include "train/IR/Programs.h"
#include "train/Planning/ResidencySolvers.h"
#include "train/Support/ByteSize.h"
#include "train/Transforms/CompressFormats.h"
#include "train/Transforms/Passes.h"
#include "train/Transforms/StepOutputs.h"

namespace train {
#define GEN_PASS_DEF_TRAINPLANRESIDENCY
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

/// A program as the passes after this one will leave it.
struct Trial {
  OwningOpRef<Operation *> program;
  std::optional<MemoryTimeline> timeline;
  /// Bytes of the whole arena.
  int64_t arena = 0;
};

/// Rewrites a copy of `program` as the passes after this one will, and places it.
FailureOr<Trial> tryOut(ProgramOpInterface program, const PersistentMemory &persistent,
                        int threads) {
  Trial trial;
  trial.program = program->clone();
  auto copied = cast<ProgramOpInterface>(*trial.program);
  SmallVector<Block *> blocks = getExecutedBlocks(copied);
  for (Block *block : blocks)
    if (failed(applyRecomputation(*block)))
      return failure();
  for (Block *block : blocks)
    markInPlace(*block);
  FailureOr<MemoryTimeline> timeline = MemoryTimeline::build(copied, persistent, threads);
  if (failed(timeline))
    return failure();
  FailureOr<planning::ArenaSolution> placed = placeProgram(copied, *timeline, 0);
  if (failed(placed))
    return failure();
  trial.timeline = std::move(*timeline);
  trial.arena = persistent.getBytes() + placed->peak;
  return std::move(trial);
}

/// The step with some reads sunk, or none, and the question that is left then.
struct Variant {
  /// The copy in which they are sunk; null where the step is as it stands.
  OwningOpRef<Operation *> copy;
  ProgramOpInterface step;
  StepProblem problem;
  std::vector<SunkRead> sinks;
};

/// A copy of `step` with `sinks` sunk.
FailureOr<Variant> sink(ProgramOpInterface step, const PersistentMemory &persistent,
                        int threads, std::vector<SunkRead> sinks,
                        FloatType compress = {}) {
  OwningOpRef<Operation *> copy = step->clone();
  auto copied = cast<ProgramOpInterface>(*copy);
  Block &block = getPlannedBlock(copied);
  SmallVector<Operation *> ops;
  for (Operation &op : block)
    ops.push_back(&op);
  writeSinks(sinks, ops);
  FailureOr<NumberedOps> numbered = applySinking(block);
  if (failed(numbered))
    return failure();
  FailureOr<StepProblem> problem =
      StepProblem::build(copied, persistent, threads, std::move(*numbered), compress);
  if (failed(problem))
    return failure();
  return Variant{std::move(copy), copied, std::move(*problem), std::move(sinks)};
}

/// One order of one variant.
struct Plan {
  const Variant *variant = nullptr;
  planning::ResidencySolution solution;

  /// Says on the ops of the step as it stands, `whole`, what they are to sink and to
  /// repeat. The ops of the copy have numbers that hold only until some are gone.
  void write(const Variant &whole) const {
    const NumberedOps &from = variant->problem.getOps(), &to = whole.problem.getOps();
    variant->problem.write(solution);
    writeSinks(variant->sinks, to);
    for (auto [source, target] : llvm::zip_equal(from, to))
      if (source && source != target)
        for (StringRef name : {kRecomputeBeforeAttr, kCompressAttr})
          if (Attribute plan = source->removeAttr(name))
            target->setAttr(name, plan);
  }
};

/// Takes back what Plan::write said.
void erasePlan(const Variant &whole) {
  for (Operation *op : whole.problem.getOps())
    for (StringRef name : {kRecomputeBeforeAttr, kSinkAttr, kCompressAttr})
      op->removeAttr(name);
}

/// Names the largest of what is alive at the peak, where it comes from.
void attachLiveSet(InFlightDiagnostic &diagnostic, const Trial &trial,
                   const PersistentMemory &persistent) {
  constexpr size_t most = 8;
  const MemoryTimeline &timeline = *trial.timeline;
  int64_t peak = timeline.getPeakPosition();
  diagnostic.attachNote() << "of these, parameters, states and constants take "
                          << persistent.getBytes() << " bytes";
  SmallVector<const Storage *> alive;
  for (const Storage &storage : timeline.getStorages())
    if (storage.first <= peak && peak <= storage.last && storage.bytes)
      alive.push_back(&storage);
  llvm::sort(alive, [](const Storage *a, const Storage *b) {
    return a->bytes != b->bytes ? a->bytes > b->bytes : a < b;
  });
  if (Operation *op = timeline.getPeakOp())
    diagnostic.attachNote(op->getLoc()) << "the peak is at this " << op->getName();
  int64_t rest = 0;
  for (auto [i, storage] : llvm::enumerate(alive))
    if (i < most)
      diagnostic.attachNote(storage->loc)
          << storage->bytes << " bytes are alive there: " << storage->name << " ("
          << getCategoryName(storage->category) << ")";
    else
      rest += storage->bytes;
  if (rest)
    diagnostic.attachNote() << alive.size() - most << " more take " << rest << " bytes";
}

struct PlanResidency : train::impl::TrainPlanResidencyBase<PlanResidency> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    std::string error;
    std::optional<RematStrategy> strategy = parseRematStrategy(remat, error);
    if (!strategy) {
      module.emitError("remat: ") << error;
      return signalPassFailure();
    }
    if (!llvm::is_contained(kCompressFormats, StringRef(compress))) {
      module.emitError("compress must be ")
          << kCompressFormatList << ", got '" << compress << "'";
      return signalPassFailure();
    }
    if (strategy->kind == RematStrategy::Kind::Budget && budget < 1) {
      module.emitError("remat=budget needs a budget of at least 1 byte, got ")
          << budget.getValue();
      return signalPassFailure();
    }
    auto step = findProgram<StepOp>(module);
    if (!step)
      return;
    PersistentMemory persistent(module);
    if (failed(plan(cast<ProgramOpInterface>(*step), persistent, *strategy)))
      signalPassFailure();
  }

private:
  LogicalResult plan(ProgramOpInterface step, const PersistentMemory &persistent,
                     const RematStrategy &strategy) {
    FloatType narrow = getCompressType(step.getContext(), compress);
    bool keepsAll = !narrow && keepsEverything(step, strategy) &&
                    !(isNone(strategy) && hasMixedKernels(getPlannedBlock(step)));
    if (keepsAll) {
      annotate(step, getBaseSeconds(step), 0);
      // Only those who listen are told what all is.
      if (!areRemarksOn(step))
        return success();
    }
    FailureOr<StepProblem> problem = StepProblem::build(step, persistent, threads);
    if (failed(problem))
      return failure();
    if (keepsAll) {
      remarkKept(*problem, planning::keepEverything(problem->getProblem()));
      return success();
    }
    double base = problem->getProblem().baseCost();
    Variant whole{nullptr, step, std::move(*problem), {}};
    FailureOr<std::optional<Variant>> sunk = sinkFor(whole, persistent, strategy);
    if (failed(sunk))
      return failure();
    SmallVector<const Variant *> variants{&whole};
    if (*sunk)
      variants.push_back(&**sunk);
    std::vector<Variant> compressed;
    if (narrow) {
      // A rule says what is stored in fewer bits, a budget does what it takes.
      bool isRule = strategy.kind != RematStrategy::Kind::Budget;
      for (const Variant *variant : variants) {
        if (!isRule && variant != variants.back())
          continue;
        FailureOr<Variant> made = sink(step, persistent, threads, variant->sinks, narrow);
        if (failed(made))
          return failure();
        compressed.push_back(std::move(*made));
      }
      if (isRule)
        variants.clear();
      for (const Variant &variant : compressed)
        variants.push_back(&variant);
    }
    for (const Variant *variant : variants)
      if (std::optional<std::string> wrong = variant->problem.getProblem().check())
        return step->emitOpError("is no residency problem: ") << *wrong;
    FailureOr<Plan> plan = strategy.kind == RematStrategy::Kind::Budget
                               ? fit(variants, persistent)
                               : followRule(variants, strategy);
    if (failed(plan))
      return failure();
    const Variant &variant = *plan->variant;
    const planning::ResidencySolution &solution = plan->solution;
    if (std::optional<std::string> wrong = solution.verify(variant.problem.getProblem()))
      return step->emitOpError("has an invalid residency plan: ") << *wrong;
    plan->write(whole);
    annotate(step, base, solution.cost - base);
    step->setAttr(kResidencyPeakAttr,
                  Builder(step.getContext()).getI64IntegerAttr(solution.peak));
    explain(step, whole, *plan, base);
    return success();
  }

  /// The variant that sinks what may be sunk and pays; nothing if that is nothing. A rule
  /// that keeps a tensor keeps it for all who read it, but for `none`, which keeps what a
  /// tensor is exactly widened from, if that is cheaper than moving the bytes.
  FailureOr<std::optional<Variant>> sinkFor(const Variant &whole,
                                            const PersistentMemory &persistent,
                                            const RematStrategy &strategy) {
    std::vector<bool> kept(whole.problem.getProblem().tensors.size(), false);
    std::optional<double> secondsPerByte;
    if (isNone(strategy)) {
      // As much as moving them away and back would take, twice over.
      secondsPerByte = 8 / getMachineModel(threads).bytesPerSecond;
      for (unsigned tensor = 0; tensor < kept.size(); ++tensor)
        kept[tensor] = !isWidened(whole.problem, tensor);
    } else if (strategy.kind != RematStrategy::Kind::Budget) {
      FailureOr<std::vector<bool>> byRule = getKept(whole.step, whole.problem, strategy);
      if (failed(byRule))
        return failure();
      kept = std::move(*byRule);
    }
    std::vector<SunkRead> sinks = chooseSinks(
        whole.problem, threads, [&](unsigned tensor) { return !kept[tensor]; },
        secondsPerByte);
    if (sinks.empty())
      return std::optional<Variant>();
    FailureOr<Variant> variant = sink(whole.step, persistent, threads, std::move(sinks));
    if (failed(variant))
      return failure();
    return std::optional<Variant>(std::move(*variant));
  }

  static void annotate(ProgramOpInterface step, double base, double extra) {
    Builder builder(step.getContext());
    step->setAttr(kBaseSecondsAttr, builder.getF64FloatAttr(base));
    step->setAttr(kRecomputeSecondsAttr, builder.getF64FloatAttr(extra));
  }

  /// Of the block that is planned.
  double getBaseSeconds(ProgramOpInterface step) {
    MachineModel machine = getMachineModel(threads);
    double seconds = 0;
    for (Operation &op : getPlannedBlock(step))
      seconds += getSeconds(&op, machine);
    return seconds;
  }

  static bool isNone(const RematStrategy &strategy) {
    return strategy.kind == RematStrategy::Kind::None;
  }

  /// Whether a kernel reads and writes floats of several widths.
  static bool hasMixedKernels(Block &block) {
    return llvm::any_of(block.getOps<FusionOp>(), [](FusionOp fusion) {
      auto isNarrow = [](Type type) {
        auto element = dyn_cast<FloatType>(cast<RankedTensorType>(type).getElementType());
        return element && element.getWidth() < 32;
      };
      return llvm::any_of(fusion->getOperandTypes(), isNarrow) &&
             !llvm::all_of(fusion->getResultTypes(), isNarrow);
    });
  }

  /// Whether nothing is to be computed again whatever the model.
  static bool keepsEverything(ProgramOpInterface step, const RematStrategy &strategy) {
    if (strategy.kind == RematStrategy::Kind::SaveEverything)
      return true;
    auto isMarked = [](Operation *op) {
      return op->hasAttr(kCheckpointAttr) ? WalkResult::interrupt()
                                          : WalkResult::advance();
    };
    return strategy.kind == RematStrategy::Kind::None &&
           !step.getBodyBlock()->walk(isMarked).wasInterrupted();
  }

  /// Sinks where that costs nothing: neither bytes at the peak nor seconds, of which
  /// `none` has been sparing before.
  FailureOr<Plan> followRule(ArrayRef<const Variant *> variants,
                             const RematStrategy &strategy) {
    std::optional<Plan> best;
    for (const Variant *variant : variants) {
      FailureOr<std::vector<bool>> kept =
          getKept(variant->step, variant->problem, strategy);
      if (failed(kept))
        return failure();
      planning::ResidencySolution solution =
          variant->problem.getCopies().empty()
              ? planning::keepOnly(variant->problem.getProblem(), *kept)
              : variant->problem.keepCompressed(*kept);
      if (!best || (solution.peak <= best->solution.peak &&
                    (isNone(strategy) || solution.cost <= best->solution.cost)))
        best = Plan{variant, std::move(solution)};
    }
    return std::move(*best);
  }

  /// The planner's orders, cheapest first, and what the arena of each really is.
  class Candidates {
  public:
    Candidates(ArrayRef<const Variant *> variants, const PersistentMemory &persistent,
               int threads)
        : whole(*variants.front()), persistent(persistent), threads(threads) {
      // With memory enough, nothing changes.
      double base = whole.problem.getProblem().baseCost();
      std::vector<Plan> all;
      for (const Variant *variant : variants)
        for (planning::ResidencySolution &solution :
             planning::findFrontier(variant->problem.getProblem(), followRules(*variant)))
          all.push_back({variant, variant->problem.settle(std::move(solution))});
      auto costOf = [&](const Plan &plan) { return std::max(base, plan.solution.cost); };
      llvm::stable_sort(
          all, [&](const Plan &a, const Plan &b) { return costOf(a) < costOf(b); });
      for (Plan &plan : all)
        if (orders.empty() || plan.solution.peak < orders.back().solution.peak)
          orders.push_back(std::move(plan));
      arenas.resize(orders.size());
    }

    size_t size() const { return orders.size(); }
    const Plan &operator[](size_t i) const { return orders[i]; }

    FailureOr<Trial> tryOrder(size_t i) {
      orders[i].write(whole);
      FailureOr<Trial> trial = tryOut(whole.step, persistent, threads);
      erasePlan(whole);
      return trial;
    }

    FailureOr<int64_t> getArena(size_t i) {
      if (!arenas[i]) {
        FailureOr<Trial> trial = tryOrder(i);
        if (failed(trial))
          return failure();
        arenas[i] = trial->arena;
      }
      return *arenas[i];
    }

    /// The cheapest whose arena is at most `budget`; size() if there is none. A larger
    /// budget can't give a dearer one.
    FailureOr<size_t> findFirst(int64_t budget) {
      for (size_t i = 0; i < size(); ++i) {
        // No arena is smaller than what is alive at once.
        if (orders[i].solution.peak > budget)
          continue;
        FailureOr<int64_t> arena = getArena(i);
        if (failed(arena))
          return failure();
        if (*arena <= budget)
          return i;
      }
      return size();
    }

    /// The one with the smallest arena.
    FailureOr<size_t> findSmallest() {
      size_t best = size();
      for (size_t i = size(); i-- > 0;) {
        // Only one whose peak is below the best arena so far can be it.
        if (best < size() && orders[i].solution.peak >= *arenas[best])
          continue;
        FailureOr<int64_t> arena = getArena(i);
        if (failed(arena))
          return failure();
        if (best == size() || *arena < *arenas[best])
          best = i;
      }
      return best;
    }

  private:
    /// What the strategies by rule do, so that no budget does worse.
    static std::vector<planning::ResidencySolution> followRules(const Variant &variant) {
      std::vector<planning::ResidencySolution> rules;
      using Kind = RematStrategy::Kind;
      for (Kind kind : {Kind::Uniform, Kind::Sqrt, Kind::Sublayer, Kind::SaveNothing,
                        Kind::SaveDots, Kind::SaveDotsNoBatch}) {
        RematStrategy strategy;
        strategy.kind = kind;
        if (FailureOr<std::vector<bool>> kept =
                getKept(variant.step, variant.problem, strategy);
            succeeded(kept))
          rules.push_back(planning::keepOnly(variant.problem.getProblem(), *kept));
      }
      return rules;
    }

    /// The step as it stands, which is the first variant.
    const Variant &whole;
    const PersistentMemory &persistent;
    int threads;
    std::vector<Plan> orders;
    std::vector<std::optional<int64_t>> arenas;
  };

  /// The cheapest order whose arena, the other programs' included, is within the budget.
  FailureOr<Plan> fit(ArrayRef<const Variant *> variants,
                      const PersistentMemory &persistent) {
    ProgramOpInterface step = variants.front()->step;
    std::optional<Trial> largest;
    ProgramOpInterface largestProgram;
    for (ProgramOpInterface program : getExecutedPrograms(getOperation())) {
      if (program == step)
        continue;
      FailureOr<Trial> trial = tryOut(program, persistent, threads);
      if (failed(trial))
        return failure();
      if (largest && trial->arena <= largest->arena)
        continue;
      largest = std::move(*trial);
      largestProgram = program;
    }
    int64_t others = largest ? largest->arena : 0;
    // The first of all candidates, whatever the budget; what the others are takes long to
    // find out for large steps.
    if (!pareto && others <= budget) {
      FailureOr<Trial> whole = tryOut(step, persistent, threads);
      if (failed(whole))
        return failure();
      if (whole->arena <= budget)
        return Plan{variants.front(),
                    planning::keepEverything(variants.front()->problem.getProblem())};
    }
    Candidates candidates(variants, persistent, threads);
    double base = variants.front()->problem.getProblem().baseCost();
    if (pareto && failed(tabulate(step, candidates, others, base)))
      return failure();
    if (others <= budget) {
      FailureOr<size_t> found = candidates.findFirst(budget);
      if (failed(found))
        return failure();
      if (*found < candidates.size())
        return candidates[*found];
    }
    FailureOr<size_t> smallest = candidates.findSmallest();
    if (failed(smallest))
      return failure();
    FailureOr<Trial> trial = candidates.tryOrder(*smallest);
    if (failed(trial))
      return failure();
    if (others > trial->arena)
      refuse(largestProgram, *largest, persistent);
    else
      refuse(step, *trial, persistent);
    return failure();
  }

  /// Writes the table of arena and time on the step, without what another row beats in
  /// both.
  LogicalResult tabulate(ProgramOpInterface step, Candidates &candidates, int64_t others,
                         double base) {
    SmallVector<int64_t> arenas;
    SmallVector<double> seconds;
    for (size_t i = 0; i < candidates.size(); ++i) {
      FailureOr<int64_t> arena = candidates.getArena(i);
      if (failed(arena))
        return failure();
      int64_t whole = std::max(*arena, others);
      if (!arenas.empty() && whole >= arenas.back())
        continue;
      arenas.push_back(whole);
      seconds.push_back(candidates[i].solution.cost - base);
    }
    Builder builder(&getContext());
    step->setAttr(kParetoArenasAttr, builder.getDenseI64ArrayAttr(arenas));
    step->setAttr(kParetoSecondsAttr, builder.getDenseF64ArrayAttr(seconds));
    return success();
  }

  void refuse(ProgramOpInterface program, const Trial &smallest,
              const PersistentMemory &persistent) {
    InFlightDiagnostic diagnostic =
        program->emitError("no plan fits the memory budget of ")
        << budget.getValue() << " bytes (" << formatByteSize(budget)
        << "): the smallest arena found for '" << program->getName().stripDialect()
        << "' is " << smallest.arena << " bytes (" << formatByteSize(smallest.arena)
        << ")";
    getOperation()->setAttr(kMinimumBytesAttr,
                            Builder(&getContext()).getI64IntegerAttr(smallest.arena));
    attachLiveSet(diagnostic, smallest, persistent);
  }

  /// Says what stays as it is because the format is one of blocks.
  void explainUndivided(const StepProblem &problem) {
    for (unsigned tensor : problem.getUndivided()) {
      Value value = problem.getValue(tensor);
      const planning::ResidencyTensor &plain = problem.getProblem().tensors[tensor];
      remark::missed(
          value.getLoc(),
          remark::RemarkOpts::name("NotCompressed").category("train-plan-residency"))
          << remark::add("{0} is not stored as {1}: its {2} elements are no multiple of "
                         "a block of {3}",
                         plain.id, compress.getValue(),
                         cast<RankedTensorType>(value.getType()).getNumElements(),
                         Encoding::getBlock(getCompressType(&getContext(), compress)))
          << remark::metric("bytes", plain.bytes);
    }
  }

  void explain(ProgramOpInterface step, const Variant &whole, const Plan &plan,
               double base) {
    const StepProblem &problem = plan.variant->problem;
    const planning::ResidencyProblem &plain = problem.getProblem();
    std::vector<bool> done(plain.nodes.size(), false);
    std::vector<bool> isBase(plain.nodes.size(), false);
    for (unsigned node : plain.order)
      isBase[node] = true;
    std::vector<bool> leftOut = planning::findLeftOut(plain, plan.solution.sequence);
    for (auto [step, node] : llvm::enumerate(plan.solution.sequence)) {
      if (isBase[node] && !done[node]) {
        done[node] = true;
        continue;
      }
      if (leftOut[step])
        continue;
      bool isCopy = isCopyOfItself(problem.getExecution(node));
      int64_t bytes = 0;
      for (unsigned tensor : plain.nodes[node].writes)
        bytes += plain.tensors[tensor].bytes;
      Location loc = problem.getOps()[problem.getExecution(node).getOp()]->getLoc();
      auto options = remark::RemarkOpts::name(isCopy ? "Compressed" : "Recomputed")
                         .category("train-plan-residency");
      std::string name = plain.nodes[node].id, what = "is computed again";
      if (isCopy) {
        name = plain.tensors[plain.nodes[node].writes.front()].id;
        int64_t stored = 0;
        for (unsigned part : plain.nodes[node].reads)
          stored += plain.tensors[part].bytes;
        what = "is stored as " + compress + ", in " + std::to_string(stored) + " bytes";
      }
      remark::passed(loc, options)
          << remark::add("{0} {1}", name, what) << remark::metric("bytes", bytes)
          << remark::metric("microseconds", plain.nodes[node].cost * 1e6);
    }
    explainUndivided(problem);
    for (const SunkRead &sunk : plan.variant->sinks) {
      const planning::ResidencyTensor &tensor =
          whole.problem.getProblem().tensors[sunk.tensor];
      Operation *user = whole.problem.getOps()[sunk.user];
      remark::passed(user->getLoc(),
                     remark::RemarkOpts::name("Sunk").category("train-plan-residency"))
          << remark::add("{0} is computed again in the kernel of {1}@{2}", tensor.id,
                         user->getName().stripDialect(), sunk.user)
          << remark::metric("bytes", tensor.bytes)
          << remark::metric("lengthened_bytes", sunk.lengthened)
          << remark::metric("microseconds", sunk.way.seconds * 1e6);
    }
    remarkKept(problem, plan.solution);
    remark::analysis(
        step.getLoc(),
        remark::RemarkOpts::name("ResidencyPlanned").category("train-plan-residency"))
        << remark::add("{0}: {1} of {2} executions are repetitions, {3} reads are sunk",
                       plan.solution.solver,
                       plan.solution.sequence.size() - plain.order.size(),
                       plan.solution.sequence.size(), plan.variant->sinks.size())
        << remark::metric("peak_bytes", plan.solution.peak)
        << remark::metric("extra_percent",
                          base > 0 ? 100 * (plan.solution.cost - base) / base : 0.0);
  }
};

} // namespace
