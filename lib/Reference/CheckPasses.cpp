// See CheckPasses.h.
#include "train/Reference/CheckPasses.h"

#include "mlir/Pass/Pass.h"
#include "train/Reference/MeaningPreserving.h"

#include <mutex>

using namespace mlir;

namespace train::reference {
namespace {

/// The module whose programs a pass on `op` may change, or null when it can't be looked
/// at now.
ModuleOp moduleToCheck(Operation *op) {
  if (auto module = dyn_cast<ModuleOp>(op))
    return module->getParentOp() ? ModuleOp() : module;
  return op->getContext()->isMultithreadingEnabled() ? ModuleOp()
                                                     : op->getParentOfType<ModuleOp>();
}

class CheckPasses : public PassInstrumentation {
public:
  explicit CheckPasses(CheckPassesOptions options) : options(std::move(options)) {}

  void runBeforePass(Pass *pass, Operation *op) override {
    if (!getMeaningPreservingTolerance(pass->getArgument()))
      return;
    ModuleOp module = moduleToCheck(op);
    if (!module)
      return;
    std::lock_guard<std::mutex> lock(mutex);
    before[{pass, op}] = module.clone();
  }

  void runAfterPass(Pass *pass, Operation *op) override {
    OwningOpRef<ModuleOp> original = take(pass, op);
    if (!original)
      return;
    EquivalenceOptions equivalence = options.equivalence;
    equivalence.tolerance = std::max(equivalence.tolerance,
                                     *getMeaningPreservingTolerance(pass->getArgument()));
    if (succeeded(checkEquivalent(*original, moduleToCheck(op), equivalence)))
      return;
    emitError(op->getLoc())
        << "pass '" << pass->getArgument()
        << "' promises to preserve every program's meaning, and changed it";
    if (options.onFailure)
      options.onFailure();
  }

  void runAfterPassFailed(Pass *pass, Operation *op) override { take(pass, op); }

private:
  OwningOpRef<ModuleOp> take(Pass *pass, Operation *op) {
    std::lock_guard<std::mutex> lock(mutex);
    auto found = before.find({pass, op});
    if (found == before.end())
      return nullptr;
    OwningOpRef<ModuleOp> module = std::move(found->second);
    before.erase(found);
    return module;
  }

  CheckPassesOptions options;
  std::mutex mutex;
  std::map<std::pair<Pass *, Operation *>, OwningOpRef<ModuleOp>> before;
};

} // namespace

std::unique_ptr<PassInstrumentation>
createCheckPassesInstrumentation(CheckPassesOptions options) {
  return std::make_unique<CheckPasses>(std::move(options));
}

} // namespace train::reference
