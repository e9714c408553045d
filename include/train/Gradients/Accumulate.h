//===- Accumulate.h - the sum of all that flows back into one value -----------===//
//
// A value with several users has one adjoint, the sum of their contributions. Slices make
// this sum expensive when taken literally (one padded tensor per slice), so the sum
// is built here, where all contributions are known.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_GRADIENTS_ACCUMULATE_H
#define TRAIN_GRADIENTS_ACCUMULATE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"

namespace train {

/// The sum of `contributions` (at least one, all of one type), in their order. Contributions
/// that pad zeros around disjoint parts which tile the value along one dimension, as the adjoints of
/// the slices of a split do, become one concat of the parts. Pads that lose their last use are erased.
mlir::Value accumulateAdjoints(mlir::OpBuilder &builder, mlir::Location location,
                               llvm::ArrayRef<mlir::Value> contributions);

} // namespace train

#endif // TRAIN_GRADIENTS_ACCUMULATE_H
