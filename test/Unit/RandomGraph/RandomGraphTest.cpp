// What the generator of random graphs promises (test/fuzz/random-graph): valid graphs
// that differentiate and have a plan, in which every op of the language comes up, the
// same for the same seed. That executables of them train, and like the interpreter, is
// tested where executables are made (test/Tools/train-random-graph,
// test/fuzz/random_graphs.py).
#include "RandomGraph.h"
#include "Draw.h"
#include "train/Analysis/PlanAttributes.h"
#include "train/Driver/Registration.h"
#include "train/IR/TrainDialect.h"
#include "train/Pipelines/Pipelines.h"

#include "mlir/Pass/PassManager.h"
#include <gtest/gtest.h>
#include <map>
#include <set>

using namespace mlir;
using namespace train;
using namespace train::fuzz;

namespace {

class RandomGraphs : public ::testing::Test {
protected:
  RandomGraphs() : context(registry(), MLIRContext::Threading::DISABLED) {
    context.loadAllAvailableDialects();
    // Parameters that a loss does not reach are remarked upon; they are meant.
    context.getDiagEngine().registerHandler([](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
        ADD_FAILURE() << diagnostic.str();
    });
  }
  static DialectRegistry registry() {
    DialectRegistry registry;
    registerTrainDialect(registry);
    return registry;
  }

  OwningOpRef<ModuleOp> make(const RandomGraphOptions &options) {
    std::string error;
    OwningOpRef<ModuleOp> module = buildRandomGraph(&context, options, error);
    EXPECT_TRUE(module) << "seed " << options.seed << ": " << error;
    return module;
  }
  OwningOpRef<ModuleOp> make(uint64_t seed) {
    RandomGraphOptions options;
    options.seed = seed;
    return make(options);
  }
  static std::string print(ModuleOp module) {
    std::string text;
    llvm::raw_string_ostream out(text);
    module->print(out, OpPrintingFlags().enableDebugInfo().useLocalScope());
    return text;
  }
  std::string errorOf(const RandomGraphOptions &options) {
    std::string error;
    EXPECT_FALSE(buildRandomGraph(&context, options, error));
    return error;
  }

  /// A loss scale beside the graph's own is one error, and the graph is left to itself.
  void expectTwoScales(ModuleOp graph) {
    OwningOpRef<ModuleOp> module = cast<ModuleOp>(graph->clone());
    std::vector<std::string> errors;
    ScopedDiagnosticHandler collect(&context, [&](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
        errors.push_back(diagnostic.str());
      return success();
    });
    TrainOptions options;
    options.step.lossScale.mode = "dynamic";
    PassManager pm(&context);
    buildGraphPipeline(pm, options.graph);
    buildStepPipeline(pm, options.step);
    EXPECT_TRUE(failed(pm.run(*module)));
    ASSERT_EQ(errors.size(), 1u);
    EXPECT_NE(errors[0].find("the step would have two"), std::string::npos) << errors[0];
  }

  MLIRContext context;
};

} // namespace

// Published with the generator: the first numbers of seed 1234567.
TEST(Draw, IsSplitMix64) {
  Draw draw(1234567);
  EXPECT_EQ(draw.next(), 6457827717110365317u);
  EXPECT_EQ(draw.next(), 3203168211198807973u);
  EXPECT_EQ(draw.next(), 9817491932198370423u);
}

TEST_F(RandomGraphs, AreAFunctionOfTheSeed) {
  std::set<std::string> all;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::string text = print(*make(seed));
    EXPECT_EQ(text, print(*make(seed))) << "seed " << seed;
    all.insert(text);
  }
  EXPECT_EQ(all.size(), 20u);
}

TEST_F(RandomGraphs, NamingWhatWouldBeDrawnChangesNothing) {
  std::string drawn = print(*make(5));
  unsigned equal = 0;
  for (const std::string &style : randomGraphStyles())
    for (const std::string &shape : randomGraphShapes()) {
      RandomGraphOptions options;
      options.seed = 5;
      options.style = style;
      options.shape = shape;
      equal += print(*make(options)) == drawn;
    }
  EXPECT_EQ(equal, 1u);
}

TEST_F(RandomGraphs, HaveTheSizesThatAreAskedFor) {
  for (int64_t ops : {20, 100, 300})
    for (const std::string &shape : randomGraphShapes())
      for (uint64_t seed = 1; seed <= 8; ++seed) {
        RandomGraphOptions options;
        options.seed = seed;
        options.ops = ops;
        options.shape = shape;
        OwningOpRef<ModuleOp> module = make(options);
        GraphOp graph = *module->getOps<GraphOp>().begin();
        int64_t count = 0;
        graph.walk([&](Operation *op) {
          count += !isa<GraphOp, ReadOp, YieldOp, ReturnOp>(op);
          for (Type type : op->getResultTypes())
            EXPECT_LE(cast<RankedTensorType>(type).getNumElements(), 16384)
                << shape << ", seed " << seed << ": "
                << op->getName().getStringRef().str();
        });
        EXPECT_GE(count, ops) << shape << ", seed " << seed;
        EXPECT_LE(count, ops + 60) << shape << ", seed " << seed;
      }
}

TEST_F(RandomGraphs, AreWrittenInTheStyleThatIsAskedFor) {
  for (uint64_t seed = 1; seed <= 10; ++seed)
    for (bool layered : {false, true}) {
      RandomGraphOptions options;
      options.seed = seed;
      options.ops = 60;
      options.shape = "chain";
      options.style = layered ? "layered" : "plain";
      OwningOpRef<ModuleOp> module = make(options);
      int64_t layers = 0, named = 0;
      module->walk([&](Operation *op) {
        layers += isa<LayerOp>(op);
        named += isa<NameLoc>(op->getLoc());
      });
      EXPECT_EQ(layers > 0, layered) << "seed " << seed;
      EXPECT_EQ(named > 0, layered) << "seed " << seed;
    }
}

TEST_F(RandomGraphs, RefuseWhatThereIsNot) {
  RandomGraphOptions options;
  options.shape = "donut";
  EXPECT_EQ(errorOf(options), "unknown shape 'donut'; expected chain, skip, branches, "
                              "unet, sequence, towers");
  options = {};
  options.style = "baroque";
  EXPECT_EQ(errorOf(options), "unknown style 'baroque'; expected layered, plain");
  options = {};
  options.ops = 19;
  EXPECT_EQ(errorOf(options), "--ops expects a number from 20 to 2000, got 19");
}

//===-- Through the compiler --------------------------------------------------===//

// What never comes up in the graphs or their steps, and why.
static const std::map<std::string, std::string> kReasons = {};

TEST_F(RandomGraphs, HavePlansAndHoldEveryOp) {
  std::map<std::string, int> seen;
  auto note = [&](ModuleOp module) {
    module->walk([&](Operation *op) { ++seen[op->getName().getStringRef().str()]; });
  };
  int refused = 0;
  const char *precisions[] = {"bf16", "fp8", "f16", "fp4"};
  const char *optimizers[] = {"adamw", "sgd", "momentum", "adam"};
  for (uint64_t seed = 1; seed <= 120; ++seed) {
    OwningOpRef<ModuleOp> module = make(seed);
    note(*module);
    TrainOptions options;
    options.step.optimizer = optimizers[seed % 4];
    options.step.accumulate = seed % 3 == 0 ? 2 : 1;
    if (seed % 2)
      options.step.clipNorm = 1;
    // A graph that scales values itself can't have a second scale flow through them, and
    // is told so.
    bool scales = module
                      ->walk([](Operation *op) {
                        return isa<ScaleLossOp, UnscaleOp>(op) ? WalkResult::interrupt()
                                                               : WalkResult::advance();
                      })
                      .wasInterrupted();
    if (scales) {
      ++refused;
      expectTwoScales(*module);
    } else if (seed % 5 == 0) {
      options.step.lossScale.mode = "dynamic";
    }
    if (seed % 7 == 0)
      options.graph.precision = precisions[seed / 7 % std::size(precisions)];
    PassManager graph(&context);
    buildGraphPipeline(graph, options.graph);
    buildStepPipeline(graph, options.step);
    ASSERT_TRUE(succeeded(graph.run(*module))) << "seed " << seed;
    note(*module);
    PassManager plan(&context);
    buildFusePipeline(plan);
    buildSchedulePipeline(plan, options.plan);
    buildPlanPipeline(plan, options.plan);
    ASSERT_TRUE(succeeded(plan.run(*module))) << "seed " << seed;
    note(*module);
  }
  EXPECT_GT(refused, 0);
  for (RegisteredOperationName op : context.getRegisteredOperations()) {
    if (op.getDialectNamespace() != TrainDialect::getDialectNamespace())
      continue;
    std::string name = op.getStringRef().str();
    EXPECT_TRUE(seen.count(name) || kReasons.count(name)) << name << " never comes up";
    EXPECT_FALSE(seen.count(name) && kReasons.count(name))
        << name << " comes up and needs no excuse";
  }
}

// In this graph sinking leaves an op without readers, which takes the numbers that a plan
// gives the ops behind it along. What is tried must be what is applied.
TEST_F(RandomGraphs, FitBudgetsWhereSinkingLeavesOpsUnread) {
  RandomGraphOptions shape;
  shape.seed = 145;
  shape.ops = 30;
  OwningOpRef<ModuleOp> module = make(shape);
  TrainOptions options;
  options.plan.threads = 1;
  options.plan.remat = "budget";
  options.plan.budget = 340000;
  PassManager pm(&context);
  buildTrainPipeline(pm, options);
  ASSERT_TRUE(succeeded(pm.run(*module)));
  bool recomputes = false, sinks = false;
  module->walk([&](Operation *op) {
    recomputes |= op->hasAttr(kCloneAttr);
    sinks |= op->hasAttr(kSunkAttr);
  });
  EXPECT_TRUE(recomputes);
  EXPECT_TRUE(sinks);
}
