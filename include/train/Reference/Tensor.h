// The value that the reference interpreter computes with: every float is held as f64,
// every integer and bool as i64, and rounding to the element type is a separate, explicit
// act. Nothing here is shared with lowering or the runtime, so that the two can
// contradict each other.
#ifndef TRAIN_REFERENCE_TENSOR_H
#define TRAIN_REFERENCE_TENSOR_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace train::reference {

/// A dense row-major tensor. Exactly one of `f` (float element types) and `i` (integers
/// and bools, the latter 0 or 1) is used, with one entry per element.
struct Tensor {
  mlir::Type elementType;
  llvm::SmallVector<int64_t, 4> shape;
  std::vector<double> f;
  std::vector<int64_t> i;

  /// All elements zero. `type` is statically shaped.
  static Tensor zeros(mlir::RankedTensorType type);
  /// A float scalar (rank 0).
  static Tensor scalar(mlir::Type elementType, double value);

  bool isFloat() const { return llvm::isa<mlir::FloatType>(elementType); }
  int64_t size() const { return static_cast<int64_t>(isFloat() ? f.size() : i.size()); }
  /// Element `index` as a double, whatever the element type.
  double number(int64_t index) const {
    return isFloat() ? f[index] : static_cast<double>(i[index]);
  }
  mlir::RankedTensorType getType() const {
    return mlir::RankedTensorType::get(shape, elementType);
  }
  /// The last dimension's size, 1 for scalars.
  int64_t rowSize() const { return shape.empty() ? 1 : shape.back(); }

  /// Rounds every element to the element type.
  void round();
  /// Rounds every element up or down to a neighbour in the element type, with odds that
  /// make the expected value the element's own. `key` and `stream` choose the numbers
  /// drawn. f8E8M0FNU is rounded to nearest.
  void roundRandomly(int64_t key, uint64_t stream);
};

using TensorRef = std::shared_ptr<const Tensor>;

/// `value` as the nearest number of `type`, ties to even. f32, f16, bf16 and f8E5M2
/// overflow to infinity, f8E4M3FN to NaN; f4E2M1FN saturates at 6 and turns NaN into 6;
/// f8E8M0FNU, which knows only powers of two, takes what is not above 2^-127 as 2^-127,
/// rounds ties up, and answers negative numbers and overflow with NaN. f64 is returned as
/// it is.
double roundToType(double value, mlir::Type type);

/// `value` as the next number of `type` below it or, when `uniform` in [0, 1) reaches the
/// share of the way to it, above (stochastic rounding: Parker, Monte Carlo arithmetic,
/// UCLA CSD-970002). Overflow, infinities, NaN and exact values as in `roundToType`,
/// which also serves f64 and f8E8M0FNU.
double roundToTypeRandomly(double value, mlir::Type type, double uniform);

/// The largest finite number of a float type.
double largestFinite(mlir::Type type);

/// `value` reduced modulo 2^width of an integer type, as two's complement; i1 keeps its
/// low bit as 0 or 1.
int64_t wrapToType(int64_t value, mlir::Type type);

/// The elements of an attribute (dense or dense_resource) as a tensor; null when its data
/// cannot be read.
TensorRef tensorFromElements(mlir::ElementsAttr elements);

/// The most elements that one tensor may have here: 16 GiB of f64.
inline constexpr int64_t kMostElements = int64_t(1) << 31;

/// Whether the type is a statically shaped tensor of at most kMostElements elements.
bool canHold(mlir::Type type);

/// The number of elements of a static shape, or -1 when it does not fit an int64_t.
int64_t countElements(llvm::ArrayRef<int64_t> shape);

} // namespace train::reference

#endif // TRAIN_REFERENCE_TENSOR_H
