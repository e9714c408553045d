// See GreedyReduction.h. Every step that is kept makes the module smaller by one op, or
// one op into a constant, so the search ends; users are tried before what they use, so
// that one sweep takes whole chains away.
#include "GreedyReduction.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Reducer/Tester.h"
#include "train/IR/TrainDialect.h"

using namespace mlir;
using namespace train;

namespace {

enum class Step { Erase, UseOperand, UseZeros };

bool eraseOp(Operation *op) {
  if (!op->use_empty() || op->hasTrait<OpTrait::IsTerminator>())
    return false;
  op->erase();
  return true;
}

// Only between equal types, so that users stay valid.
bool useOperand(Operation *op) {
  if (op->getNumResults() != 1 || op->getNumRegions())
    return false;
  for (Value operand : op->getOperands())
    if (operand.getType() == op->getResult(0).getType()) {
      op->getResult(0).replaceAllUsesWith(operand);
      op->erase();
      return true;
    }
  return false;
}

bool useZeros(Operation *op) {
  if (op->getNumResults() != 1 || op->hasTrait<OpTrait::ConstantLike>())
    return false;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  OpBuilder builder(op);
  TypedAttr zero = type ? builder.getZeroAttr(type) : TypedAttr();
  if (!zero)
    return false;
  Value constant =
      ConstantOp::create(builder, op->getLoc(), type, cast<ElementsAttr>(zero));
  op->getResult(0).replaceAllUsesWith(constant);
  op->erase();
  return true;
}

bool apply(Step step, Operation *op) {
  switch (step) {
  case Step::Erase:
    return eraseOp(op);
  case Step::UseOperand:
    return useOperand(op);
  case Step::UseZeros:
    return useZeros(op);
  }
  return false;
}

SmallVector<Operation *> listOps(ModuleOp module) {
  SmallVector<Operation *> ops;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op != module)
      ops.push_back(op);
  });
  return ops;
}

struct GreedyReduction : PassWrapper<GreedyReduction, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(GreedyReduction)

  GreedyReduction() = default;
  GreedyReduction(const GreedyReduction &other) : PassWrapper(other) {}

  StringRef getArgument() const override { return "greedy-reduction"; }
  StringRef getDescription() const override {
    return "erase ops, or replace them by operands or zeros, while a script exits with 1";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<TrainDialect>();
  }

  Option<std::string> test{
      *this, "test",
      llvm::cl::desc(
          "a script that gets a file and exits with 1 if it is interesting, else 0")};

  void runOnOperation() override {
    ModuleOp module = getOperation();
    Tester tester(test, {});
    if (tester.isInteresting(module).first != Tester::Interestingness::True) {
      module.emitError("is not interesting: the script '")
          << test.getValue() << "' does not exit with 1 for it";
      return signalPassFailure();
    }
    while (sweep(module, tester))
      continue;
  }

private:
  // Tries every step at every op, last op first. Whether one was kept.
  static bool sweep(ModuleOp module, const Tester &tester) {
    bool changed = false;
    for (size_t i = listOps(module).size(); i-- > 0;)
      for (Step step : {Step::Erase, Step::UseOperand, Step::UseZeros})
        if (tryStep(module, tester, i, step)) {
          changed = true;
          break;
        }
    return changed;
  }

  static bool tryStep(ModuleOp module, const Tester &tester, size_t index, Step step) {
    OwningOpRef<ModuleOp> trial = module.clone();
    SmallVector<Operation *> ops = listOps(*trial);
    if (index >= ops.size() || !apply(step, ops[index]))
      return false;
    {
      // What is invalid is not interesting, and nobody needs to read why.
      ScopedDiagnosticHandler silence(module.getContext(),
                                      [](Diagnostic &) { return success(); });
      if (failed(verify(*trial)))
        return false;
    }
    if (tester.isInteresting(*trial).first != Tester::Interestingness::True)
      return false;
    module.getBodyRegion().takeBody(trial->getBodyRegion());
    return true;
  }
};

} // namespace

void train::registerGreedyReduction() { PassRegistration<GreedyReduction>(); }
