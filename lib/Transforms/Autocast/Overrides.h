//===- Overrides.h - what the user wants computed in another type -----------===//
//
// `NAME:TYPE` as text and as a question about an op. Names of ops, layers, parameters and
// outputs share one space; every override has to mean something in the graph. Types are
// those that an op computes in, and fp8 and fp4, which are bf16 with narrow operands.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_AUTOCAST_OVERRIDES_H
#define TRAIN_LIB_TRANSFORMS_AUTOCAST_OVERRIDES_H

#include "../LinearProducts.h"

namespace train {

/// What ops may be asked to compute in: a float type, and the narrow format of operands,
/// fp8 or fp4, or none.
struct Precision {
  mlir::Type type;
  llvm::StringRef format;
};

/// What f32, f16, bf16, fp8 and fp4 mean; a null type for any other name.
Precision getPrecision(mlir::MLIRContext *context, llvm::StringRef name);

/// What an op is to compute in: `type`, null where nothing was asked for, and the formats
/// of what it becomes if it is a product with a parameter.
struct Choice {
  mlir::Type type;
  ProductFormats formats;
};

/// The overrides of one run, and which of them have met an op.
class Overrides {
public:
  /// Reads `texts` against the names of `graph`; an error names the nearest known one.
  static llvm::FailureOr<Overrides> parse(GraphOp graph,
                                          llvm::ArrayRef<std::string> texts);

  /// `choice` as the overrides for this op change it, the last one last. `isLinear` says
  /// whether the op is a product that has narrow formats.
  Choice apply(mlir::Operation *op, bool isLinear, Choice choice);

  /// Reports an override that no op has met.
  llvm::LogicalResult checkAllMet(GraphOp graph) const;

private:
  struct Override {
    std::string name;
    Precision precision;
    /// The one product that is meant; all of them where there is none.
    std::optional<Product> product;
    bool met = false;
  };

  llvm::SmallVector<Override> all;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<llvm::StringRef, 1>> outputsOf;
};

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_AUTOCAST_OVERRIDES_H
