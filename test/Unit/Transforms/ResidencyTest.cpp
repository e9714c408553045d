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

  bool applyStrategy(ModuleOp module, const std::string &remat, int64_t budget = 0) {
    return run(module, createTrainPlanResidency({remat, budget, false, 2}),
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
        EXPECT_EQ(step->getAttrOfType<IntegerAttr>(kResidencyPeakAttr).getInt(),
                  getPeak(*after));
      }
    }
  EXPECT_EQ(simulated, 7 * 2 * 7);
}

// A strategy that did nothing would pass the tests above.
TEST_F(Residency, StrategiesRecompute) {
  OwningOpRef<ModuleOp> before = schedule("gpt2", 1);
  for (const char *remat : {"block", "sqrt", "sublayer", "policy:save-nothing",
                            "policy:save-dots", "selective:gelu,layer_norm"}) {
    SCOPED_TRACE(remat);
    OwningOpRef<ModuleOp> after = cast<ModuleOp>((*before)->clone());
    ASSERT_TRUE(applyStrategy(*after, remat));
    EXPECT_GT(countClones(*after), 0);
    StepOp step = *after->getOps<StepOp>().begin();
    EXPECT_GT(step->getAttrOfType<FloatAttr>(kRecomputeSecondsAttr).getValueAsDouble(),
              0);
  }
  OwningOpRef<ModuleOp> none = cast<ModuleOp>((*before)->clone());
  ASSERT_TRUE(applyStrategy(*none, "none"));
  EXPECT_EQ(countClones(*none), 0);
}

} // namespace
