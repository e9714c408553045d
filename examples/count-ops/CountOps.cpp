// A pass in a shared library of its own: counts the ops of each program and the
// floating-point operations they cost, and says so in a remark. docs/adding-a-pass.md
// explains it line by line.
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "train/IR/TrainDialect.h"
#include "train/Reference/MeaningPreserving.h"

using namespace mlir;

namespace {

struct CountOps : PassWrapper<CountOps, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CountOps)

  CountOps() = default;
  CountOps(const CountOps &other) : PassWrapper(other) {}

  StringRef getArgument() const override { return "example-count-ops"; }
  StringRef getDescription() const override {
    return "report how many ops each program has and what they cost";
  }

  Option<int64_t> most{
      *this, "most", llvm::cl::init(0),
      llvm::cl::desc("fail for a program of more ops than this; 0 never fails")};

  void runOnOperation() override {
    for (auto program : getOperation().getOps<train::ProgramOpInterface>())
      if (failed(count(program)))
        return signalPassFailure();
    markAllAnalysesPreserved();
  }

private:
  LogicalResult count(train::ProgramOpInterface program) {
    int64_t ops = 0, flops = 0;
    program->walk([&](Operation *op) {
      if (op == program || op->hasTrait<OpTrait::IsTerminator>())
        return;
      ++ops;
      // The cost is the op's to know. A list of op names here would be wrong with the
      // next op that is added.
      if (auto cost = dyn_cast<train::RecomputableOpInterface>(op))
        flops += cost.getFlops();
    });
    if (most > 0 && ops > most)
      return program->emitOpError("has ")
             << ops << " ops, at most " << most.getValue() << " are allowed";
    program->emitRemark("has ") << ops << " ops and costs " << flops << " flops";
    return success();
  }
};

} // namespace

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "CountOps", LLVM_VERSION_STRING, [] {
            PassRegistration<CountOps>();
            // It changes nothing, and --train-check-passes may hold it to that, bit for
            // bit.
            train::registerMeaningPreserving("example-count-ops");
          }};
}
