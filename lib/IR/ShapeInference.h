// What the type inference of several op families shares: reading shapes,
// reporting a broken constraint, and the calls of windowed library entries.
// Inference must neither assert nor overflow on any module that parses, because it
// also serves as the verifier.
#ifndef TRAIN_LIB_IR_SHAPEINFERENCE_H
#define TRAIN_LIB_IR_SHAPEINFERENCE_H

#include "train/IR/TrainDialect.h"

namespace train::inference {

/// Reports a broken constraint as the op verifier would: "'train.matmul' op ...". Silent
/// without a location, as InferTypeOpInterface asks. Always failure, so that a check is
/// one `return`.
class Failure {
public:
  Failure(std::optional<mlir::Location> location, llvm::StringRef opName)
      : location(location), opName(opName) {}

  template <typename... Args> llvm::LogicalResult operator()(Args &&...args) const {
    return mlir::emitOptionalError(location, "'", opName, "' op ",
                                   std::forward<Args>(args)...);
  }

private:
  std::optional<mlir::Location> location;
  llvm::StringRef opName;
};

/// The same for verifiers, at the op.
Failure failureAt(mlir::Operation *op);

/// The type of an operand that ODS has already checked to be a ranked, static tensor.
mlir::RankedTensorType getTensor(mlir::Value value);

/// The shape of such an operand.
llvm::ArrayRef<int64_t> getShape(mlir::Value value);

/// The element type of such an operand.
mlir::Type getElement(mlir::Value value);

/// The shape as messages show it: "[4, 64]".
std::string toText(llvm::ArrayRef<int64_t> shape);

/// The element type of statistics of `element` values (means, log-sum-exps, losses): f64
/// for f64, otherwise f32.
mlir::Type getStatisticsType(mlir::Type element);

/// The product of the sizes, at most INT64_MAX; 1 for none.
int64_t getProduct(llvm::ArrayRef<int64_t> sizes);

/// Whether a tensor type has so many elements that byte sizes would not fit an int64_t:
/// more than 2^57.
bool isTooLarge(mlir::Type type);

/// The number of elements, at most INT64_MAX.
int64_t getCount(mlir::Value value);

/// `perElement` operations on each element of `value`.
int64_t getElementwiseFlops(mlir::Value value, int64_t perElement);

/// What a library is told of a value's element type; -1 for those it does not know.
int64_t getTypeCode(mlir::Value value);

/// Checks that `value` is a scalar of `element` type; `name` is how messages call it.
llvm::LogicalResult checkScalar(const Failure &fail, mlir::Value value,
                                llvm::StringRef name, mlir::Type element);

/// Checks that `value` has exactly `shape`.
llvm::LogicalResult checkShape(const Failure &fail, mlir::Value value,
                               llvm::StringRef name, llvm::ArrayRef<int64_t> shape);

/// Checks that `value` has exactly `shape` and the element type `element`.
llvm::LogicalResult checkTensor(const Failure &fail, mlir::Value value,
                                llvm::StringRef name, llvm::ArrayRef<int64_t> shape,
                                mlir::Type element);

/// Checks that `value` has the same element type as `other`.
llvm::LogicalResult checkSameElement(const Failure &fail, mlir::Value value,
                                     llvm::StringRef name, mlir::Value other,
                                     llvm::StringRef otherName);

/// Checks an explicit `result_type` of sums of `element` values, and returns the element
/// type of the result: that, or `element` where none is given.
llvm::FailureOr<mlir::Type> getSumType(const Failure &fail, mlir::Type element,
                                       std::optional<mlir::Type> resultType);

/// The type of a result of `shape` that is added to the optional `accumulator`, which has
/// that shape: of the accumulator's element type, of `resultType` where that is given, or
/// of `element` without either.
llvm::FailureOr<mlir::Type>
getAccumulatedType(const Failure &fail, mlir::Value accumulator,
                   llvm::ArrayRef<int64_t> shape, mlir::Type element,
                   std::optional<mlir::Type> resultType = std::nullopt);

/// The storage of results whose bytes are those of an optional accumulator: operand
/// `operand` if present.
ResultStorage getAccumulatorStorage(mlir::Value accumulator, unsigned operand);

/// Checks that a literal is written out as dense<...>: resources and sparse forms have no
/// elements that every reader can ask for.
llvm::LogicalResult verifyLiteral(mlir::Operation *op, mlir::ElementsAttr value);

/// The shape to which the given shapes broadcast by NumPy's rules: aligned at the last
/// dimension, each size equal to the result's or 1. Reports the two sizes that disagree.
llvm::FailureOr<llvm::SmallVector<int64_t>>
broadcastShapes(llvm::ArrayRef<llvm::ArrayRef<int64_t>> shapes, const Failure &emitError);

/// Checks that all types have one element type and returns it.
llvm::FailureOr<mlir::Type> getCommonElement(mlir::TypeRange types,
                                             const Failure &emitError);

//===-- Windows that slide over the H x W plane of an NCHW tensor -------------===//

/// A convolution or pooling in full: what the CONV2D entries of Abi.h take, in their
/// order.
struct WindowGeometry {
  int64_t n = 0, c = 0, h = 0, w = 0, o = 0;
  int64_t kernelH = 0, kernelW = 0;
  int64_t strideH = 1, strideW = 1;
  int64_t padTop = 0, padLeft = 0, padBottom = 0, padRight = 0;
  int64_t dilationH = 1, dilationW = 1;
  int64_t groups = 1;
  int64_t outH = 0, outW = 0;

  llvm::SmallVector<int64_t, 8> getParams(bool accumulate, mlir::Value operand,
                                          mlir::Value result) const;
};

/// The attributes of windows, as the ops spell them: strides [h, w], padding [top, left,
/// bottom, right], dilations [h, w] (empty for pooling).
struct WindowAttributes {
  llvm::ArrayRef<int64_t> strides, padding, dilations;
};

/// Checks the lengths and signs of window attributes, and sets them in `geometry`.
/// `kernelH` and `kernelW` are set before.
llvm::LogicalResult setWindow(const Failure &fail, const WindowAttributes &attributes,
                              WindowGeometry &geometry);

/// Checks that the windows fit the padded plane h x w, and sets outH and outW.
llvm::LogicalResult setWindowOutput(const Failure &fail, WindowGeometry &geometry);

} // namespace train::inference

#endif // TRAIN_LIB_IR_SHAPEINFERENCE_H
