// Shape rules that several families share.
#ifndef TRAIN_LIB_IR_INFERENCE_H
#define TRAIN_LIB_IR_INFERENCE_H

#include "ShapeInference.h"
#include "train/IR/TrainDialect.h"

namespace train {

/// The shape to which the given shapes broadcast by NumPy's rules: aligned at the last
/// dimension, each size equal to the result's or 1. Reports the two sizes that disagree.
llvm::FailureOr<llvm::SmallVector<int64_t>>
broadcastShapes(llvm::ArrayRef<llvm::ArrayRef<int64_t>> shapes,
                const inference::Failure &emitError);

/// Checks that all types have one element type and returns it.
llvm::FailureOr<mlir::Type> commonElementType(mlir::TypeRange types,
                                              const inference::Failure &emitError);

inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getShape();
}
inline mlir::Type elementOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}

} // namespace train

#endif // TRAIN_LIB_IR_INFERENCE_H
