// Every op of the dialect is judged by a case here, or there is a reason why not.
#include "Harness.h"

#include "mlir/Parser/Parser.h"

#include <map>
#include <set>

using namespace mlir;
using namespace train;
using namespace train::conformance;

static const std::map<std::string, std::string> kReasons = {
    {"train.param", "a symbol: the models' steps hold it to the interpreter"},
    {"train.state", "a symbol: the models' steps hold it to the interpreter"},
    {"train.graph", "never lowered: programs are derived from it"},
    {"train.step", "a program: the models' steps"},
    {"train.eval", "a program: the models' evaluations"},
    {"train.yield", "ends regions that passes make"},
    {"train.read", "names a symbol's storage: the models' steps"},
    {"train.write", "names a symbol's storage: the models' steps"},
    {"train.layer", "inlined before lowering"},
    {"train.checkpoint", "inlined before lowering"},
    {"train.microbatch", "a loop of commands: the models' accumulating steps"},
    {"train.fusion", "made from the ops by train-fuse: every case runs fused too"},
};

TEST(Coverage, EveryOpHasACase) {
  std::unique_ptr<MLIRContext> context = makeContext();
  std::set<std::string> covered;
  for (auto *family :
       {elementwiseCases, broadcastCases, shapeCases, constantCases, indexCases,
        reductionCases, normalizationCases, poolingCases, contractionCases, lossCases,
        randomCases, optimizerCases, precisionCases, quantizationCases, fusionCases}) {
    OwningOpRef<ModuleOp> module =
        parseSourceString<ModuleOp>(toText(family()), ParserConfig(context.get()));
    ASSERT_TRUE(module);
    module->walk(
        [&](Operation *op) { covered.insert(op->getName().getStringRef().str()); });
  }
  for (RegisteredOperationName op : context->getRegisteredOperations()) {
    if (op.getDialectNamespace() != TrainDialect::getDialectNamespace())
      continue;
    std::string name = op.getStringRef().str();
    bool excused = kReasons.count(name);
    EXPECT_TRUE(covered.count(name) || excused) << name << " has no case and no reason";
    EXPECT_FALSE(covered.count(name) && excused)
        << name << " has a case and needs no excuse";
  }
}
