//===- Advice.cpp - planning what was not asked for ---------------------------===//
//
// Every line of advice is the result of the same pipelines that compile; nothing is
// estimated. Planning for a budget is dear, so where only yes or no is asked the
// strategies by rule come first: what fits with one of them fits.
//
//===----------------------------------------------------------------------===//
#include "Advice.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "train/Analysis/PlanAttributes.h"
#include "train/Transforms/CompressFormats.h"
#include "train/Transforms/ModelSize.h"

using namespace mlir;
using namespace train;

/// What `graph` (stage graph) needs with `options`; nothing if it can't be planned, or
/// not within the options' budget. Says nothing to the user.
static std::optional<Advice> planQuietly(ModuleOp graph, const TrainOptions &options) {
  ScopedDiagnosticHandler silence(graph.getContext(),
                                  [](Diagnostic &) { return success(); });
  OwningOpRef<ModuleOp> module = graph.clone();
  PassManager pm(graph.getContext());
  // Once at the end, as where the user's own options are planned.
  pm.enableVerifier(false);
  buildTrainPipeline(pm, options);
  if (failed(pm.run(*module)))
    return std::nullopt;
  auto arena = (*module)->getAttrOfType<IntegerAttr>(kArenaBytesAttr);
  if (!arena || (options.plan.budget && arena.getInt() > options.plan.budget) ||
      failed(verify(*module)))
    return std::nullopt;
  Advice advice;
  advice.arena = arena.getInt();
  advice.isLossy = options.plan.compress != "none";
  for (auto step : module->getOps<StepOp>()) {
    auto base = step->getAttrOfType<FloatAttr>(kBaseSecondsAttr);
    auto extra = step->getAttrOfType<FloatAttr>(kRecomputeSecondsAttr);
    if (base && extra && base.getValueAsDouble() > 0)
      advice.extraPercent = 100 * extra.getValueAsDouble() / base.getValueAsDouble();
  }
  return advice;
}

/// Whether a strategy by rule fits the budget. No budget's plan needs more than those.
static bool fitsByRule(ModuleOp graph, TrainOptions options) {
  for (const char *rule : {"sublayer", "block"}) {
    options.plan.remat = rule;
    if (planQuietly(graph, options))
      return true;
  }
  return false;
}

static bool fits(ModuleOp graph, const TrainOptions &options) {
  return fitsByRule(graph, options) || planQuietly(graph, options);
}

/// Ascending.
static std::vector<int64_t> getDivisors(int64_t number) {
  std::vector<int64_t> divisors;
  for (int64_t i = 1; i * i <= number; ++i)
    if (number % i == 0) {
      divisors.push_back(i);
      if (i * i != number)
        divisors.push_back(number / i);
    }
  llvm::sort(divisors);
  return divisors;
}

/// The formats of fewer bits than the options say, the most bits first.
static ArrayRef<llvm::StringLiteral> getNarrowerFormats(const TrainOptions &options) {
  ArrayRef<llvm::StringLiteral> all(kCompressFormats);
  return all.drop_front(llvm::find(all, StringRef(options.plan.compress)) - all.begin() +
                        1);
}

std::vector<Advice> train::findFittingOptions(ModuleOp graph, const TrainOptions &given,
                                              int64_t budget, int64_t microBatch) {
  std::vector<Advice> found;
  TrainOptions options = given;
  options.plan.budget = budget;
  options.plan.pareto = false;
  std::string spelled;
  auto attempt = [&](const std::string &change) {
    spelled += (spelled.empty() ? "" : " ") + change;
    std::optional<Advice> advice = planQuietly(graph, options);
    if (!advice)
      return;
    advice->options = spelled;
    found.push_back(*advice);
  };
  if (options.plan.remat != "budget") {
    options.plan.remat = "budget";
    attempt("--remat=budget");
  }
  if (!options.graph.lossChunk) {
    options.graph.lossChunk = 0;
    attempt("--loss-chunk=auto");
  }
  bool isLossless = !found.empty();
  for (StringRef format : getNarrowerFormats(given)) {
    TrainOptions whole = options;
    std::string before = spelled;
    size_t known = found.size();
    options.plan.compress = format.str();
    attempt(("--compress=" + format).str());
    options = std::move(whole);
    spelled = std::move(before);
    if (found.size() > known)
      break;
  }
  if (isLossless || microBatch < 2)
    return found;
  // What fits with many samples fits with fewer, so the largest divisor is found by
  // halving.
  std::vector<int64_t> divisors = getDivisors(microBatch);
  auto choose = [&](int64_t batch) {
    options.graph.batch = batch;
    options.step.accumulate = microBatch / batch * given.step.accumulate;
  };
  size_t low = 0;
  for (size_t high = divisors.size() - 1; low < high;) {
    size_t middle = low + (high - low) / 2;
    choose(divisors[middle]);
    if (fits(graph, options))
      low = middle + 1;
    else
      high = middle;
  }
  if (low > 0) {
    choose(divisors[low - 1]);
    attempt("--micro-batch=" + std::to_string(options.graph.batch) +
            " --accumulate=" + std::to_string(options.step.accumulate));
  }
  return found;
}

std::vector<Advice> train::findSmallerOptions(ModuleOp graph, const TrainOptions &given,
                                              int64_t arena, int64_t microBatch) {
  std::vector<Advice> found;
  TrainOptions options = given;
  options.plan.pareto = false;
  auto attempt = [&](const std::string &change) {
    std::optional<Advice> advice = planQuietly(graph, options);
    if (advice && advice->arena < arena) {
      advice->options = change;
      found.push_back(*advice);
    }
    options.graph = given.graph;
    options.step = given.step;
    options.plan.remat = given.plan.remat;
    options.plan.compress = given.plan.compress;
  };
  for (const char *rule : {"sublayer", "block"}) {
    options.plan.remat = rule;
    attempt(std::string("--remat=") + rule);
  }
  for (StringRef format : getNarrowerFormats(given)) {
    options.plan.compress = format.str();
    attempt(("--compress=" + format).str());
  }
  if (!given.graph.lossChunk) {
    options.graph.lossChunk = 0;
    attempt("--loss-chunk=auto");
  }
  if (microBatch > 1 && microBatch % 2 == 0) {
    options.graph.batch = microBatch / 2;
    options.step.accumulate = 2 * given.step.accumulate;
    attempt("--micro-batch=" + std::to_string(options.graph.batch) +
            " --accumulate=" + std::to_string(options.step.accumulate));
  }
  llvm::stable_sort(found,
                    [](const Advice &a, const Advice &b) { return a.arena > b.arena; });
  return found;
}

namespace {

/// Looks for how far a size can go.
class Climber {
public:
  using Test = llvm::function_ref<bool(int64_t)>;

  /// Sizes are multiples of `step`, and looked at from `start` on.
  Climber(int64_t start, int64_t step) : start(start), step(step) {}

  /// Sets `most` and `tooMuch`. `byRule` is cheap to ask and may be too strict.
  void climb(Test byRule, Test byBudget, SizeLimit &limit) const {
    int64_t low = 0, high = start;
    auto ask = [&](Test fits, int64_t size) {
      (fits(size) ? low : high) = size;
      return low == size;
    };
    if (ask(byRule, start)) {
      for (high = 2 * start; low <= kMostSteps * step && ask(byRule, high);)
        high = 2 * low;
      while (high - low > getPrecision(low))
        ask(byRule, getMiddle(low, high));
    }
    // By budget it goes a little further.
    high = std::max(start, low + 2 * getPrecision(low));
    while (low <= kMostSteps * step && ask(byBudget, high))
      high = low + 2 * getPrecision(low);
    while (low > 0 && high - low > getPrecision(low))
      ask(byBudget, getMiddle(low, high));
    limit.most = low;
    limit.tooMuch = high;
  }

private:
  static constexpr int64_t kMostSteps = int64_t(1) << 20;

  /// A sixteenth is as exact as a choice needs to be.
  int64_t getPrecision(int64_t size) const {
    return std::max(step, size / 16 / step * step);
  }
  int64_t getMiddle(int64_t low, int64_t high) const {
    return low + std::max(step, (high - low) / 2 / step * step);
  }

  int64_t start, step;
};

class LargestSizes {
public:
  LargestSizes(ModuleOp graph, const TrainOptions &given, int64_t budget)
      : graph(graph), options(given) {
    options.plan.remat = "budget";
    options.plan.budget = budget;
    options.plan.pareto = false;
  }

  SizeLimit findBatch(int64_t now) {
    SizeLimit limit;
    limit.name = "micro-batch";
    limit.now = now;
    TrainOptions sized = options;
    auto with = [&](int64_t batch) -> const TrainOptions & {
      sized.graph.batch = batch;
      return sized;
    };
    Climber(1, 1).climb(
        [&](int64_t batch) { return fitsByRule(graph, with(batch)); },
        [&](int64_t batch) { return planQuietly(graph, with(batch)).has_value(); },
        limit);
    return limit;
  }

  /// Nothing where the shapes don't show what the sequence is.
  std::optional<SizeLimit> findSequence() {
    std::optional<int64_t> now = getSequenceLength(getGraph(graph));
    if (!now || !changeSequence(2 * *now, /*orShorter=*/*now / 2))
      return std::nullopt;
    SizeLimit limit;
    limit.name = "sequence";
    limit.now = *now;
    // An eighth is as exact as the choice of a length needs to be.
    limit.step = *now & -*now;
    while (limit.step > std::max<int64_t>(1, *now / 8))
      limit.step /= 2;
    Climber(limit.step, limit.step)
        .climb(
            [&](int64_t length) {
              OwningOpRef<ModuleOp> changed = changeSequence(length, 0);
              return changed && fitsByRule(*changed, options);
            },
            [&](int64_t length) {
              OwningOpRef<ModuleOp> changed = changeSequence(length, 0);
              return changed && planQuietly(*changed, options);
            },
            limit);
    limit.endsInShapes = !changeSequence(limit.tooMuch, 0);
    return limit;
  }

  /// Nothing where no two layers are alike.
  std::optional<SizeLimit> findLayers() {
    SmallVector<LayerOp> layers = findEqualLayers(getGraph(graph));
    if (layers.size() < 2)
      return std::nullopt;
    SizeLimit limit;
    limit.name = "layers";
    limit.now = static_cast<int64_t>(layers.size());
    limit.like = layers.back().getName().str();
    auto with = [&](int64_t count) {
      OwningOpRef<ModuleOp> changed = graph.clone();
      addLayers(findEqualLayers(getGraph(*changed)), count - limit.now);
      return changed;
    };
    Climber(limit.now, 1)
        .climb(
            [&](int64_t count) { return fitsByRule(*with(count), options); },
            [&](int64_t count) { return planQuietly(*with(count), options).has_value(); },
            limit);
    return limit;
  }

private:
  static GraphOp getGraph(ModuleOp module) { return *module.getOps<GraphOp>().begin(); }

  /// The graph with another length, or with the second one if it can't follow the first;
  /// null if it can follow neither.
  OwningOpRef<ModuleOp> changeSequence(int64_t length, int64_t orShorter) {
    ScopedDiagnosticHandler silence(graph.getContext(),
                                    [](Diagnostic &) { return success(); });
    for (int64_t each : {length, orShorter}) {
      if (each < 1)
        continue;
      OwningOpRef<ModuleOp> changed = graph.clone();
      if (succeeded(setSequenceLength(getGraph(*changed), each)) &&
          succeeded(verify(*changed)))
        return changed;
    }
    return {};
  }

  ModuleOp graph;
  TrainOptions options;
};

} // namespace

std::vector<SizeLimit> train::findLargestSizes(ModuleOp graph, const TrainOptions &given,
                                               int64_t budget, int64_t microBatch) {
  std::vector<SizeLimit> limits;
  LargestSizes sizes(graph, given, budget);
  if (microBatch)
    limits.push_back(sizes.findBatch(microBatch));
  for (const std::optional<SizeLimit> &limit : {sizes.findSequence(), sizes.findLayers()})
    if (limit)
      limits.push_back(*limit);
  return limits;
}
