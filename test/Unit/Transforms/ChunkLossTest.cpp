// A loss in chunks of rows trains like the whole one, and holds the logits of one chunk.
#include "Harness.h"
#include "train/Analysis/MemoryTimeline.h"
#include "train/Reference/Initializers.h"
#include "train/Reference/Inputs.h"
#include "train/Reference/Interpreter.h"

#include <cmath>

using namespace mlir;
using namespace train;
using namespace train::test;
using namespace train::reference;

namespace {

constexpr int64_t kRows = 16, kVocabulary = 32;

class ChunkLoss : public PassTest {
protected:
  /// A language model of 16 rows over 32 words: "gpt2" (tied, dropout) or "llama"
  /// (untied), with the labels 3 ignored if `ignores`.
  OwningOpRef<ModuleOp> buildModel(const std::string &family, bool ignores) {
    OwningOpRef<ModuleOp> module = buildSmall(family);
    if (ignores)
      module->walk([](CrossEntropyOp loss) { loss.setIgnoreIndex(3); });
    return module;
  }

  /// What the step writes from the model's initial values, its loss, and the loss of
  /// evaluation; in f64.
  std::map<std::string, TensorRef, std::less<>> execute(ModuleOp module) {
    EvalContext evaluation(Mode::F64);
    evaluation.seed = 7;
    EXPECT_TRUE(succeeded(initializeSymbols(module, evaluation)));
    std::map<std::string, TensorRef, std::less<>> results;
    auto run = [&](ProgramOpInterface program) {
      SmallVector<TensorRef> inputs = randomInputs(program, /*seed=*/3);
      Interpreter interpreter(evaluation);
      EXPECT_TRUE(succeeded(interpreter.run(program, inputs)));
      results.insert(interpreter.getWrites().begin(), interpreter.getWrites().end());
      results[program->getName().getStringRef().str()] = interpreter.getOutputs()[0];
    };
    run(cast<ProgramOpInterface>((*module.getOps<EvalOp>().begin()).getOperation()));
    run(cast<ProgramOpInterface>((*module.getOps<StepOp>().begin()).getOperation()));
    return results;
  }

  /// The most chunks of logits that are alive at once.
  int64_t countLiveChunks(ModuleOp module, ProgramOpInterface program, int64_t rows) {
    PersistentMemory persistent(module);
    FailureOr<MemoryTimeline> timeline = MemoryTimeline::build(program, persistent, 1);
    EXPECT_TRUE(succeeded(timeline));
    SmallVector<int64_t> change(timeline->getLiveBytes().size() + 1, 0);
    int64_t whole = kRows * kVocabulary * 4, chunk = rows * kVocabulary * 4;
    for (const Storage &storage : timeline->getStorages()) {
      auto type =
          storage.value ? dyn_cast<RankedTensorType>(storage.value.getType()) : nullptr;
      if (!type || type.getRank() == 0 || type.getShape().back() != kVocabulary ||
          storage.category == Category::Gradients)
        continue;
      EXPECT_LT(getByteSize(type), whole) << storage.name;
      if (getByteSize(type) != chunk)
        continue;
      ++change[storage.first];
      --change[storage.last + 1];
    }
    int64_t live = 0, most = 0;
    for (int64_t each : change)
      most = std::max(most, live += each);
    return most;
  }
};

TEST_F(ChunkLoss, TrainsLikeTheWholeLoss) {
  for (const char *family : {"gpt2", "llama"})
    for (bool ignores : {false, true})
      for (const Recipe &recipe :
           {Recipe{1, false, "sgd"}, Recipe{1, true, "sgd"}, Recipe{3, true, "sgd"}}) {
        OwningOpRef<ModuleOp> whole = buildModel(family, ignores);
        ASSERT_TRUE(buildStep(*whole, recipe));
        auto expected = execute(*whole);
        for (int64_t rows : {1, 5, 8, 15}) {
          SCOPED_TRACE(std::string(family) + (ignores ? " ignoring" : "") +
                       " accumulate " + std::to_string(recipe.accumulate) + " rows " +
                       std::to_string(rows));
          OwningOpRef<ModuleOp> chunked = buildModel(family, ignores);
          ASSERT_TRUE(run(*chunked, createTrainChunkLoss({rows})));
          ASSERT_TRUE(buildStep(*chunked, recipe));
          auto actual = execute(*chunked);
          ASSERT_EQ(expected.size(), actual.size());
          for (const auto &[name, tensor] : expected)
            for (int64_t i = 0; i < tensor->size(); ++i)
              ASSERT_NEAR(actual.at(name)->number(i), tensor->number(i),
                          1e-12 * std::max(1.0, std::abs(tensor->number(i))))
                  << name << " element " << i;
        }
      }
}

// Logits and their gradient are one buffer, and that of one chunk is gone before the
// next.
TEST_F(ChunkLoss, HoldsOneChunkAtATime) {
  for (const char *family : {"gpt2", "llama"})
    for (int64_t accumulate : {1, 3})
      for (int64_t rows : {4, 8}) {
        SCOPED_TRACE(family);
        OwningOpRef<ModuleOp> module = buildModel(family, /*ignores=*/true);
        ASSERT_TRUE(run(*module, createTrainChunkLoss({rows})));
        ASSERT_TRUE(buildStep(*module, {accumulate, true, "adamw"}));
        ASSERT_TRUE(run(*module, createTrainFuse(), createTrainSchedule({1}),
                        createTrainReuseOperands()));
        for (auto step : module->getOps<StepOp>())
          EXPECT_EQ(countLiveChunks(*module, step, rows), 1);
        for (auto eval : module->getOps<EvalOp>())
          EXPECT_EQ(countLiveChunks(*module, eval, rows), 1);
      }
}

// Without the second half of the pair, the first would save nothing.
TEST_F(ChunkLoss, NeedsInterleaving) {
  OwningOpRef<ModuleOp> module = buildModel("llama", false);
  ASSERT_TRUE(run(*module, createTrainChunkLoss({4}), createTrainDerivePrograms(),
                  createTrainDifferentiate(), createCSEPass()));
  auto step = *module->getOps<StepOp>().begin();
  EXPECT_EQ(countLiveChunks(*module, step, 4), 5);
  ASSERT_TRUE(run(*module, createTrainInterleaveChunks()));
  EXPECT_EQ(countLiveChunks(*module, step, 4), 2);
}

} // namespace
