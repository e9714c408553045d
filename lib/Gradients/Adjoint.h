//===- Adjoint.h - what a gradient rule is written with -----------------------===//
//
// A rule is a function `void rule(XOp op, Adjoint &d)`: it reads the adjoint of
// the first result as `d.dy()` and stores an adjoint for each operand that `d.wants`.
// attach<XOp, rule> turns it into a model of DifferentiableOpInterface. What a
// rule saves for backward is not written down a second time: it is what the rule reads.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_GRADIENTS_ADJOINT_H
#define TRAIN_LIB_GRADIENTS_ADJOINT_H

#include "train/IR/TrainDialect.h"

namespace train {

inline mlir::RankedTensorType tensorType(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

/// One application of a rule: the adjoints that arrive, those that leave, and the
/// vocabulary in which the way between them is written.
class Adjoint {
public:
  Adjoint(mlir::Operation *op, mlir::OpBuilder &builder,
          llvm::ArrayRef<mlir::Value> resultAdjoints, llvm::ArrayRef<bool> needed,
          llvm::MutableArrayRef<mlir::Value> operandAdjoints)
      : op(op), builder(builder), resultAdjoints(resultAdjoints), needed(needed),
        operandAdjoints(operandAdjoints) {}

  /// The adjoint of result 0, never null inside a rule. Other results carry residuals,
  /// which have no derivative.
  mlir::Value dy() const { return resultAdjoints[0]; }

  bool wants(unsigned operand) const {
    return operand < needed.size() && needed[operand];
  }

  /// The element type that the adjoint of an operand has: the operand's, or a wider one
  /// that train-differentiate asks for (kGradientTypeAttr). A rule whose op can give that
  /// type builds the adjoint in it, so that nothing is rounded on the way.
  mlir::Type gradientType(unsigned operand) const;

  /// Stores the adjoint of an operand, summed down to the operand's shape where the op
  /// broadcast it and cast to its gradient type. Does nothing if it isn't wanted.
  void set(unsigned operand, mlir::Value adjoint);

  /// Reports at the op that it can't be differentiated.
  mlir::InFlightDiagnostic fail();
  bool hasFailed() const { return failed; }

  /// Builds an op at the op's location.
  template <typename OpT, typename... Args> OpT make(Args &&...args) {
    return OpT::create(builder, op->getLoc(), std::forward<Args>(args)...);
  }

  mlir::Value neg(mlir::Value x) { return make<NegOp>(x); }
  mlir::Value add(mlir::Value x, mlir::Value y) { return make<AddOp>(x, y); }
  mlir::Value sub(mlir::Value x, mlir::Value y) { return make<SubOp>(x, y); }
  mlir::Value mul(mlir::Value x, mlir::Value y) { return make<MulOp>(x, y); }
  mlir::Value div(mlir::Value x, mlir::Value y) { return make<DivOp>(x, y); }
  mlir::Value compare(Predicate predicate, mlir::Value x, mlir::Value y) {
    return make<CompareOp>(x, y, predicate);
  }
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y) {
    return make<SelectOp>(condition, x, y);
  }

  /// A rank-0 constant of x's element type, for use in broadcasting ops.
  mlir::Value scalar(double value, mlir::Value x);
  /// A constant of x's type with all elements equal.
  mlir::Value splat(double value, mlir::Value x);
  /// x * factor, factor rounded once to x's element type.
  mlir::Value scale(mlir::Value x, double factor) { return mul(x, scalar(factor, x)); }
  /// x in another element type, or x itself.
  mlir::Value castTo(mlir::Value x, mlir::Type elementType);
  /// What x was widened from, or x itself: for ops that compute wide whatever they read.
  mlir::Value unwidened(mlir::Value x);
  /// x under another shape, or x itself.
  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<int64_t> shape);
  /// x summed over the dimensions along which a tensor of `shape` was broadcast to x's,
  /// in the element type `type`.
  mlir::Value unbroadcast(mlir::Value x, llvm::ArrayRef<int64_t> shape, mlir::Type type);
  /// The `result_type` of a sum of elements of x that is wanted in `type`; null where
  /// that is not wider, or none for sums of x.
  mlir::TypeAttr sumType(mlir::Value x, mlir::Type type);

private:
  mlir::Operation *op;
  mlir::OpBuilder &builder;
  llvm::ArrayRef<mlir::Value> resultAdjoints;
  llvm::ArrayRef<bool> needed;
  llvm::MutableArrayRef<mlir::Value> operandAdjoints;
  bool failed = false;
};

namespace gradients {
using ErasedRule = llvm::function_ref<void(mlir::Operation *, Adjoint &)>;

llvm::LogicalResult applyRule(ErasedRule rule, mlir::Operation *op,
                              mlir::OpBuilder &builder,
                              llvm::ArrayRef<mlir::Value> resultAdjoints,
                              llvm::ArrayRef<bool> needed,
                              llvm::MutableArrayRef<mlir::Value> operandAdjoints);

/// Applies the rule in a scratch block and returns the operands and results of `op` that
/// it used.
llvm::SmallVector<mlir::Value> valuesReadBy(ErasedRule rule, mlir::Operation *op,
                                            llvm::ArrayRef<bool> needed);

template <typename OpT, void (*Rule)(OpT, Adjoint &)>
struct RuleModel : DifferentiableOpInterface::ExternalModel<RuleModel<OpT, Rule>, OpT> {
  static void erased(mlir::Operation *op, Adjoint &d) { Rule(llvm::cast<OpT>(op), d); }

  llvm::LogicalResult
  buildAdjoint(mlir::Operation *op, mlir::OpBuilder &builder,
               llvm::ArrayRef<mlir::Value> resultAdjoints, llvm::ArrayRef<bool> needed,
               llvm::MutableArrayRef<mlir::Value> operandAdjoints) const {
    return applyRule(erased, op, builder, resultAdjoints, needed, operandAdjoints);
  }
  llvm::SmallVector<mlir::Value> getSavedForBackward(mlir::Operation *op,
                                                     llvm::ArrayRef<bool> needed) const {
    return valuesReadBy(erased, op, needed);
  }
};
} // namespace gradients

/// Makes `Rule` the adjoint of OpT.
template <typename OpT, void (*Rule)(OpT, Adjoint &)>
void attach(mlir::MLIRContext *context) {
  OpT::template attachInterface<gradients::RuleModel<OpT, Rule>>(*context);
}

/// One function per family, each in the file of the family's name.
void attachElementwiseRules(mlir::MLIRContext *context);
void attachContractionRules(mlir::MLIRContext *context);
void attachReductionRules(mlir::MLIRContext *context);
void attachShapeRules(mlir::MLIRContext *context);
void attachIndexRules(mlir::MLIRContext *context);
void attachRandomRules(mlir::MLIRContext *context);
void attachLossRules(mlir::MLIRContext *context);
void attachPrecisionRules(mlir::MLIRContext *context);

} // namespace train

#endif // TRAIN_LIB_GRADIENTS_ADJOINT_H
