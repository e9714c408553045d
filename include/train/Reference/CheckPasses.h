// --train-check-passes: passes that promise to change nothing are taken at their word, by
// execution.
#ifndef TRAIN_REFERENCE_CHECKPASSES_H
#define TRAIN_REFERENCE_CHECKPASSES_H

#include "mlir/Pass/PassInstrumentation.h"
#include "train/Reference/Equivalence.h"

#include <functional>
#include <memory>

namespace train::reference {

struct CheckPassesOptions {
  /// `tolerance` is the least that is granted; a pass may have declared more.
  EquivalenceOptions equivalence;
  /// Called once per pass that changed a result, after its error was emitted. An
  /// instrumentation cannot make the pass manager fail, so a driver must note the failure
  /// here and exit with an error.
  std::function<void()> onFailure;
};

/// Around each pass that registered as meaning-preserving: clones the module before it,
/// and after it runs every program of both. A difference is an error at the program,
/// followed by one naming the pass. Passes on ops inside the module are checked only
/// while the context is single-threaded, since other passes may be changing the module
/// meanwhile; drivers turn threads off under this option. Costs one clone and two
/// executions of each program per pass.
std::unique_ptr<mlir::PassInstrumentation>
createCheckPassesInstrumentation(CheckPassesOptions options = {});

} // namespace train::reference

#endif // TRAIN_REFERENCE_CHECKPASSES_H
