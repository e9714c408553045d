// A pass that breaks its promise: it exchanges the operands of subtractions and says that
// this changes nothing. The tests of
// --train-check-passes load it; that check is worth nothing unless something fails it.
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "train/IR/TrainDialect.h"
#include "train/Reference/MeaningPreserving.h"

using namespace mlir;

namespace {
struct WrongPass : PassWrapper<WrongPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(WrongPass)

  StringRef getArgument() const override { return "test-wrong-pass"; }
  StringRef getDescription() const override {
    return "exchange the operands of subtractions";
  }

  void runOnOperation() override {
    getOperation().walk([](train::SubOp op) {
      Value lhs = op.getLhs();
      op->setOperands({op.getRhs(), lhs});
    });
  }
};
} // namespace

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "WrongPass", LLVM_VERSION_STRING, [] {
            PassRegistration<WrongPass>();
            train::registerMeaningPreserving("test-wrong-pass");
          }};
}
