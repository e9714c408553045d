// See AttributeNames.h.
#include "AttributeNames.h"
#include "mlir/IR/SymbolTable.h"
#include "train/IR/TrainDialect.h"
#include "train/Support/NearestName.h"

using namespace mlir;
using namespace train;

LogicalResult train::verifyAttributeNames(Operation *op) {
  if (!isa_and_present<TrainDialect>(op->getDialect()))
    return success();
  for (NamedAttribute attribute : op->getDiscardableAttrs()) {
    StringRef name = attribute.getName();
    if (name.contains('.') || name == SymbolTable::getVisibilityAttrName())
      continue;
    std::vector<std::string> known;
    for (StringAttr own : op->getName().getAttributeNames())
      known.push_back(own.str());
    return op->emitOpError("has no attribute '")
           << name << "'"
           << didYouMean(name.str(), known,
                         "; one of another dialect needs its name in front");
  }
  return success();
}
