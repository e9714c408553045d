//===- Adjoint.cpp - the vocabulary of gradient rules, and how they are applied ===//
//
// Everything that all rules share, so that a rule is nothing but its formula:
// undoing broadcasts, constants, and the conditions under which a rule isn't asked at
// all.
//
//===----------------------------------------------------------------------===//
#include "Adjoint.h"
#include "train/Gradients/Accumulate.h"
#include "train/Gradients/Registration.h"

using namespace mlir;
using namespace train;

void Adjoint::set(unsigned operand, Value adjoint) {
  if (!wants(operand))
    return;
  ArrayRef<int64_t> shape = tensorType(op->getOperand(operand)).getShape();
  Type type = gradientType(operand);
  operandAdjoints[operand] = castTo(unbroadcast(adjoint, shape, type), type);
}

Type Adjoint::gradientType(unsigned operand) const {
  Value value = op->getOperand(operand);
  if (Operation *producer = value.getDefiningOp())
    if (auto type = producer->getAttrOfType<TypeAttr>(kGradientTypeAttr))
      return type.getValue();
  return tensorType(value).getElementType();
}

InFlightDiagnostic Adjoint::fail() {
  failed = true;
  return op->emitOpError();
}

static Value makeSplat(Adjoint &d, RankedTensorType type, double value) {
  auto element = cast<FloatType>(type.getElementType());
  APFloat rounded(value);
  bool losesInfo;
  rounded.convert(element.getFloatSemantics(), APFloat::rmNearestTiesToEven, &losesInfo);
  return d.make<ConstantOp>(cast<ElementsAttr>(DenseElementsAttr::get(type, rounded)));
}

Value Adjoint::scalar(double value, Value x) {
  return makeSplat(*this, RankedTensorType::get({}, tensorType(x).getElementType()),
                   value);
}

Value Adjoint::splat(double value, Value x) {
  return makeSplat(*this, tensorType(x), value);
}

Value Adjoint::castTo(Value x, Type elementType) {
  return CastOp::convert(builder, op->getLoc(), x, elementType);
}

TypeAttr Adjoint::sumType(Value x, Type type) {
  bool wider = CastOp::isExact(tensorType(x).getElementType(), type) &&
               type.getIntOrFloatBitWidth() >= 32;
  return wider ? TypeAttr::get(type) : TypeAttr();
}

Value Adjoint::unwidened(Value x) {
  auto widened = x.getDefiningOp<CastOp>();
  bool isShort = widened && widened.isExact() &&
                 tensorType(widened.getX()).getElementTypeBitWidth() >= 16;
  return isShort ? Value(widened.getX()) : x;
}

Value Adjoint::reshape(Value x, ArrayRef<int64_t> shape) {
  return tensorType(x).getShape() == shape ? x : Value(make<ReshapeOp>(x, shape));
}

Value Adjoint::unbroadcast(Value x, ArrayRef<int64_t> shape, Type type) {
  ArrayRef<int64_t> from = tensorType(x).getShape();
  if (from == shape)
    return x;
  size_t lead = from.size() - shape.size();
  SmallVector<int64_t> dims;
  for (size_t i = 0; i < from.size(); ++i)
    if (i < lead || from[i] != shape[i - lead])
      dims.push_back(i);
  // A sum widens what it reads anyway, so an exact cast of it would only be stored.
  if (type == tensorType(x).getElementType())
    x = unwidened(x);
  return reshape(make<ReduceSumOp>(x, dims, /*keep_dims=*/false, sumType(x, type)),
                 shape);
}

LogicalResult gradients::applyRule(ErasedRule rule, Operation *op, OpBuilder &builder,
                                   ArrayRef<Value> resultAdjoints, ArrayRef<bool> needed,
                                   MutableArrayRef<Value> operandAdjoints) {
  for (size_t i = 1; i < resultAdjoints.size(); ++i)
    if (resultAdjoints[i])
      return op->emitOpError() << "has no derivative with respect to result " << i
                               << "; only result 0 is differentiable";
  if (!resultAdjoints[0] || !llvm::is_contained(needed, true))
    return success();
  Adjoint d(op, builder, resultAdjoints, needed, operandAdjoints);
  rule(op, d);
  return success(!d.hasFailed());
}

// The uses that the scratch block adds disappear with it, so the op is unchanged
// afterwards; in between, nobody else may walk its use lists.
SmallVector<Value> gradients::valuesReadBy(ErasedRule rule, Operation *op,
                                           ArrayRef<bool> needed) {
  if (!llvm::is_contained(needed, true))
    return {};
  Block scratch;
  OpBuilder builder(op->getContext());
  builder.setInsertionPointToStart(&scratch);
  SmallVector<Value> resultAdjoints(op->getNumResults());
  resultAdjoints[0] = scratch.addArgument(op->getResult(0).getType(), op->getLoc());
  SmallVector<Value> operandAdjoints(op->getNumOperands());
  // A rule that fails will say so when it is applied; here its diagnostics would come
  // twice.
  ScopedDiagnosticHandler silence(op->getContext(),
                                  [](Diagnostic &) { return success(); });
  Adjoint d(op, builder, resultAdjoints, needed, operandAdjoints);
  rule(op, d);

  llvm::SmallPtrSet<Value, 8> read(operandAdjoints.begin(), operandAdjoints.end());
  for (Operation &built : scratch)
    read.insert(built.operand_begin(), built.operand_end());
  SmallVector<Value> saved;
  for (Value value : op->getOperands())
    if (read.contains(value) && !llvm::is_contained(saved, value))
      saved.push_back(value);
  for (Value value : op->getResults())
    if (read.contains(value))
      saved.push_back(value);
  return saved;
}

void train::registerGradients(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, TrainDialect *) {
    attachElementwiseRules(context);
    attachContractionRules(context);
    attachReductionRules(context);
    attachShapeRules(context);
    attachIndexRules(context);
    attachRandomRules(context);
    attachLossRules(context);
    attachPrecisionRules(context);
  });
}
