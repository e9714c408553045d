//===- Recipes.h - how each operand of a product is stored ------------------===//
//
// The table of Passes.td as code: from the recipe, the product and the operand's part in
// it to a type and to what its scales are.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_QUANTIZE_RECIPES_H
#define TRAIN_LIB_TRANSFORMS_QUANTIZE_RECIPES_H

#include "../LinearProducts.h"

namespace train {

/// What an operand is in its product.
enum class OperandRole { Input, Weight, OutputGradient };

/// How an operand is stored.
struct StorageFormat {
  enum class Scaling {
    Delayed, ///< one scale, by what the last steps held
    Current, ///< one scale, by what it holds
    Blocks,  ///< one scale per block, f8E8M0FNU
    Both,    ///< one scale per block, f8E4M3FN, and one by what it holds
  };
  mlir::FloatType element;
  Scaling scaling = Scaling::Delayed;
  /// Elements of a block along the summed dimension, and across it.
  int64_t along = 1, across = 1;
  /// Rounded at random, so that the mean of many roundings is the value.
  bool isRandom = false;
  /// Both operands are multiplied by one orthogonal matrix along the summed dimension
  /// before, which spreads what is large over a block and leaves their product.
  bool isRotated = false;

  bool hasBlocks() const {
    return scaling == Scaling::Blocks || scaling == Scaling::Both;
  }
  bool hasTensorScale() const { return scaling != Scaling::Blocks; }
  /// The largest number that the tensor's scale makes of anything: that of the element's
  /// type, times that of the type of blocks' scales.
  double getLargest() const;
  /// The type of the blocks' scales of a tensor whose dimension `dimension` is summed
  /// over; null if the tensor does not divide into blocks.
  mlir::RankedTensorType getScalesType(mlir::RankedTensorType tensor,
                                       int64_t dimension) const;
};

/// The recipes of one run.
struct Recipes {
  std::string fp8 = "delayed", fp4 = "nvfp4";

  /// The storage of an operand of a product marked `format`, fp8 or fp4.
  StorageFormat choose(mlir::MLIRContext *context, llvm::StringRef format,
                       Product product, OperandRole role) const;
};

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_QUANTIZE_RECIPES_H
