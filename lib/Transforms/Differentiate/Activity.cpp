//===- Activity.cpp - one sweep forward, one backward -----------------------===//
//
// Linear in the number of ops; the graph is acyclic and in order.
//
//===----------------------------------------------------------------------===//
#include "Activity.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace train;

Activity::Activity(Block &block, ArrayRef<Value> sources, Value loss) {
  for (Value source : sources)
    varied.try_emplace(source, Value());
  for (Operation &op : block) {
    Value cause;
    for (Value operand : op.getOperands())
      if (varied.contains(operand)) {
        cause = operand;
        break;
      }
    if (!cause)
      continue;
    // Integers and booleans carry no derivative: activity ends there.
    for (Value result : op.getResults())
      if (isa<FloatType>(getElementTypeOrSelf(result.getType())))
        varied.try_emplace(result, cause);
  }
  useful.insert(loss);
  for (Operation &op : llvm::reverse(block)) {
    if (llvm::none_of(op.getResults(),
                      [&](Value result) { return useful.contains(result); }))
      continue;
    for (Value operand : op.getOperands())
      useful.insert(operand);
  }
}

void Activity::explain(InFlightDiagnostic &diagnostic, Operation *op, Value loss) const {
  for (Value operand : op->getOperands()) {
    Value value = operand;
    if (!varied.contains(value))
      continue;
    while (Value cause = varied.lookup(value))
      value = cause;
    if (auto read = value.getDefiningOp<ReadOp>())
      diagnostic.attachNote(read.getLoc()) << "it depends on the trainable parameter "
                                           << read.getSymbolAttr() << ", read here";
    break;
  }
  diagnostic.attachNote(loss.getLoc()) << "and the loss, computed here, depends on it";
}
