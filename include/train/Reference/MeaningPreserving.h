// Which passes promise that a program computes the same after them as before. A pass
// declares it where it is registered; --train-check-passes holds it to its word by
// executing both.
#ifndef TRAIN_REFERENCE_MEANINGPRESERVING_H
#define TRAIN_REFERENCE_MEANINGPRESERVING_H

#include "llvm/ADT/StringRef.h"

#include <optional>

namespace train {

/// Declares that the pass with this command-line argument leaves every program's outputs
/// and writes as they were: bitwise for `tolerance` 0, else up to that relative
/// difference (passes that may add in another order). A later declaration replaces an
/// earlier one. Thread-safe.
void registerMeaningPreserving(llvm::StringRef argument, double tolerance = 0);

/// Takes a declaration back, where options let the pass change values. Thread-safe.
void withdrawMeaningPreserving(llvm::StringRef argument);

/// The declared tolerance of a pass; nothing when it made no promise. `canonicalize`,
/// `cse`, `symbol-dce`, `sccp`, `inline`, `strip-debuginfo` and
/// `loop-invariant-code-motion` have always made theirs, bitwise.
std::optional<double> getMeaningPreservingTolerance(llvm::StringRef argument);

} // namespace train

#endif // TRAIN_REFERENCE_MEANINGPRESERVING_H
