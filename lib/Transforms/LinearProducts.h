//===- LinearProducts.h - the three products of a linear layer ---------------===//
//
// A contraction with a parameter becomes three in a step: itself, the gradient of its
// input, and the gradient of the parameter. train-autocast marks the first with the
// narrow formats that all three are to have, train-differentiate passes the marks on to
// the other two, train-quantize obeys. The mark is the attribute kProductAttr, a
// dictionary that is spelled in LinearProducts.cpp and nowhere else.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_LINEARPRODUCTS_H
#define TRAIN_LIB_TRANSFORMS_LINEARPRODUCTS_H

#include "train/IR/TrainDialect.h"

#include <array>

namespace train {

inline constexpr llvm::StringLiteral kProductAttr = "train.gemm";

enum class Product : unsigned { Forward, DataGradient, WeightGradient };
inline constexpr unsigned kNumProducts = 3;

/// forward, dgrad or wgrad.
llvm::StringRef getProductName(Product product);

/// What each product's operands are stored in: "fp8", "fp4", or empty for no narrow
/// format.
using ProductFormats = std::array<llvm::StringRef, kNumProducts>;

/// A product as its mark tells it.
struct LinearProduct {
  Product product = Product::Forward;
  llvm::StringRef format;
  mlir::FlatSymbolRefAttr parameter;
  /// The operand that reads the parameter in the product itself, the output's gradient in
  /// the others.
  unsigned operand = 0;
};

/// The contraction's operand that is a parameter behind views and casts, and the
/// parameter; nothing where there is none, or where both factors are.
struct LinearWeight {
  unsigned operand = 0;
  mlir::FlatSymbolRefAttr parameter;
};
std::optional<LinearWeight> findLinearWeight(mlir::Operation *op);

/// What a value shows: the operand of views and casts, and what scopes yield, all the way
/// down.
mlir::Value lookThroughViews(mlir::Value value);

/// Marks a product of the graph.
void markProduct(mlir::Operation *op, const LinearWeight &weight,
                 const ProductFormats &formats);

/// Marks those among the ops made for the adjoint of `op` that are its other two
/// products: the contractions whose results are, behind views, casts and sums,
/// `operandAdjoints`. `resultAdjoint` is the derivative that arrives, `isMade` tells
/// which ops are of this adjoint. Does nothing for an op without a mark.
void markAdjointProducts(mlir::Operation *op, mlir::Value resultAdjoint,
                         llvm::ArrayRef<mlir::Value> operandAdjoints,
                         llvm::function_ref<bool(mlir::Operation *)> isMade);

/// What the mark of `op` says; nothing without one.
std::optional<LinearProduct> getLinearProduct(mlir::Operation *op);

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_LINEARPRODUCTS_H
