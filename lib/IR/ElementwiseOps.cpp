// Elementwise ops: broadcasting, cost and precision class of each.
#include "ShapeInference.h"

using namespace mlir;
using namespace train;

#define GET_OP_CLASSES
#include "train/IR/ElementwiseOps.cpp.inc"

//===-- Result types: C1 one element type, C2 shapes broadcast ----------------===//

static LogicalResult inferBroadcast(const inference::Failure &emitError,
                                    ValueRange values, Type element,
                                    SmallVectorImpl<Type> &types) {
  SmallVector<ArrayRef<int64_t>> shapes;
  for (Value value : values)
    shapes.push_back(inference::getShape(value));
  auto shape = inference::broadcastShapes(shapes, emitError);
  if (failed(shape))
    return failure();
  types.push_back(RankedTensorType::get(*shape, element));
  return success();
}

template <typename Adaptor>
static LogicalResult inferBinary(StringRef name, std::optional<Location> location,
                                 Adaptor adaptor, SmallVectorImpl<Type> &types) {
  inference::Failure emitError(location, name);
  auto element = inference::getCommonElement(adaptor.getOperands().getTypes(), emitError);
  if (failed(element))
    return failure();
  return inferBroadcast(emitError, adaptor.getOperands(), *element, types);
}

#define TRAIN_INFER_BINARY(Op, name)                                                     \
  LogicalResult Op::inferReturnTypes(MLIRContext *, std::optional<Location> location,    \
                                     Adaptor adaptor, SmallVectorImpl<Type> &types) {    \
    return inferBinary(name, location, adaptor, types);                                  \
  }
TRAIN_INFER_BINARY(AddOp, "train.add")
TRAIN_INFER_BINARY(SubOp, "train.sub")
TRAIN_INFER_BINARY(MulOp, "train.mul")
TRAIN_INFER_BINARY(DivOp, "train.div")
TRAIN_INFER_BINARY(MinOp, "train.min")
TRAIN_INFER_BINARY(MaxOp, "train.max")
#undef TRAIN_INFER_BINARY

LogicalResult PowOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                      Adaptor adaptor, SmallVectorImpl<Type> &types) {
  if (!isa<FloatType>(inference::getElement(adaptor.getLhs()))) {
    return inference::Failure(location, "train.pow")(
        "takes floats, got element type ", inference::getElement(adaptor.getLhs()));
  }
  return inferBinary("train.pow", location, adaptor, types);
}

LogicalResult CompareOp::inferReturnTypes(MLIRContext *context,
                                          std::optional<Location> location,
                                          Adaptor adaptor, SmallVectorImpl<Type> &types) {
  inference::Failure emitError(location, "train.compare");
  if (failed(inference::getCommonElement(adaptor.getOperands().getTypes(), emitError)))
    return failure();
  return inferBroadcast(emitError, adaptor.getOperands(), IntegerType::get(context, 1),
                        types);
}

LogicalResult SelectOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                         Adaptor adaptor, SmallVectorImpl<Type> &types) {
  inference::Failure emitError(location, "train.select");
  auto element = inference::getCommonElement(
      TypeRange{adaptor.getLhs().getType(), adaptor.getRhs().getType()}, emitError);
  if (failed(element))
    return failure();
  return inferBroadcast(emitError, adaptor.getOperands(), *element, types);
}

LogicalResult ClampOp::verify() {
  double low = getLow().convertToDouble(), high = getHigh().convertToDouble();
  if (!(low <= high))
    return emitOpError("needs low <= high, got ") << low << " and " << high;
  return success();
}

//===-- Cost and precision ----------------------------------------------------===//

// FLOPs per element: transcendental functions count as the arithmetic that their vector
// code takes, rounded; what matters is that they cost more than an add.
#define TRAIN_ELEMENTWISE(Op, flops, precision)                                          \
  int64_t Op::getFlops() { return (flops) * getType().getNumElements(); }                \
  PrecisionClass Op::getPrecisionClass() { return PrecisionClass::precision; }
TRAIN_ELEMENTWISE(NegOp, 1, PassThrough)
TRAIN_ELEMENTWISE(AbsOp, 1, PassThrough)
TRAIN_ELEMENTWISE(ExpOp, 12, Full)
TRAIN_ELEMENTWISE(LogOp, 16, Full)
TRAIN_ELEMENTWISE(SqrtOp, 4, Full)
TRAIN_ELEMENTWISE(RsqrtOp, 5, Full)
TRAIN_ELEMENTWISE(SinOp, 20, Full)
TRAIN_ELEMENTWISE(CosOp, 20, Full)
TRAIN_ELEMENTWISE(TanhOp, 16, PassThrough)
TRAIN_ELEMENTWISE(SigmoidOp, 14, PassThrough)
TRAIN_ELEMENTWISE(ErfOp, 20, Full)
TRAIN_ELEMENTWISE(ReluOp, 1, PassThrough)
TRAIN_ELEMENTWISE(SiluOp, 15, PassThrough)
TRAIN_ELEMENTWISE(GeluOp, 20, PassThrough)
TRAIN_ELEMENTWISE(GeluBackwardOp, 28, PassThrough)
TRAIN_ELEMENTWISE(SiluBackwardOp, 18, PassThrough)
TRAIN_ELEMENTWISE(AddOp, 1, Promote)
TRAIN_ELEMENTWISE(SubOp, 1, Promote)
TRAIN_ELEMENTWISE(MulOp, 1, Promote)
TRAIN_ELEMENTWISE(DivOp, 4, Promote)
TRAIN_ELEMENTWISE(PowOp, 40, Full)
TRAIN_ELEMENTWISE(MinOp, 1, Promote)
TRAIN_ELEMENTWISE(MaxOp, 1, Promote)
TRAIN_ELEMENTWISE(SelectOp, 1, Promote)
TRAIN_ELEMENTWISE(ClampOp, 2, PassThrough)
TRAIN_ELEMENTWISE(CompareOp, 1, Promote)
#undef TRAIN_ELEMENTWISE
