// The dynamic loss scale, step by step over random patterns of overflow: the compiled
// kernel and the interpreter against the rule as a person would write it down.
#include "Harness.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "train/Pipelines/Pipelines.h"
#include "train/rt/Executor.h"
#include "llvm/Support/Format.h"

#include <cmath>
#include <cstring>
#include <random>

using namespace mlir;
using namespace train;
using namespace train::conformance;
using reference::EvalContext;
using reference::Tensor;

namespace {

struct Rule {
  double growth, backoff, minimum;
  int64_t window, hysteresis;
};

struct Model {
  float scale;
  int64_t good = 0, bad = 0;

  void step(const Rule &rule, bool finite) {
    if (finite) {
      good = good + 1;
      if (good >= rule.window) {
        float grown = scale * float(rule.growth);
        scale = std::isinf(grown) ? scale : grown;
        good = bad = 0;
      }
    } else {
      good = 0;
      bad = bad + 1;
      if (bad >= rule.hysteresis) {
        scale = std::max(scale * float(rule.backoff), float(rule.minimum));
        bad = 0;
      }
    }
  }
};

constexpr Rule kRules[] = {{2, 0.5, 1, 3, 1},
                           {2, 0.5, 1, 5, 3},
                           {2, 0.25, 8, 2, 2},
                           {1.5, 0.75, 0.5, 1, 1},
                           {1, 1, 1, 1, 1}};

/// One program with an update per rule.
std::string makeProgram() {
  std::string states, body;
  llvm::raw_string_ostream symbols(states), ops(body);
  for (auto [i, rule] : llvm::enumerate(kRules)) {
    symbols << "train.state other @s" << i << " : tensor<f32> init(#train.zeros)\n"
            << "train.state other @g" << i << " : tensor<i64> init(#train.zeros)\n"
            << "train.state other @b" << i << " : tensor<i64> init(#train.zeros)\n";
    ops << "  %s" << i << " = train.read @s" << i << " : tensor<f32>\n"
        << "  %g" << i << " = train.read @g" << i << " : tensor<i64>\n"
        << "  %b" << i << " = train.read @b" << i << " : tensor<i64>\n"
        << "  %n" << i << ":3 = train.update_scale %s" << i << ", %g" << i << ", %b" << i
        << ", %finite {growth = " << llvm::format("%.17e", rule.growth)
        << " : f64, backoff = " << llvm::format("%.17e", rule.backoff)
        << " : f64, minimum = " << llvm::format("%.17e", rule.minimum)
        << " : f64, window = " << rule.window
        << " : i64, hysteresis = " << rule.hysteresis
        << " : i64} : tensor<f32>, tensor<i64>, tensor<i64>, tensor<i1>\n"
        << "  train.write @s" << i << ", %n" << i << "#0 : tensor<f32>\n"
        << "  train.write @g" << i << ", %n" << i << "#1 : tensor<i64>\n"
        << "  train.write @b" << i << ", %n" << i << "#2 : tensor<i64>\n";
  }
  return "module {\n" + states +
         "train.graph @graph(%x: tensor<1xf32> batch(0)) -> (loss: tensor<f32>) {\n"
         "  %l = train.reduce_sum %x over [0] : tensor<1xf32> -> tensor<f32>\n"
         "  train.return %l : tensor<f32>\n}\n"
         "train.step @step(%finite: tensor<i1>) -> () {\n" +
         body + "  train.return\n}\n}\n";
}

template <typename T> T *at(Loaded &loaded, const std::string &name) {
  return reinterpret_cast<T *>(loaded.arena() + loaded.findSymbol(name)->tensor.offset);
}

/// A start, and a pattern in which overflows come alone, in rows, or all the time.
struct Pattern {
  float start;
  std::vector<bool> finite;

  explicit Pattern(std::mt19937 &random) {
    const float starts[] = {1, 8, 65536, 0x1p126f, 3, 1e-3f};
    start = starts[random() % std::size(starts)];
    unsigned odds = random() % 9;
    for (int step = 0; step < 32; ++step)
      finite.push_back(random() % 8 >= odds);
  }
};

TEST(LossScale, FollowsTheRuleThroughRandomOverflows) {
  auto context = makeContext();
  std::string text = makeProgram();
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(text, ParserConfig(context.get()));
  ASSERT_TRUE(module) << text;
  setStage(*module, Stage::Step);
  PassManager pm(context.get());
  buildFusePipeline(pm);
  buildSchedulePipeline(pm, {});
  buildPlanPipeline(pm, {});
  ASSERT_TRUE(succeeded(pm.run(*module)));
  auto loaded = Loaded::load(*module, /*batched=*/false);
  ASSERT_TRUE(loaded);
  const TrainProgram &program = *loaded->findProgram("step");
  auto team = rt::Team::create(1);
  ASSERT_TRUE(bool(team));
  rt::Executor executor(loaded->executable(), loaded->arena(), **team);

  std::mt19937 random(11);
  int64_t skips = 0, moves = 0;
  for (int number = 0; number < 10000; ++number) {
    Pattern pattern(random);
    Model models[std::size(kRules)];
    for (size_t i = 0; i < std::size(kRules); ++i) {
      models[i].scale = pattern.start;
      *at<float>(*loaded, "s" + std::to_string(i)) = pattern.start;
      *at<int64_t>(*loaded, "g" + std::to_string(i)) = 0;
      *at<int64_t>(*loaded, "b" + std::to_string(i)) = 0;
    }
    for (bool finite : pattern.finite) {
      skips += !finite;
      auto fill = [&](const TrainProgram &, int64_t) {
        loaded->arena()[program.inputs[0].tensor.offset] = finite;
        return rt::Status::success();
      };
      ASSERT_TRUE(executor.run(program, fill).ok());
      for (size_t i = 0; i < std::size(kRules); ++i) {
        float before = models[i].scale;
        models[i].step(kRules[i], finite);
        moves += models[i].scale != before;
        std::string suffix = std::to_string(i);
        ASSERT_EQ(*at<float>(*loaded, "s" + suffix), models[i].scale) << number;
        ASSERT_EQ(*at<int64_t>(*loaded, "g" + suffix), models[i].good) << number;
        ASSERT_EQ(*at<int64_t>(*loaded, "b" + suffix), models[i].bad) << number;
      }
    }
  }
  // The patterns were not all of one kind.
  EXPECT_GT(skips, 100000);
  EXPECT_GT(moves, 100000);
}

TEST(LossScale, TheReferenceFollowsTheSameRule) {
  auto context = makeContext();
  std::string text = makeProgram();
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(text, ParserConfig(context.get()));
  ASSERT_TRUE(module) << text;
  SmallVector<UpdateScaleOp> ops;
  module->walk([&](UpdateScaleOp op) { ops.push_back(op); });
  ASSERT_EQ(ops.size(), std::size(kRules));
  EvalContext evaluation(reference::Mode::Native);
  std::mt19937 random(11);
  for (int number = 0; number < 10000; ++number) {
    Pattern pattern(random);
    size_t i = number % ops.size();
    Model model{pattern.start};
    for (bool finite : pattern.finite) {
      Type i64 = IntegerType::get(context.get(), 64);
      Tensor scale = Tensor::scalar(Float32Type::get(context.get()), model.scale);
      Tensor good = Tensor::zeros(RankedTensorType::get({}, i64)), bad = good;
      Tensor verdict =
          Tensor::zeros(RankedTensorType::get({}, IntegerType::get(context.get(), 1)));
      good.i[0] = model.good;
      bad.i[0] = model.bad;
      verdict.i[0] = finite;
      SmallVector<Tensor> results;
      ASSERT_TRUE(succeeded(reference::evaluateOp(ops[i], {&scale, &good, &bad, &verdict},
                                                  results, evaluation)));
      model.step(kRules[i], finite);
      ASSERT_EQ(results[0].f[0], model.scale) << number;
      ASSERT_EQ(results[1].i[0], model.good) << number;
      ASSERT_EQ(results[2].i[0], model.bad) << number;
    }
  }
}

} // namespace
