// The plan's attributes, read back.
#include "ArenaOffset.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"
#include "train/Analysis/PlanAttributes.h"

using namespace mlir;
using namespace train;

int64_t train::getArenaOffset(Value value) {
  Operation *owner = value.getDefiningOp();
  StringRef name = kOffsetsAttr;
  unsigned index = 0;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    owner = argument.getOwner()->getParentOp();
    name = kArgOffsetsAttr;
    index = argument.getArgNumber();
  } else {
    index = cast<OpResult>(value).getResultNumber();
  }
  auto offsets = owner->getAttrOfType<DenseI64ArrayAttr>(name);
  return offsets && index < offsets.size() ? offsets[index] : -1;
}
