// A tiny member of each family through differentiation: the whole gradient, executed,
// against finite differences of the executed loss. What single rules can't show is
// whether they meet correctly.
#include "train/Gradients/Registration.h"
#include "train/IR/TrainDialect.h"
#include "train/Models/Models.h"
#include "train/Reference/Initializers.h"
#include "train/Reference/Inputs.h"
#include "train/Reference/Interpreter.h"
#include "train/Reference/Registration.h"
#include "train/Transforms/Passes.h"

#include "mlir/Pass/PassManager.h"
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <random>

using namespace mlir;
using namespace train;
using reference::TensorRef;

namespace {

struct TinyModel {
  const char *name;
  ModelOptions options;
};

void PrintTo(const TinyModel &model, std::ostream *out) { *out << model.name; }

ModelOptions tiny(const char *family, std::function<void(ModelOptions &)> choose) {
  ModelOptions options;
  options.family = family;
  options.batch = 2;
  choose(options);
  return options;
}

void tinyTransformer(ModelOptions &o) {
  o.layers = 2;
  o.width = 8;
  o.heads = 2;
}

std::vector<TinyModel> tinyModels() {
  return {
      {"mlp", tiny("mlp", [](ModelOptions &o) { o.widths = {5, 7, 3}; })},
      {"mlp_classifier", tiny("mlp",
                              [](ModelOptions &o) {
                                o.widths = {5, 7, 3};
                                o.loss = "cross-entropy";
                                o.dropout = 0.25;
                              })},
      {"resnet_basic", tiny("resnet",
                            [](ModelOptions &o) {
                              o.size = "18";
                              o.width = 2;
                              o.image = 33;
                              o.classes = 3;
                            })},
      {"resnet_bottleneck", tiny("resnet",
                                 [](ModelOptions &o) {
                                   o.size = "50";
                                   o.width = 2;
                                   o.image = 33;
                                   o.classes = 3;
                                 })},
      {"unet", tiny("unet",
                    [](ModelOptions &o) {
                      o.layers = 2;
                      o.width = 2;
                      o.image = 8;
                    })},
      {"gpt2", tiny("gpt2",
                    [](ModelOptions &o) {
                      tinyTransformer(o);
                      o.seq = 5;
                      o.positions = 6;
                      o.vocab = 11;
                      o.dropout = 0.1;
                    })},
      {"gpt2_untied", tiny("gpt2",
                           [](ModelOptions &o) {
                             tinyTransformer(o);
                             o.seq = 5;
                             o.vocab = 11;
                             o.untied = true;
                             o.bidirectional = true;
                           })},
      {"bert", tiny("bert",
                    [](ModelOptions &o) {
                      tinyTransformer(o);
                      o.seq = 4;
                      o.vocab = 11;
                    })},
      {"bert_mlm", tiny("bert",
                        [](ModelOptions &o) {
                          tinyTransformer(o);
                          o.seq = 4;
                          o.vocab = 11;
                          o.head = "mlm";
                        })},
      {"bert_classifier", tiny("bert",
                               [](ModelOptions &o) {
                                 tinyTransformer(o);
                                 o.seq = 4;
                                 o.vocab = 11;
                                 o.head = "classifier";
                                 o.dropout = 0.1;
                               })},
      {"vit", tiny("vit",
                   [](ModelOptions &o) {
                     tinyTransformer(o);
                     o.image = 8;
                     o.patch = 4;
                     o.classes = 3;
                   })},
      {"llama", tiny("llama",
                     [](ModelOptions &o) {
                       tinyTransformer(o);
                       o.heads = 2;
                       o.kvHeads = 1;
                       o.seq = 5;
                       o.vocab = 11;
                     })},
  };
}

class EveryModel : public testing::TestWithParam<TinyModel> {
protected:
  EveryModel() : context(registry(), MLIRContext::Threading::DISABLED) {
    context.loadDialect<TrainDialect>();
  }
  static DialectRegistry registry() {
    DialectRegistry registry;
    registry.insert<TrainDialect>();
    registerGradients(registry);
    registerReference(registry);
    return registry;
  }
  MLIRContext context;
};

TEST_P(EveryModel, HasTheGradientOfItsLoss) {
  std::string error;
  OwningOpRef<ModuleOp> module = buildModel(&context, GetParam().options, error);
  ASSERT_TRUE(module) << error;
  PassManager passes(&context);
  passes.addPass(createTrainDifferentiate());
  ASSERT_TRUE(succeeded(passes.run(*module)));

  ProgramOpInterface graph, step;
  for (ProgramOpInterface program : module->getOps<ProgramOpInterface>())
    (isa<StepOp>(program.getOperation()) ? step : graph) = program;
  SmallVector<TensorRef> inputs = reference::randomInputs(graph, /*seed=*/3);
  reference::EvalContext state;
  ASSERT_TRUE(succeeded(reference::initializeSymbols(*module, state)));
  // The published initial values make many gradients tiny; noise gives every parameter a
  // say.
  std::mt19937 random(5);
  std::normal_distribution<double> normal(0, 0.3);
  for (ParamOp param : module->getOps<ParamOp>()) {
    auto noisy =
        std::make_shared<reference::Tensor>(*state.symbols[param.getSymName().str()]);
    for (double &x : noisy->f)
      x += normal(random);
    state.symbols[param.getSymName().str()] = noisy;
  }

  reference::EvalContext atStep = state;
  reference::Interpreter gradients(atStep);
  ASSERT_TRUE(succeeded(gradients.run(step, inputs)));
  auto loss = [&](const std::string &name, const TensorRef &value) {
    reference::EvalContext moved = state;
    moved.symbols[name] = value;
    reference::Interpreter interpreter(moved);
    EXPECT_TRUE(succeeded(interpreter.run(graph, inputs)));
    return interpreter.getOutputs()[0]->f[0];
  };

  int64_t checked = 0;
  for (unsigned i = 0; i < step.getNumOutputs(); ++i) {
    StringRef output = step.getOutputName(i);
    if (!output.consume_front("grad:"))
      continue;
    std::string name = output.str();
    const reference::Tensor &gradient = *gradients.getOutputs()[i];
    const reference::Tensor &base = *state.symbols[name];
    ASSERT_EQ(gradient.shape, base.shape) << name;
    std::vector<double> direction(base.f.size());
    double length = 0, expected = 0;
    for (double &d : direction) {
      d = normal(random);
      length += d * d;
    }
    for (size_t e = 0; e < direction.size(); ++e)
      expected += gradient.f[e] * (direction[e] /= std::sqrt(length));
    // Small enough that no ReLU or pooling maximum changes sides at these seeds.
    constexpr double distance = 1e-6;
    auto at = [&](double t) {
      auto moved = std::make_shared<reference::Tensor>(base);
      for (size_t e = 0; e < direction.size(); ++e)
        moved->f[e] += t * distance * direction[e];
      return loss(name, moved);
    };
    double slope = (at(-2) - 8 * at(-1) + 8 * at(1) - at(2)) / (12 * distance);
    EXPECT_NEAR(slope, expected, 1e-6 * std::max(1e-2, std::abs(expected))) << name;
    ++checked;
  }
  auto params = module->getOps<ParamOp>();
  EXPECT_EQ(checked, std::distance(params.begin(), params.end()));
}

INSTANTIATE_TEST_SUITE_P(Families, EveryModel, testing::ValuesIn(tinyModels()),
                         [](const auto &info) { return std::string(info.param.name); });

} // namespace
