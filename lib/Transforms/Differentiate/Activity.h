//===- Activity.h - which values a derivative flows through -----------------===//
//
// A value is varied if a trainable parameter reaches it, useful if the loss depends on
// it; the reverse sweep visits what is both. The analysis can say why.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_TRANSFORMS_DIFFERENTIATE_ACTIVITY_H
#define TRAIN_LIB_TRANSFORMS_DIFFERENTIATE_ACTIVITY_H

#include "train/IR/TrainDialect.h"

namespace train {

class Activity {
public:
  /// Analyzes a block without nested regions. `sources` are the reads of trainable
  /// parameters.
  Activity(mlir::Block &block, mlir::ArrayRef<mlir::Value> sources, mlir::Value loss);

  /// Whether a trainable parameter reaches the value.
  bool isVaried(mlir::Value value) const { return varied.contains(value); }

  /// Attaches the chain that makes `op` active: where the parameter is read.
  void explain(mlir::InFlightDiagnostic &diagnostic, mlir::Operation *op,
               mlir::Value loss) const;

private:
  /// Each varied value with the operand that made it so (null for a source).
  llvm::DenseMap<mlir::Value, mlir::Value> varied;
  llvm::DenseSet<mlir::Value> useful;
};

} // namespace train

#endif // TRAIN_LIB_TRANSFORMS_DIFFERENTIATE_ACTIVITY_H
