// Plans of whole trainings are legal by a judge of their own, and tight.
#include "Harness.h"
#include "PlanSimulator.h"
#include "train/IR/Programs.h"

using namespace mlir;
using namespace train;
using namespace train::test;

namespace {

class PlanMemory : public PassTest {
protected:
  void expectLegal(const std::string &family, const Recipe &recipe) {
    SCOPED_TRACE(family + " accumulate " + std::to_string(recipe.accumulate));
    OwningOpRef<ModuleOp> module = buildSmall(family);
    ASSERT_TRUE(buildStep(*module, recipe));
    ASSERT_TRUE(run(*module, createTrainFuse(), createTrainVerifyStage(),
                    createTrainSchedule({2}), createTrainVerifyStage(),
                    createTrainPlanMemory({2}), createTrainVerifyStage()));
    PlanSimulator simulator(*module);
    int programs = 0;
    for (ProgramOpInterface program : getExecutedPrograms(*module)) {
      ++programs;
      for (const std::string &line : simulator.run(program))
        ADD_FAILURE() << program->getName().getStringRef().str() << ": " << line;
    }
    EXPECT_GE(programs, 2);
    int64_t arena = (*module)->getAttrOfType<IntegerAttr>("train.arena_bytes").getInt();
    int64_t bound =
        (*module)->getAttrOfType<IntegerAttr>("train.lower_bound_bytes").getInt();
    EXPECT_GE(arena, bound);
    EXPECT_LE(arena, bound + bound / 50) << "more than 2 % above the lower bound";
  }
};

TEST_F(PlanMemory, PlainStepsAreLegal) {
  for (const char *family : {"mlp", "gpt2", "llama", "unet"})
    expectLegal(family, {1, false, "adamw"});
}

TEST_F(PlanMemory, ClippedStepsAreLegal) { expectLegal("gpt2", {1, true, "momentum"}); }

TEST_F(PlanMemory, AccumulatedStepsAreLegal) {
  for (const char *family : {"mlp", "gpt2", "llama", "unet"})
    expectLegal(family, {4, true, "adamw"});
}

// The judge finds what it is there for: one offset moved onto another's bytes.
TEST_F(PlanMemory, TheJudgeSeesAnOverlap) {
  OwningOpRef<ModuleOp> module = buildSmall("mlp");
  ASSERT_TRUE(buildStep(*module, {}));
  ASSERT_TRUE(run(*module, createTrainSchedule({1}), createTrainPlanMemory({1})));
  auto step = *module->getOps<StepOp>().begin();
  for (auto matmul : step.getOps<MatmulOp>()) {
    matmul->setAttr("train.offsets", DenseI64ArrayAttr::get(&context, {0}));
    break;
  }
  EXPECT_FALSE(PlanSimulator(*module).run(step).empty());
}

} // namespace
