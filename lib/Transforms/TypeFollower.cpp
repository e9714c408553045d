//===- TypeFollower.cpp - new shapes through a block -------------------------===//
//
// One walk in the order of the ops; a scope's results follow what it yields.
//
//===----------------------------------------------------------------------===//
#include "TypeFollower.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"

using namespace mlir;
using namespace train;

void TypeFollower::noteOldType(Value value, Type before) {
  if (value.getType() != before)
    old.try_emplace(value, cast<RankedTensorType>(before));
}

void TypeFollower::setType(Value value, Type type) {
  Type before = value.getType();
  value.setType(type);
  noteOldType(value, before);
}

RankedTensorType TypeFollower::getOldType(Value value) const {
  auto found = old.find(value);
  return found == old.end() ? cast<RankedTensorType>(value.getType()) : found->second;
}

LogicalResult TypeFollower::visit(Block &block) {
  for (Operation &op : block.without_terminator())
    if (failed(visit(op)))
      return failure();
  return success();
}

LogicalResult TypeFollower::visit(Operation &op) {
  if (op.getNumRegions()) {
    Block &body = op.getRegion(0).front();
    if (failed(visit(body)))
      return failure();
    for (auto [result, yielded] :
         llvm::zip_equal(op.getResults(), body.getTerminator()->getOperands()))
      setType(result, yielded.getType());
    return success();
  }
  if (failed(setSizes(op)))
    return failure();
  if (auto inferring = dyn_cast<InferTypeOpInterface>(op)) {
    SmallVector<Type> types;
    if (failed(inferring.inferReturnTypes(op.getContext(), op.getLoc(), op.getOperands(),
                                          op.getDiscardableAttrDictionary(),
                                          op.getPropertiesStorage(), op.getRegions(),
                                          types))) {
      refuse(op);
      return failure();
    }
    for (auto [result, type] : llvm::zip_equal(op.getResults(), types))
      setType(result, type);
  } else if (op.hasTrait<OpTrait::SameOperandsAndResultShape>() && op.getNumOperands()) {
    // A cast keeps its own element type and follows its operand's shape.
    ArrayRef<int64_t> shape = cast<ShapedType>(op.getOperand(0).getType()).getShape();
    for (Value result : op.getResults())
      setType(result, cast<ShapedType>(result.getType()).clone(shape));
  }
  return success();
}
