//===- Overrides.h - what the user wants computed in another type -----------===//
//
// `NAME:TYPE` as text and as a question about an op. Names of ops, layers, parameters and
// outputs share one space; every override has to mean something in the graph.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_AUTOCAST_OVERRIDES_H
#define TRAIN_LIB_TRANSFORMS_AUTOCAST_OVERRIDES_H

#include "train/IR/TrainDialect.h"

namespace train {

/// The float type of that name, f32, f16 or bf16; null for any other.
mlir::Type getPrecisionType(mlir::MLIRContext *context, llvm::StringRef name);

/// The overrides of one run, and which of them have met an op.
class Overrides {
public:
  /// Reads `texts` against the names of `graph`; an error names the nearest known one.
  static llvm::FailureOr<Overrides> parse(GraphOp graph,
                                          llvm::ArrayRef<std::string> texts);

  /// The type that the last override for this op asks for; null without one.
  mlir::Type lookup(mlir::Operation *op);

  /// Reports an override that no op has met.
  llvm::LogicalResult checkAllMet(GraphOp graph) const;

private:
  struct Override {
    std::string name;
    mlir::Type type;
    bool met = false;
  };

  llvm::SmallVector<Override> all;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<llvm::StringRef, 1>> outputsOf;
};

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_AUTOCAST_OVERRIDES_H
