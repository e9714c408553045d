// Strategies change no bit, and the planner's simulation is the timeline's account.
#include "Harness.h"
#include "train/Analysis/MemoryTimeline.h"
#include "train/Analysis/PlanAttributes.h"
#include "train/Reference/Equivalence.h"

using namespace mlir;
using namespace train;
using namespace train::test;
using namespace train::reference;

namespace {

constexpr const char *kStrategies[] = {
    "none",
    "uniform:2",
    "sqrt",
    "block",
    "sublayer",
    "policy:save-nothing",
    "policy:save-everything",
    "policy:save-dots",
    "policy:save-dots-no-batch",
};

class Residency : public PassTest {
protected:
  OwningOpRef<ModuleOp> schedule(const std::string &family, int64_t accumulate) {
    OwningOpRef<ModuleOp> module = buildSmall(family);
    EXPECT_TRUE(buildStep(*module, {accumulate, false, "adamw"}));
    EXPECT_TRUE(run(*module, createTrainFuse(), createTrainSchedule({2})));
    return module;
  }

  bool applyStrategy(ModuleOp module, const std::string &remat, int64_t budget = 0,
                     const std::string &compress = "none") {
    return run(module, createTrainPlanResidency({remat, budget, false, 2, compress}),
               createTrainApplyResidency(), createTrainReuseOperands(),
               createTrainVerifyStage());
  }

  /// The largest number of live bytes in the step, by the timeline.
  int64_t getPeak(ModuleOp module) {
    auto step =
        cast<ProgramOpInterface>((*module.getOps<StepOp>().begin()).getOperation());
    PersistentMemory persistent(module);
    FailureOr<MemoryTimeline> timeline = MemoryTimeline::build(step, persistent, 2);
    return succeeded(timeline) ? timeline->getLowerBound() : -1;
  }

  int64_t countClones(ModuleOp module) {
    int64_t clones = 0;
    module.walk([&](Operation *op) { clones += op->hasAttr("train.clone"); });
    return clones;
  }

  int64_t countOps(ModuleOp module) {
    return (*module.getOps<StepOp>().begin()).getBody().front().getOperations().size();
  }

  void expectExact(ModuleOp module) {
    StepOp step = *module.getOps<StepOp>().begin();
    EXPECT_EQ(step->getAttrOfType<IntegerAttr>(kResidencyPeakAttr).getInt(),
              getPeak(module));
  }

  /// The tensors that are made whole from copies of fewer bits.
  int64_t countDecoded(ModuleOp module) {
    int64_t decoded = 0;
    module.walk([&](Operation *op) {
      auto bytes = op->getAttrOfType<IntegerAttr>(kEncodedAttr);
      decoded += bytes && bytes.getInt() > 0 && op->hasAttr(kCloneAttr);
    });
    return decoded;
  }

  double getExtraSeconds(ModuleOp module) {
    StepOp step = *module.getOps<StepOp>().begin();
    return step->getAttrOfType<FloatAttr>(kRecomputeSecondsAttr).getValueAsDouble();
  }

  /// The reads that kernels compute themselves.
  int64_t countSunk(ModuleOp module) {
    int64_t sunk = 0;
    module.walk([&](Operation *op) {
      if (auto count = op->getAttrOfType<IntegerAttr>(kSunkAttr))
        sunk += count.getInt();
    });
    return sunk;
  }

  /// As `schedule`, of models whose every budget is planned within seconds.
  OwningOpRef<ModuleOp> scheduleTiny(const std::string &family, int64_t accumulate,
                                     const std::string &optimizer = "adamw") {
    ModelOptions options;
    options.family = family;
    options.batch = 2;
    options.layers = family == "unet" ? 2 : 3;
    options.width = family == "unet" ? 4 : 16;
    if (family == "llama") {
      options.seq = 32;
      options.vocab = 32;
    } else {
      options.image = 32;
    }
    if (family == "vit") {
      options.patch = 8;
      // So that the results divide into blocks.
      options.classes = 1024;
    }
    if (family != "unet")
      options.heads = 2;
    std::string error;
    OwningOpRef<ModuleOp> module = buildModel(&context, options, error);
    EXPECT_TRUE(module) << error;
    EXPECT_TRUE(buildStep(*module, {accumulate, false, optimizer}));
    EXPECT_TRUE(run(*module, createTrainFuse(), createTrainSchedule({2})));
    return module;
  }

  /// The arenas that budgets can have, falling.
  SmallVector<int64_t> getArenas(ModuleOp before, const std::string &compress = "none") {
    OwningOpRef<ModuleOp> module = cast<ModuleOp>(before->clone());
    EXPECT_TRUE(run(*module, createTrainPlanResidency(
                                 {"budget", int64_t(1) << 40, true, 2, compress})));
    StepOp step = *module->getOps<StepOp>().begin();
    auto arenas = step->getAttrOfType<DenseI64ArrayAttr>(kParetoArenasAttr);
    return SmallVector<int64_t>(arenas.asArrayRef());
  }
};

TEST_F(Residency, StrategiesAreBitwiseNeutral) {
  for (const char *family : {"mlp", "gpt2", "unet", "llama"})
    for (int64_t accumulate : {1, 3}) {
      OwningOpRef<ModuleOp> before = schedule(family, accumulate);
      for (const char *remat : kStrategies) {
        SCOPED_TRACE(std::string(family) + " " + remat);
        OwningOpRef<ModuleOp> after = cast<ModuleOp>((*before)->clone());
        ASSERT_TRUE(applyStrategy(*after, remat));
        EXPECT_TRUE(succeeded(checkEquivalent(*before, *after)));
      }
    }
}

TEST_F(Residency, TheSimulatedPeakIsTheTimelines) {
  int simulated = 0;
  for (const char *family : {"mlp", "gpt2", "unet", "llama", "resnet", "vit", "bert"})
    for (int64_t accumulate : {1, 3}) {
      OwningOpRef<ModuleOp> before = schedule(family, accumulate);
      for (const char *remat : kStrategies) {
        SCOPED_TRACE(std::string(family) + " " + remat);
        OwningOpRef<ModuleOp> after = cast<ModuleOp>((*before)->clone());
        ASSERT_TRUE(applyStrategy(*after, remat));
        StepOp step = *after->getOps<StepOp>().begin();
        // Where nothing is computed again there is nothing to simulate.
        if (!step->hasAttr(kResidencyPeakAttr)) {
          EXPECT_EQ(countClones(*after), 0);
          continue;
        }
        ++simulated;
        expectExact(*after);
      }
    }
  EXPECT_EQ(simulated, 7 * 2 * 7);
}

// Budgets between the largest arena and the smallest, the smallest itself included,
// whatever the plan does to fit them: no bit changes, and the simulation is the
// timeline's account to the byte, of ops too that repetitions have left without a reader.
TEST_F(Residency, BudgetsAreNeutralAndSimulatedExactly) {
  for (const char *family : {"unet", "llama", "vit"}) {
    OwningOpRef<ModuleOp> before =
        scheduleTiny(family, family == StringRef("unet") ? 3 : 1);
    SmallVector<int64_t> arenas = getArenas(*before);
    for (size_t i : {arenas.size() / 2, arenas.size() - 1}) {
      SCOPED_TRACE(std::string(family) + " " + std::to_string(arenas[i]));
      OwningOpRef<ModuleOp> after = cast<ModuleOp>((*before)->clone());
      ASSERT_TRUE(applyStrategy(*after, "budget", arenas[i]));
      expectExact(*after);
      EXPECT_TRUE(succeeded(checkEquivalent(*before, *after)));
    }
  }
}

// The shortcuts of a ResNet are computed where their first values are gone before anybody
// reads them, which is left out of the step.
TEST_F(Residency, WhatNobodyReadsIsNotSimulated) {
  ModelOptions options;
  options.family = "resnet";
  options.size = "18";
  options.image = 32;
  options.batch = 8;
  options.classes = 10;
  std::string error;
  OwningOpRef<ModuleOp> before = buildModel(&context, options, error);
  ASSERT_TRUE(before) << error;
  ASSERT_TRUE(buildStep(*before, {1, false, "adamw"}));
  ASSERT_TRUE(run(*before, createTrainFuse(), createTrainSchedule({2})));
  SmallVector<int64_t> arenas = getArenas(*before);
  ASSERT_GE(arenas.size(), 3u);
  bool leftOut = false;
  for (size_t i : {arenas.size() / 3, arenas.size() - 2, arenas.size() - 1}) {
    SCOPED_TRACE(arenas[i]);
    OwningOpRef<ModuleOp> after = cast<ModuleOp>((*before)->clone());
    ASSERT_TRUE(applyStrategy(*after, "budget", arenas[i]));
    expectExact(*after);
    // Every clone is one more op, but for what is gone.
    leftOut |= countOps(*after) < countOps(*before) + countClones(*after);
  }
  EXPECT_TRUE(leftOut);
}

// relu's adjoint reads its sign from the convolution's result, which batch_norm's adjoint
// keeps alive, and silu's gate is made of what its own adjoint reads.
TEST_F(Residency, BudgetsSink) {
  for (const char *family : {"unet", "llama"}) {
    SCOPED_TRACE(family);
    OwningOpRef<ModuleOp> before = scheduleTiny(family, 1);
    int64_t sunk = 0;
    for (int64_t arena : getArenas(*before)) {
      OwningOpRef<ModuleOp> after = cast<ModuleOp>((*before)->clone());
      ASSERT_TRUE(applyStrategy(*after, "budget", arena));
      sunk = std::max(sunk, countSunk(*after));
      if (sunk)
        break;
    }
    EXPECT_GT(sunk, 0);
  }
}

// With memory enough nothing changes, and a strategy that keeps a tensor keeps it for all
// who read it.
TEST_F(Residency, WhatIsKeptIsNotSunk) {
  for (auto [family, keep] :
       {std::pair("unet", "policy:save:relu"), std::pair("llama", "policy:save:silu")}) {
    SCOPED_TRACE(family);
    OwningOpRef<ModuleOp> before = scheduleTiny(family, 1);
    OwningOpRef<ModuleOp> after = cast<ModuleOp>((*before)->clone());
    ASSERT_TRUE(applyStrategy(*after, "budget", int64_t(1) << 40));
    EXPECT_EQ(countSunk(*after), 0);
    after = cast<ModuleOp>((*before)->clone());
    ASSERT_TRUE(applyStrategy(*after, keep));
    EXPECT_EQ(countSunk(*after), 0);
  }
}

// The rule of what a strategy keeps, kept in fewer bits: simulated as exactly as all
// else, with a peak that is no larger, and a training that is nearly the same. What is
// kept has a relative error of 2^-9 in bf16, of 2^-4 in fp8 at most, and in fp4 of a
// tenth of the norm, and so have the products of two such values that gradients are sums
// of. Forward sees none of it.
TEST_F(Residency, RulesKeepInFewerBits) {
  const std::pair<const char *, double> formats[] = {
      {"bf16", 0.02}, {"fp8", 0.1}, {"fp4", 0.4}};
  for (const char *family : {"unet", "llama", "vit"}) {
    OwningOpRef<ModuleOp> before =
        scheduleTiny(family, family == StringRef("unet") ? 3 : 1, "sgd");
    for (const char *remat : {"none", "sqrt", "block", "sublayer"}) {
      OwningOpRef<ModuleOp> plain = cast<ModuleOp>((*before)->clone());
      ASSERT_TRUE(applyStrategy(*plain, remat));
      int64_t wider = getPeak(*plain), statistics = 0;
      for (auto state : plain->getOps<StateOp>())
        if (state.getRole() == StateRole::Statistic)
          statistics += alignToArena(getByteSize(state.getType()));
      for (auto [format, tolerance] : formats) {
        SCOPED_TRACE(std::string(family) + " " + remat + " " + format);
        OwningOpRef<ModuleOp> after = cast<ModuleOp>((*before)->clone());
        ASSERT_TRUE(applyStrategy(*after, remat, 0, format));
        EXPECT_GT(countDecoded(*after), 0);
        expectExact(*after);
        // Where little is kept the peak may lie elsewhere. Statistics that the step
        // writes wait for that: of rounded values they could not be made again.
        int64_t peak = getPeak(*after);
        EXPECT_LE(peak, wider + statistics);
        if (remat == StringRef("none"))
          EXPECT_LT(peak, wider);
        wider = peak;
        EquivalenceOptions close;
        close.tolerance = tolerance;
        EXPECT_TRUE(succeeded(checkEquivalent(*before, *after, close)));
        ScopedDiagnosticHandler silence(&context, [](Diagnostic &) { return success(); });
        EXPECT_FALSE(succeeded(checkEquivalent(*before, *after)));
      }
    }
  }
}

// A budget stores in fewer bits only where that is cheaper than all that loses nothing: a
// row of its table is never dearer, and smaller arenas are in reach. Simulated exactly.
TEST_F(Residency, BudgetsCompressWhereThatIsCheaper) {
  ModelOptions options;
  options.family = "mlp";
  options.batch = 512;
  options.widths = {64, 256, 256, 256, 256, 256, 10};
  std::string error;
  OwningOpRef<ModuleOp> before = buildModel(&context, options, error);
  ASSERT_TRUE(before) << error;
  ASSERT_TRUE(buildStep(*before, {1, false, "adamw"}));
  ASSERT_TRUE(run(*before, createTrainFuse(), createTrainSchedule({2})));
  SmallVector<int64_t> plain = getArenas(*before);
  for (const char *format : {"bf16", "fp8", "fp4"}) {
    SCOPED_TRACE(format);
    SmallVector<int64_t> compressed = getArenas(*before, format);
    EXPECT_EQ(plain.front(), compressed.front());
    EXPECT_LE(compressed.back(), plain.back());
    int64_t decoded = 0, cheaper = 0;
    double extra = 0;
    for (int64_t arena : compressed) {
      SCOPED_TRACE(arena);
      OwningOpRef<ModuleOp> after = cast<ModuleOp>((*before)->clone());
      ASSERT_TRUE(applyStrategy(*after, "budget", arena, format));
      expectExact(*after);
      decoded += countDecoded(*after);
      EXPECT_GE(getExtraSeconds(*after), extra);
      extra = getExtraSeconds(*after);
      if (arena < plain.back())
        continue;
      OwningOpRef<ModuleOp> lossless = cast<ModuleOp>((*before)->clone());
      ASSERT_TRUE(applyStrategy(*lossless, "budget", arena));
      EXPECT_LE(extra, getExtraSeconds(*lossless));
      cheaper += extra < getExtraSeconds(*lossless);
    }
    EXPECT_GT(decoded, 0);
    EXPECT_GT(cheaper, 0);
    // With memory enough nothing is lost.
    OwningOpRef<ModuleOp> all = cast<ModuleOp>((*before)->clone());
    ASSERT_TRUE(applyStrategy(*all, "budget", int64_t(1) << 40, format));
    EXPECT_EQ(countDecoded(*all), 0);
  }
}

// A strategy that did nothing would pass the tests above.
TEST_F(Residency, StrategiesRecompute) {
  OwningOpRef<ModuleOp> before = schedule("gpt2", 1);
  for (const char *remat :
       {"block", "sqrt", "sublayer", "policy:save-dots", "selective:gelu,layer_norm"}) {
    SCOPED_TRACE(remat);
    OwningOpRef<ModuleOp> after = cast<ModuleOp>((*before)->clone());
    ASSERT_TRUE(applyStrategy(*after, remat));
    EXPECT_GT(countClones(*after), 0);
    StepOp step = *after->getOps<StepOp>().begin();
    EXPECT_GT(step->getAttrOfType<FloatAttr>(kRecomputeSecondsAttr).getValueAsDouble(),
              0);
  }
  // The loss is had again with all the rest before backward starts: of the first forward
  // pass nothing is left, and with that nothing is done twice.
  OwningOpRef<ModuleOp> again = cast<ModuleOp>((*before)->clone());
  ASSERT_TRUE(applyStrategy(*again, "policy:save-nothing"));
  EXPECT_GT(countClones(*again), 0);
  StepOp step = *again->getOps<StepOp>().begin();
  EXPECT_EQ(step->getAttrOfType<FloatAttr>(kRecomputeSecondsAttr).getValueAsDouble(), 0);
  OwningOpRef<ModuleOp> none = cast<ModuleOp>((*before)->clone());
  ASSERT_TRUE(applyStrategy(*none, "none"));
  EXPECT_EQ(countClones(*none), 0);
}

} // namespace
