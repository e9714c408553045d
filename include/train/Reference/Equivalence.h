// Do two modules compute the same? Decided by running them.
#ifndef TRAIN_REFERENCE_EQUIVALENCE_H
#define TRAIN_REFERENCE_EQUIVALENCE_H

#include "mlir/IR/BuiltinOps.h"
#include "train/Reference/EvalContext.h"

namespace train::reference {

struct EquivalenceOptions {
  /// Native mode compares what the machine would compute; f64 mode what the program
  /// means.
  Mode mode = Mode::Native;
  /// 0 asks for equal bits (all NaNs are equal). Else |a - b| <= tolerance * max(1, |a|,
  /// |b|).
  double tolerance = 0;
  /// Seed of inputs, initial values and dropout.
  int64_t seed = 1;
  /// Each program is run this many times, on fresh inputs, its writes carried from one to
  /// the next.
  int64_t steps = 1;
};

/// Runs each program of `before` beside the program of `after` that has its name and
/// inputs, from the same initial values on the same random inputs, and compares outputs
/// by name and the symbols that `before` writes, by name and type. Programs, outputs and
/// symbols that only one side has are not compared, and a program that fails in `before`
/// proves nothing and is passed over with a warning. Fails with one error at the program
/// in `after`, naming the first difference: output or symbol, element, both values.
mlir::LogicalResult checkEquivalent(mlir::ModuleOp before, mlir::ModuleOp after,
                                    const EquivalenceOptions &options = {});

} // namespace train::reference

#endif // TRAIN_REFERENCE_EQUIVALENCE_H
