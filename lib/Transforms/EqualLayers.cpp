//===- EqualLayers.cpp - more layers of a kind -------------------------------===//
//
// Finds layers that differ in their parameters alone, and makes more of them.
//
//===----------------------------------------------------------------------===//
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/IRMapping.h"
#include "train/Transforms/ModelSize.h"

using namespace mlir;
using namespace train;

/// The attributes without names of symbols and of the layer: what must be equal.
static Attribute getMeaning(Operation *op) {
  SmallVector<NamedAttribute> kept;
  for (NamedAttribute attribute : op->getAttrs()) {
    bool names = false;
    attribute.getValue().walk([&](SymbolRefAttr) { names = true; });
    if (!names && !isa<LayerOp>(op))
      kept.push_back(attribute);
  }
  return DictionaryAttr::get(op->getContext(), kept);
}

/// Whether two layers do the same; `from` is the value that the second has in the place
/// of the first's.
static bool areAlike(LayerOp a, LayerOp b, IRMapping &from) {
  SmallVector<Operation *> left, right;
  a->walk<WalkOrder::PreOrder>([&](Operation *op) { left.push_back(op); });
  b->walk<WalkOrder::PreOrder>([&](Operation *op) { right.push_back(op); });
  if (left.size() != right.size())
    return false;
  for (auto [x, y] : llvm::zip_equal(left, right)) {
    if (x->getName() != y->getName() || x->getResultTypes() != y->getResultTypes() ||
        x->getNumOperands() != y->getNumOperands() || getMeaning(x) != getMeaning(y))
      return false;
    for (auto [used, usedThere] : llvm::zip_equal(x->getOperands(), y->getOperands()))
      if (from.lookupOrDefault(used) != usedThere)
        return false;
    // The layers themselves are what is compared.
    if (x != a.getOperation())
      from.map(x->getResults(), y->getResults());
  }
  return true;
}

/// The one value from outside that `layer` reads and that has its result's type; null
/// where there are several, or the layer has not one result.
static Value getCarried(LayerOp layer) {
  if (layer->getNumResults() != 1)
    return {};
  Value carried;
  bool isOne = true;
  layer->walk([&](Operation *op) {
    for (Value operand : op->getOperands()) {
      if (layer.getBody().isAncestor(operand.getParentRegion()) ||
          operand.getType() != layer.getResult(0).getType())
        continue;
      isOne &= !carried || carried == operand;
      carried = operand;
    }
  });
  return isOne ? carried : Value();
}

SmallVector<LayerOp> train::findEqualLayers(GraphOp graph) {
  SmallVector<LayerOp> longest, run;
  for (auto layer : graph.getBody().front().getOps<LayerOp>()) {
    Value carried = getCarried(layer);
    if (!carried) {
      run.clear();
      continue;
    }
    bool continues = !run.empty() && carried == run.back().getResult(0);
    if (continues) {
      IRMapping from;
      from.map(getCarried(run.back()), carried);
      continues = areAlike(run.back(), layer, from);
    }
    if (!continues)
      run.clear();
    run.push_back(layer);
    if (run.size() > longest.size())
      longest = run;
  }
  return longest;
}

/// The parameters and states that `layer` names and nothing else does.
static SmallVector<Operation *> getOwnSymbols(LayerOp layer) {
  auto module = layer->getParentOfType<ModuleOp>();
  DenseSet<StringAttr> inside, outside;
  module->walk<WalkOrder::PreOrder>([&](Operation *op) {
    bool isInside = layer->isAncestor(op);
    for (NamedAttribute attribute : op->getAttrs())
      attribute.getValue().walk([&](FlatSymbolRefAttr symbol) {
        (isInside ? inside : outside).insert(symbol.getAttr());
      });
  });
  SmallVector<Operation *> own;
  for (Operation &op : *module.getBody())
    if (isa<ParamOp, StateOp>(op))
      if (StringAttr name = SymbolTable::getSymbolName(&op);
          inside.contains(name) && !outside.contains(name))
        own.push_back(&op);
  return own;
}

void train::addLayers(ArrayRef<LayerOp> layers, int64_t count) {
  LayerOp last = layers.back();
  SymbolTable symbols(last->getParentOfType<ModuleOp>());
  SmallVector<Operation *> own = getOwnSymbols(last);
  Value carried = getCarried(last), handedOn = last.getResult(0);
  OpBuilder builder(last->getContext());
  SmallVector<LayerOp> copies;
  for (int64_t i = 0; i < count; ++i) {
    DenseMap<Attribute, Attribute> renamed;
    for (Operation *symbol : own) {
      Operation *copy = symbol->clone();
      symbols.insert(copy, std::next(Block::iterator(symbol)));
      renamed[SymbolTable::getSymbolName(symbol)] = SymbolTable::getSymbolName(copy);
    }
    IRMapping mapping;
    mapping.map(carried, handedOn);
    builder.setInsertionPointAfter(copies.empty() ? last : copies.back());
    auto copy = cast<LayerOp>(builder.clone(*last, mapping));
    AttrTypeReplacer replacer;
    replacer.addReplacement([&](FlatSymbolRefAttr symbol) -> std::optional<Attribute> {
      auto found = renamed.find(symbol.getAttr());
      if (found == renamed.end())
        return std::nullopt;
      return FlatSymbolRefAttr::get(cast<StringAttr>(found->second));
    });
    replacer.recursivelyReplaceElementsIn(copy, /*replaceAttrs=*/true);
    // Strategies tell layers apart by name.
    copy.setName((last.getName() + "+" + Twine(i + 1)).str());
    copies.push_back(copy);
    handedOn = copy.getResult(0);
  }
  if (copies.empty())
    return;
  last.getResult(0).replaceUsesWithIf(handedOn, [&](OpOperand &use) {
    return !copies.front()->isAncestor(use.getOwner());
  });
}
