//===- Accumulate.h - the sum of what flows back into one value ---------------===//
//
// A value with several users has one adjoint, the sum of their contributions. Slices make
// this sum expensive when taken literally (one padded tensor per slice), so the reverse
// sweep adds through this function.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_GRADIENTS_ACCUMULATE_H
#define TRAIN_GRADIENTS_ACCUMULATE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"

namespace train {

/// On an op of the forward pass while its adjoint is built: the element type of what
/// flows back into its result, where that is not the result's own.
inline constexpr llvm::StringLiteral kGradientTypeAttr = "train.gradient_type";

/// `sum` + `adjoint`, of one type. Where both pad zeros around parts that are neighbours
/// along one dimension, as the adjoints of the slices of a split do, the parts are
/// concatenated instead, and padded only while the value isn't covered. The pads become
/// dead; the caller erases dead ops when all is built.
mlir::Value addAdjoints(mlir::OpBuilder &builder, mlir::Location location,
                        mlir::Value sum, mlir::Value adjoint);

} // namespace train

#endif // TRAIN_GRADIENTS_ACCUMULATE_H
