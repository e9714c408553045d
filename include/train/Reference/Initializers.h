// The values that params and states have before the first step: the interpreter's own
// telling of the rule that the runtime follows, so that both start from the same bits
// (docs/interpreter.md states it).
#ifndef TRAIN_REFERENCE_INITIALIZERS_H
#define TRAIN_REFERENCE_INITIALIZERS_H

#include "mlir/IR/BuiltinOps.h"
#include "train/Reference/EvalContext.h"

#include <string_view>

namespace train::reference {

/// Random numbers by index, for a seed and the name of a stream. Blocks of two:
/// Philox4x32-10 keyed by the seed (low word first), its counter the block number (low
/// word first) and the 64-bit FNV-1a hash of the name.
class NamedStream {
public:
  NamedStream(int64_t seed, std::string_view name);
  /// In [0, 1), 53 bits.
  double uniform(int64_t index) const;
  /// Standard normal, by Box and Muller (1958): even indices take the cosine, odd ones
  /// the sine.
  double normal(int64_t index) const;

private:
  std::pair<double, double> block(int64_t index) const;
  uint64_t seed;
  uint64_t hash;
};

/// Gives each param and state of the module its initial value, rounded to its element
/// type (16-bit and narrower floats by way of f32). Fails with a diagnostic at the
/// symbol.
mlir::LogicalResult initializeSymbols(mlir::ModuleOp module, EvalContext &context);

/// Hashes the state as the executable's --hash-every does: XXH64 over name, type, shape
/// and bytes of params, optimizer slots and statistics, in the order of their names.
uint64_t hashState(mlir::ModuleOp module, const EvalContext &context);

/// The bytes of a tensor in its element type, as the runtime stores them: little-endian,
/// bools one byte, floats of 8 and fewer bits one byte each.
std::vector<uint8_t> tensorBytes(const Tensor &tensor);

} // namespace train::reference

#endif // TRAIN_REFERENCE_INITIALIZERS_H
