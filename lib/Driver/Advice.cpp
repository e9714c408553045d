//===- Advice.cpp - planning what was not asked for ---------------------------===//
//
// Every line of advice is the result of the same pipelines that compile; nothing is
// estimated.
//
//===----------------------------------------------------------------------===//
#include "Advice.h"
#include "mlir/Pass/PassManager.h"
#include "train/Analysis/PlanAttributes.h"

using namespace mlir;
using namespace train;

std::optional<Advice> train::planQuietly(ModuleOp graph, const TrainOptions &options) {
  ScopedDiagnosticHandler silence(graph.getContext(),
                                  [](Diagnostic &) { return success(); });
  OwningOpRef<ModuleOp> module = graph.clone();
  PassManager pm(graph.getContext());
  buildTrainPipeline(pm, options);
  if (failed(pm.run(*module)))
    return std::nullopt;
  auto arena = (*module)->getAttrOfType<IntegerAttr>(kArenaBytesAttr);
  if (!arena || (options.plan.budget && arena.getInt() > options.plan.budget))
    return std::nullopt;
  Advice advice;
  advice.arena = arena.getInt();
  for (auto step : module->getOps<StepOp>()) {
    auto base = step->getAttrOfType<FloatAttr>(kBaseSecondsAttr);
    auto extra = step->getAttrOfType<FloatAttr>(kRecomputeSecondsAttr);
    if (base && extra && base.getValueAsDouble() > 0)
      advice.extraPercent = 100 * extra.getValueAsDouble() / base.getValueAsDouble();
  }
  return advice;
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
      return false;
    advice->options = spelled;
    found.push_back(*advice);
    return true;
  };
  if (options.plan.remat != "budget") {
    options.plan.remat = "budget";
    attempt("--remat=budget");
  }
  if (!options.graph.lossChunk) {
    options.graph.lossChunk = 0;
    attempt("--loss-chunk=auto");
  }
  if (!found.empty())
    return found;
  // What fits with many samples fits with fewer, so the largest divisor is found by
  // halving.
  std::vector<int64_t> divisors;
  for (int64_t i = 1; i * i <= microBatch; ++i)
    if (microBatch % i == 0) {
      divisors.push_back(i);
      if (i > 1 && i * i != microBatch)
        divisors.push_back(microBatch / i);
    }
  llvm::sort(divisors);
  std::string before = spelled;
  std::optional<Advice> best;
  for (size_t low = 0, high = divisors.size(); low < high;) {
    size_t middle = low + (high - low) / 2;
    options.graph.batch = divisors[middle];
    options.step.accumulate = microBatch / divisors[middle] * given.step.accumulate;
    std::optional<Advice> advice = planQuietly(graph, options);
    if (!advice) {
      high = middle;
      continue;
    }
    advice->options = before + (before.empty() ? "" : " ") +
                      "--micro-batch=" + std::to_string(options.graph.batch) +
                      " --accumulate=" + std::to_string(options.step.accumulate);
    best = advice;
    low = middle + 1;
  }
  if (best)
    found.push_back(*best);
  return found;
}

int64_t train::findLargestBatch(ModuleOp graph, const TrainOptions &given,
                                int64_t budget) {
  TrainOptions options = given;
  options.plan.remat = "budget";
  options.plan.budget = budget;
  options.plan.pareto = false;
  auto fits = [&](int64_t batch) {
    options.graph.batch = batch;
    return planQuietly(graph, options).has_value();
  };
  constexpr int64_t most = int64_t(1) << 20;
  if (!fits(1))
    return 0;
  int64_t low = 1, high = 2;
  while (high <= most && fits(high)) {
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    int64_t middle = low + (high - low) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return low;
}
