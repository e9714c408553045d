//===- OpText.cpp - ops and places as people read them ----------------------===//
//
// Text from ops, and nothing else.
//
//===----------------------------------------------------------------------===//
#include "train/Analysis/OpText.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace train;

std::string train::getOpText(Operation *op) {
  auto fusion = dyn_cast<FusionOp>(op);
  if (!fusion)
    return op->getName().stripDialect().str();
  std::string text;
  for (Operation &inner : fusion.getBody().front().without_terminator()) {
    if (inner.hasTrait<OpTrait::ConstantLike>())
      continue;
    if (!text.empty())
      text += '+';
    text += inner.getName().stripDialect();
  }
  return text;
}

std::string train::getLocationText(Location location) {
  if (auto file = dyn_cast<FileLineColLoc>(location))
    return (file.getFilename().getValue() + ":" + Twine(file.getLine()) + ":" +
            Twine(file.getColumn()))
        .str();
  if (auto name = dyn_cast<NameLoc>(location)) {
    std::string inner = getLocationText(name.getChildLoc());
    return inner.empty() ? name.getName().str()
                         : (name.getName().getValue() + " (" + inner + ")").str();
  }
  if (auto fused = dyn_cast<FusedLoc>(location))
    for (Location part : fused.getLocations())
      if (std::string text = getLocationText(part); !text.empty())
        return text;
  if (auto call = dyn_cast<CallSiteLoc>(location))
    return getLocationText(call.getCallee());
  return "";
}

std::string train::getTypeText(Type type) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  auto tensor = dyn_cast<RankedTensorType>(type);
  for (int64_t size : tensor ? tensor.getShape() : ArrayRef<int64_t>())
    stream << size << 'x';
  stream << getElementTypeOrSelf(type);
  return text;
}
