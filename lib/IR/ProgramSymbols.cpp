// Params and states, and the ops that read and write them.
#include "AttributeNames.h"
#include "ShapeInference.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace train;

//===-- param and state -------------------------------------------------------===//

static LogicalResult verifyInitializer(Operation *op, Type type, Attribute init) {
  if (isa<ZerosAttr, FillAttr, NormalAttr, UniformAttr>(init)) {
    if (isa<NormalAttr, UniformAttr>(init) &&
        !isa<FloatType>(cast<RankedTensorType>(type).getElementType()))
      return op->emitOpError("random initial values are floats, the type is ") << type;
    return success();
  }
  if (auto elements = dyn_cast<ElementsAttr>(init)) {
    if (elements.getType() != type)
      return op->emitOpError("initial value has type ")
             << elements.getType() << ", the symbol " << type;
    return inference::verifyLiteral(op, elements);
  }
  return op->emitOpError(
             "initial value must be #train.zeros, #train.constant, #train.normal, "
             "#train.uniform or an elements attribute, got ")
         << init;
}

// The element types of TrainBase.td.
static bool isElementType(Type type) {
  return type.isSignlessIntOrFloat() &&
         (getRuntimeType(type) ||
          isa<Float8E4M3FNType, Float8E5M2Type, Float4E2M1FNType, Float8E8M0FNUType>(
              type));
}

static LogicalResult verifySymbolType(Operation *op, Type type, bool floatsOnly) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return op->emitOpError("needs a ranked tensor type, got ") << type;
  if (!tensor.hasStaticShape())
    return op->emitOpError("needs a static shape, got ") << type;
  if (tensor.getRank() > TRAIN_MAX_RANK)
    return op->emitOpError("has rank ")
           << tensor.getRank() << ", at most " << TRAIN_MAX_RANK;
  if (floatsOnly && !isa<FloatType>(tensor.getElementType()))
    return op->emitOpError("needs a float element type, got ") << tensor.getElementType();
  if (!isElementType(tensor.getElementType()))
    return op->emitOpError("needs a number element type, got ")
           << tensor.getElementType();
  if (inference::isTooLarge(tensor))
    return op->emitOpError("has more than 2^57 elements: ") << tensor;
  return success();
}

LogicalResult ParamOp::verify() {
  if (failed(verifyAttributeNames(*this)) ||
      failed(verifySymbolType(*this, getType(), /*floatsOnly=*/true)))
    return failure();
  return verifyInitializer(*this, getType(), getInit());
}

LogicalResult StateOp::verify() {
  if (failed(verifyAttributeNames(*this)) ||
      failed(verifySymbolType(*this, getType(), /*floatsOnly=*/false)))
    return failure();
  auto copied = dyn_cast<CopyOfAttr>(getInit());
  if ((getRole() == StateRole::Copy) != (copied && copied.getMaster() == getOwnerAttr()))
    return emitOpError("initial value ")
           << getInit() << " does not go with the role " << stringifyStateRole(getRole())
           << ": a copy, and nothing else, starts as the copy of its owner";
  return copied ? success() : verifyInitializer(*this, getType(), getInit());
}

LogicalResult StateOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto owner = getOwnerAttr();
  if (!owner)
    return success();
  auto param = tables.lookupNearestSymbolFrom<ParamOp>(*this, owner);
  if (!param)
    return emitOpError("owner ") << owner << " names no train.param";
  if (getRole() != StateRole::Copy)
    return success();
  auto narrow = cast<RankedTensorType>(getType()),
       wide = cast<RankedTensorType>(param.getType());
  if (narrow.getShape() == wide.getShape() &&
      CastOp::isExact(narrow.getElementType(), wide.getElementType()))
    return success();
  InFlightDiagnostic diag = emitOpError("of type ")
                            << narrow << " is no copy of " << owner << " of type " << wide
                            << " in a narrower type";
  diag.attachNote(param.getLoc()) << owner << " is declared here";
  return diag;
}

//===-- read and write --------------------------------------------------------===//

// The declared type of the param or state that a symbol names, or null.
static Type lookupSymbolType(SymbolTableCollection &tables, Operation *op,
                             FlatSymbolRefAttr name) {
  Operation *symbol = tables.lookupNearestSymbolFrom(op, name);
  if (auto param = dyn_cast_or_null<ParamOp>(symbol))
    return param.getType();
  if (auto state = dyn_cast_or_null<StateOp>(symbol))
    return state.getType();
  return nullptr;
}

static LogicalResult verifyAccess(SymbolTableCollection &tables, Operation *op,
                                  FlatSymbolRefAttr name, Type type) {
  Type declared = lookupSymbolType(tables, op, name);
  if (!declared)
    return op->emitOpError("symbol ") << name << " names no train.param or train.state";
  if (declared == type)
    return success();
  InFlightDiagnostic diag = op->emitOpError("has type ")
                            << type << ", the symbol has " << declared;
  diag.attachNote(tables.lookupNearestSymbolFrom(op, name)->getLoc())
      << name << " is declared here";
  return diag;
}

LogicalResult ReadOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyAccess(tables, *this, getSymbolAttr(), getResult().getType());
}

LogicalResult WriteOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (isa_and_nonnull<GraphOp>((*this)->getParentOp()))
    return emitOpError(
        "has no place in a train.graph; the passes build the step that writes");
  auto param = tables.lookupNearestSymbolFrom<ParamOp>(*this, getSymbolAttr());
  if (param && param.getFrozen()) {
    InFlightDiagnostic diag = emitOpError("writes frozen parameter ") << getSymbolAttr();
    diag.attachNote(param.getLoc()) << "declared frozen here";
    return diag;
  }
  return verifyAccess(tables, *this, getSymbolAttr(), getValue().getType());
}
