// How a family says what its ops mean: one free function per op, attached as the op's
// ReferenceOpInterface. Results arrive zeroed and in f64; rounding is the interpreter's.
#ifndef TRAIN_LIB_REFERENCE_MODELS_H
#define TRAIN_LIB_REFERENCE_MODELS_H

#include "train/IR/TrainDialect.h"
#include "train/Reference/EvalContext.h"

namespace train::reference {

using Operands = llvm::ArrayRef<const Tensor *>;
using Results = llvm::MutableArrayRef<Tensor>;

/// The model of `OpT` whose meaning is `evaluateOp(op, operands, results, context)`.
template <typename OpT, auto evaluateOp>
struct Model : ReferenceOpInterface::ExternalModel<Model<OpT, evaluateOp>, OpT> {
  llvm::LogicalResult evaluate(mlir::Operation *op, Operands operands, Results results,
                               EvalContext &context) const {
    return evaluateOp(llvm::cast<OpT>(op), operands, results, context);
  }
};

template <typename OpT, auto evaluateOp> void attach(mlir::MLIRContext *context) {
  OpT::template attachInterface<Model<OpT, evaluateOp>>(*context);
}

/// The operand that the op declares as number `index`, or null where it is optional and
/// absent.
template <typename OpT>
const Tensor *declaredOperand(OpT op, unsigned index, Operands operands) {
  auto [first, count] = op.getODSOperandIndexAndLength(index);
  return count == 0 ? nullptr : operands[first];
}

// One function per family, in the file of that name; contractions and reductions have
// several files.
void attachConstant(mlir::MLIRContext *context);
void attachContraction(mlir::MLIRContext *context);
void attachConvolution(mlir::MLIRContext *context);
void attachAttention(mlir::MLIRContext *context);
void attachElementwise(mlir::MLIRContext *context);
void attachIndex(mlir::MLIRContext *context);
void attachLoss(mlir::MLIRContext *context);
void attachOptimizer(mlir::MLIRContext *context);
void attachPrecision(mlir::MLIRContext *context);
void attachQuantization(mlir::MLIRContext *context);
void attachRandom(mlir::MLIRContext *context);
void attachReduction(mlir::MLIRContext *context);
void attachNormalization(mlir::MLIRContext *context);
void attachPooling(mlir::MLIRContext *context);
void attachShape(mlir::MLIRContext *context);

} // namespace train::reference

#endif // TRAIN_LIB_REFERENCE_MODELS_H
