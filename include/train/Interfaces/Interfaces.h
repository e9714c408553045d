// The plain types that interface methods speak in, and the interfaces themselves.
#ifndef TRAIN_INTERFACES_INTERFACES_H
#define TRAIN_INTERFACES_INTERFACES_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "train/Runtime/Abi.h"
#include "llvm/ADT/SmallVector.h"

namespace train {

namespace reference {
struct Tensor;
class EvalContext;
} // namespace reference

/// Where the bytes of one op result live.
struct ResultStorage {
  enum class Kind {
    Fresh,     ///< storage of its own
    MustAlias, ///< the storage of operand `operand`, overwritten in place
    View,      ///< bytes of operand `operand` from `byteOffset` on
  };
  Kind kind = Kind::Fresh;
  unsigned operand = 0;
  int64_t byteOffset = 0;

  static ResultStorage fresh() { return {}; }
  static ResultStorage alias(unsigned operand) { return {Kind::MustAlias, operand, 0}; }
  static ResultStorage view(unsigned operand, int64_t byteOffset = 0) {
    return {Kind::View, operand, byteOffset};
  }
};

/// One call of a runtime library entry. A null value in `operands` stands for the op's
/// workspace.
struct LibraryCall {
  TrainLibrary entry;
  llvm::SmallVector<mlir::Value, 4> operands;
  llvm::SmallVector<int64_t, 8> params;
};

/// The classes of autocast; PrecisionOpInterface says what each means.
enum class PrecisionClass { Low, Full, Promote, PassThrough };

/// How a row program walks its op's domain.
enum class RowKind { Elementwise, Row, Column, Flat };

/// A state that follows a statistic of the batch, as an op of the forward pass asks for
/// it: state = (1 - momentum) * state + momentum * scale * value, once per optimizer
/// step.
struct RunningStatistic {
  mlir::FlatSymbolRefAttr state;
  mlir::Value value;
  double momentum;
  double scale;
};

/// What a factor on an operand does to an op's results.
enum class ScaleRole {
  Plain,   ///< the op is not linear in it: it must carry no scale
  Ignored, ///< nothing: indices, conditions, verdicts
  Term,    ///< the results carry what it carries; all terms carry the same
  Factor,  ///< the results carry it beside what the other factors carry
  Divisor, ///< the results carry its inverse
  Square,  ///< the results carry it twice
};

/// What feeds a program input.
enum class InputRole : int64_t { Data = 0, LearningRate = 1 };

/// The storage of an op result, whether or not the op implements StorageOpInterface.
ResultStorage getResultStorage(mlir::OpResult result);

/// Bytes of a statically shaped tensor type; i1 takes one byte, sub-byte floats are
/// packed.
int64_t getByteSize(mlir::Type type);

/// Bytes of one element of the type.
int64_t getElementBytes(mlir::Type elementType);

/// The element type as the runtime names it; nothing for types without runtime storage.
std::optional<TrainType> getRuntimeType(mlir::Type elementType);

} // namespace train

#include "train/Interfaces/Interfaces.h.inc"

#endif // TRAIN_INTERFACES_INTERFACES_H
