//===- LinearProducts.cpp - the three products of a linear layer ------------===//
//
// On the product itself the mark has a format for each of the three; on the others, the
// one of theirs.
//
//===----------------------------------------------------------------------===//
#include "LinearProducts.h"
#include "train/Interfaces/Quantization.h"

using namespace mlir;
using namespace train;

static constexpr StringLiteral kWeightKey = "weight", kGradientKey = "gradient",
                               kParameterKey = "parameter";

StringRef train::getProductName(Product product) {
  switch (product) {
  case Product::Forward:
    return "forward";
  case Product::DataGradient:
    return "dgrad";
  case Product::WeightGradient:
    return "wgrad";
  }
  return "";
}

Value train::lookThroughViews(Value value) {
  while (auto result = dyn_cast<OpResult>(value)) {
    Operation *op = result.getOwner();
    if (isa<LayerOp, CheckpointOp>(op)) {
      value =
          op->getRegion(0).front().getTerminator()->getOperand(result.getResultNumber());
      continue;
    }
    ResultStorage storage = getResultStorage(result);
    if (storage.kind == ResultStorage::Kind::View)
      value = op->getOperand(storage.operand);
    else if (auto cast = dyn_cast<CastOp>(op))
      value = cast.getX();
    else
      break;
  }
  return value;
}

std::optional<LinearWeight> train::findLinearWeight(Operation *op) {
  auto contraction = dyn_cast<ContractionOpInterface>(op);
  if (!contraction)
    return std::nullopt;
  std::optional<LinearWeight> found;
  for (OpOperand &operand : op->getOpOperands()) {
    if (!contraction.getContractedDimension(operand.getOperandNumber()))
      continue;
    auto read = lookThroughViews(operand.get()).getDefiningOp<ReadOp>();
    if (!read || !isa_and_nonnull<ParamOp>(
                     SymbolTable::lookupNearestSymbolFrom(op, read.getSymbolAttr())))
      continue;
    if (found)
      return std::nullopt;
    found = LinearWeight{operand.getOperandNumber(), read.getSymbolAttr()};
  }
  return found;
}

void train::markProduct(Operation *op, const LinearWeight &weight,
                        const ProductFormats &formats) {
  Builder builder(op->getContext());
  NamedAttrList mark;
  mark.set(kWeightKey, builder.getI64IntegerAttr(weight.operand));
  mark.set(kParameterKey, weight.parameter);
  for (unsigned i = 0; i < kNumProducts; ++i)
    mark.set(getProductName(Product(i)), builder.getStringAttr(formats[i]));
  op->setAttr(kProductAttr, mark.getDictionary(op->getContext()));
}

void train::markAdjointProducts(Operation *op, Value resultAdjoint,
                                ArrayRef<Value> operandAdjoints,
                                llvm::function_ref<bool(Operation *)> isMade) {
  std::optional<LinearProduct> product = getLinearProduct(op);
  if (!product || product->product != Product::Forward || !resultAdjoint)
    return;
  auto mark = op->getAttrOfType<DictionaryAttr>(kProductAttr);
  Builder builder(op->getContext());
  Value arriving = lookThroughViews(resultAdjoint);
  for (auto [i, adjoint] : llvm::enumerate(operandAdjoints)) {
    Operation *made = adjoint ? adjoint.getDefiningOp() : nullptr;
    while (made && isMade(made) && !isa<ContractionOpInterface>(made))
      made = made->getNumOperands() ? made->getOperand(0).getDefiningOp() : nullptr;
    if (!made || !isMade(made) || !isa<ContractionOpInterface>(made))
      continue;
    StringRef name = getProductName(i == product->operand ? Product::WeightGradient
                                                          : Product::DataGradient);
    if (!mark.get(name))
      continue;
    for (OpOperand &operand : made->getOpOperands()) {
      if (lookThroughViews(operand.get()) != arriving)
        continue;
      NamedAttrList own;
      own.set(kGradientKey, builder.getI64IntegerAttr(operand.getOperandNumber()));
      own.set(kParameterKey, product->parameter);
      own.set(name, mark.get(name));
      made->setAttr(kProductAttr, own.getDictionary(op->getContext()));
      break;
    }
  }
}

std::optional<LinearProduct> train::getLinearProduct(Operation *op) {
  auto mark = op->getAttrOfType<DictionaryAttr>(kProductAttr);
  if (!mark)
    return std::nullopt;
  LinearProduct product;
  bool isKnown = false;
  for (unsigned i = kNumProducts; i-- > 0;)
    if (auto format = mark.getAs<StringAttr>(getProductName(Product(i)))) {
      product.product = Product(i);
      product.format = format.getValue();
      isKnown =
          product.format.empty() || product.format == "fp8" || product.format == "fp4";
    }
  product.parameter = mark.getAs<FlatSymbolRefAttr>(kParameterKey);
  auto operand = mark.getAs<IntegerAttr>(
      product.product == Product::Forward ? kWeightKey : kGradientKey);
  // Someone else's attribute of that name says nothing.
  if (!isKnown || !product.parameter || !operand || operand.getInt() < 0 ||
      operand.getInt() >= static_cast<int64_t>(op->getNumOperands()))
    return std::nullopt;
  product.operand = operand.getInt();
  return product;
}
