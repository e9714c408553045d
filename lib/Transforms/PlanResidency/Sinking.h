//===- Sinking.h - which kernels compute again what they read ---------------===//
//
// Chooses, for a step's order without repetitions, the reads of the backward pass that
// save bytes by being computed inside of their reader, and states the step with these
// choices made as a residency problem of its own.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_PLANRESIDENCY_SINKING_H
#define TRAIN_LIB_TRANSFORMS_PLANRESIDENCY_SINKING_H

#include "Alternatives.h"
#include "StepProblem.h"

namespace train {

/// One read that goes away.
struct SunkRead {
  /// The number of the op that computes it itself.
  int64_t user = 0;
  Alternative way;
  /// What is read no more, a tensor of the step's problem.
  unsigned tensor = 0;
  /// Bytes that the plan without repetitions then holds for longer.
  int64_t lengthened = 0;
};

/// The reads worth sinking of tensors for which `mayDrop` is true: the reader is the last
/// one (or all after it sink theirs too, or all of backward at once), and what it reads
/// instead takes no more bytes than the tensor, for less long. Last reader first. With
/// `secondsPerByte`, only where bytes become free, at no higher price each.
std::vector<SunkRead> chooseSinks(const StepProblem &step, int threads,
                                  llvm::function_ref<bool(unsigned)> mayDrop,
                                  std::optional<double> secondsPerByte = std::nullopt);

/// Whether a kernel of the forward pass makes the tensor from others of its shape, one of
/// them of fewer bits.
bool isWidened(const StepProblem &step, unsigned tensor);

/// Writes the choice as kSinkAttr on the ops numbered in `sinks`.
void writeSinks(llvm::ArrayRef<SunkRead> sinks, llvm::ArrayRef<mlir::Operation *> ops);

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_PLANRESIDENCY_SINKING_H
