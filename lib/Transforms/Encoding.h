//===- Encoding.h - a tensor in fewer bits -----------------------------------===//
//
// What a compressed tensor consists of, and the ops there and back. The residency planner
// prices them and the rewrite builds them, both from here, so that any format is one more
// case in one file.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_ENCODING_H
#define TRAIN_LIB_TRANSFORMS_ENCODING_H

#include "train/IR/TrainDialect.h"

namespace train {

/// How tensors of one type wait in fewer bits. By the element type of the copy:
///
/// - 16 bits: rounded to nearest (train.cast);
/// - f8E4M3FN, f8E5M2: MXFP8, a power of two per 32 elements (OCP Microscaling, 1.0);
/// - f4E2M1FN: NVFP4, a scale of f8E4M3FN per 16 elements and one of f32 for all, which
///   the largest magnitude of the tensor gives.
///
/// Blocks lie along the last dimension, and where that is no multiple of a block, in the
/// order of the elements in memory.
class Encoding {
public:
  /// How many elements share a scale; 1 for types of 16 bits and more.
  static int64_t getBlock(mlir::FloatType element);

  /// Nothing where `type` is not of floats that are wider than `element`, where the
  /// format is none of these, or does not hold the type (f64 in blocks), and where the
  /// elements do not divide into blocks.
  static std::optional<Encoding> get(mlir::RankedTensorType type,
                                     mlir::FloatType element);

  /// Builds the copy of `whole` and returns the tensors that hold it. `made` gets the
  /// ops, views included, in order. Each but the views is one kernel.
  llvm::SmallVector<mlir::Value> encode(mlir::OpBuilder &builder, mlir::Value whole,
                                        llvm::SmallVectorImpl<mlir::Operation *> &made);

  /// Builds the tensor that `parts`, from encode, hold: views and one kernel.
  mlir::Value decode(mlir::OpBuilder &builder, mlir::Location location,
                     mlir::ValueRange parts,
                     llvm::SmallVectorImpl<mlir::Operation *> &made);

private:
  Encoding(mlir::RankedTensorType type, mlir::FloatType element)
      : type(type), element(element) {}
  /// The type with blocks along its last dimension.
  mlir::RankedTensorType getBlocked() const;

  mlir::RankedTensorType type;
  mlir::FloatType element;
};

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_ENCODING_H
