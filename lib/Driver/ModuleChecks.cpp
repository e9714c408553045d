// See ModuleChecks.h.
#include "ModuleChecks.h"
#include "train/IR/TrainDialect.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace train;

static bool isPlainText(StringRef text) {
  return llvm::json::isUTF8(text) && !text.contains('\0');
}

// What is wrong with the texts in an attribute or location, or null.
static const char *findBadText(Attribute attribute) {
  const char *bad = nullptr;
  attribute.walk([&](Attribute part) {
    auto text = dyn_cast<StringAttr>(part);
    if (!text || isPlainText(text.getValue()))
      return WalkResult::advance();
    bad =
        llvm::json::isUTF8(text.getValue()) ? "a zero byte" : "a text that is not UTF-8";
    return WalkResult::interrupt();
  });
  return bad;
}

LogicalResult train::checkTexts(ModuleOp module) {
  // Many ops share a location, and its text may be what must not be printed.
  llvm::DenseSet<Attribute> known;
  auto check = [&](Operation *op, Attribute attribute, StringRef where) -> LogicalResult {
    if (!known.insert(attribute).second)
      return success();
    const char *bad = findBadText(attribute);
    return bad ? op->emitOpError("has ") << bad << " in its " << where : success();
  };
  WalkResult result = module.walk([&](Operation *op) {
    if (failed(check(op, op->getAttrDictionary(), "attributes")) ||
        failed(check(op, LocationAttr(op->getLoc()), "location")))
      return WalkResult::interrupt();
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  for (Operation &op : *module.getBody()) {
    if (!isa<ParamOp, StateOp>(op))
      continue;
    StringRef name = SymbolTable::getSymbolName(&op).getValue();
    // The one key of a safetensors header that is no tensor.
    if (name.empty() || name == "__metadata__")
      return op.emitOpError("has the name '")
             << name << "', under which safetensors cannot hold a tensor";
  }
  return success();
}

LogicalResult train::checkBatches(ModuleOp module) {
  for (auto graph : module.getOps<GraphOp>())
    for (auto [argument, dim, name] :
         llvm::zip(graph.getBody().getArguments(), graph.getBatchDims(),
                   graph.getInputNames())) {
      auto type = cast<RankedTensorType>(argument.getType());
      if (dim >= 0 && type.getDimSize(dim) == 0)
        return graph.emitOpError("input ")
               << name << " of type " << type << " has a batch of 0";
    }
  return success();
}
