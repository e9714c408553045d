// What an op's evaluation may look at besides its operands.
#ifndef TRAIN_REFERENCE_EVALCONTEXT_H
#define TRAIN_REFERENCE_EVALCONTEXT_H

#include "mlir/IR/Operation.h"
#include "train/Reference/Tensor.h"

#include <map>
#include <string>

namespace train::reference {

/// How results are rounded.
enum class Mode {
  F64,    ///< not at all: the meaning of the program in real numbers, as far as f64 goes
  Native, ///< each op's result once, to its element type
  Random  ///< as native, but up or down at random, with the expected value of the result
};

/// The state of one rank: its symbols, its place in the random sequence, and the rounding
/// mode.
class EvalContext {
public:
  explicit EvalContext(Mode mode = Mode::F64) : mode(mode) {}

  Mode mode;
  /// What random_key yields. `firstSample` is the global index, within the step, of the
  /// first sample of the micro-batch being run; `rankFirstSample` that of this rank's
  /// first micro-batch.
  int64_t seed = 0;
  int64_t step = 0;
  int64_t firstSample = 0;
  int64_t rankFirstSample = 0;
  /// What Mode::Random draws from, and how many tensors it has rounded so far.
  int64_t roundingSeed = 0;
  uint64_t roundedTensors = 0;
  /// The values of params and states, by symbol name.
  std::map<std::string, TensorRef, std::less<>> symbols;
  /// The op being evaluated; diagnostics point at it.
  mlir::Operation *op = nullptr;

  mlir::InFlightDiagnostic emitError() { return op->emitOpError(); }
};

} // namespace train::reference

#endif // TRAIN_REFERENCE_EVALCONTEXT_H
