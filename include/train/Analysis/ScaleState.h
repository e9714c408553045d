//===- ScaleState.h - which values carry the loss scale ---------------------===//
//
// Dimensional analysis with the loss scale as its only unit. A value carries scale^d: d
// is 0 for what does not know the scale, 1 from train.scale_loss on, 0 again behind
// train.unscale; products add exponents, sums have to agree, and what is not linear takes
// none. Whoever clips, steps or adds up with a wrong exponent is found by it.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_ANALYSIS_SCALESTATE_H
#define TRAIN_ANALYSIS_SCALESTATE_H

#include "train/IR/TrainDialect.h"

namespace train {

/// The loss scale that a value carries.
struct ValueScale {
  /// Zeros carry every scale.
  bool any = false;
  /// 0 for a value without a scale.
  int degree = 0;
  /// The symbol or the constant that the scale is, or the opaque pointer of another
  /// value; null where the degree is 0.
  const void *id = nullptr;
  /// Where the scale came in; with degree 0, the op that took it away, or null.
  mlir::Operation *origin = nullptr;

  bool carries() const { return !any && degree != 0; }
};

/// A place where scales go wrong.
struct ScaleMisuse {
  mlir::Operation *op;
  /// A predicate of which the op is the subject.
  std::string message;
  /// The other place, or null.
  mlir::Operation *other = nullptr;
  std::string note;
};

/// The scales of all values of one program, at stage step or later, fusions and
/// micro-batch loops included. An op that goes wrong is reported once; what it computes
/// counts as agreeing with everything.
class ScaleState {
public:
  explicit ScaleState(ProgramOpInterface program);

  ValueScale lookup(mlir::Value value) const { return scales.lookup(value); }

  /// In the order of the ops.
  llvm::ArrayRef<ScaleMisuse> getMisuses() const { return misuses; }

  /// The ops that bring a scale in (train.scale_loss).
  llvm::ArrayRef<ScaleLossOp> getScaledLosses() const { return scaledLosses; }

  /// The states that serve as loss scales, each with an op that uses it.
  llvm::ArrayRef<std::pair<mlir::FlatSymbolRefAttr, mlir::Operation *>>
  getScaleSymbols() const {
    return symbols;
  }

private:
  void collectRoots(ProgramOpInterface program);
  void visitBlock(mlir::Block &block);
  void visit(mlir::Operation &op);
  void visitLoop(MicrobatchOp loop);
  void visitFusion(FusionOp fusion);
  void visitLinear(LossScaleOpInterface op);
  void checkWrite(WriteOp op);
  ValueScale getRootScale(mlir::Value value) const;
  void setResults(mlir::Operation *op, ValueScale scale);
  void report(mlir::Operation *op, std::string message, mlir::Operation *other,
              std::string note);

  llvm::DenseMap<mlir::Value, ValueScale> scales;
  llvm::DenseSet<mlir::Value> rootValues;
  llvm::DenseSet<mlir::Attribute> rootSymbols;
  llvm::DenseMap<mlir::Operation *, unsigned> reported;
  llvm::SmallVector<ScaleMisuse> misuses;
  llvm::SmallVector<ScaleLossOp> scaledLosses;
  llvm::SmallVector<std::pair<mlir::FlatSymbolRefAttr, mlir::Operation *>> symbols;
};

/// Attaches LossScaleOpInterface to the ops that let a scale through. Takes effect when
/// the `train` dialect is loaded.
void registerScaleRules(mlir::DialectRegistry &registry);

} // namespace train

#endif // TRAIN_ANALYSIS_SCALESTATE_H
