//===- Overrides.cpp - reads overrides, and finds the ops that they mean ----===//
//
// See Overrides.h. A name is looked up among all that the graph has before the first op
// is asked, so that a slip is reported with what may have been meant.
//
//===----------------------------------------------------------------------===//
#include "Overrides.h"
#include "train/Support/NearestName.h"

using namespace mlir;
using namespace train;

Precision train::getPrecision(MLIRContext *context, StringRef name) {
  if (name == "f32")
    return {Float32Type::get(context), ""};
  if (name == "f16")
    return {Float16Type::get(context), ""};
  if (name == "bf16")
    return {BFloat16Type::get(context), ""};
  if (name == "fp8")
    return {BFloat16Type::get(context), "fp8"};
  if (name == "fp4")
    return {BFloat16Type::get(context), "fp4"};
  return {};
}

/// Takes the name of a product off the end of `name`: what is left, and the product.
static std::optional<Product> consumeProduct(StringRef &name) {
  auto [rest, last] = name.rsplit('.');
  for (unsigned i = 0; i < kNumProducts; ++i)
    if (!rest.empty() && last == getProductName(Product(i))) {
      name = rest;
      return Product(i);
    }
  return std::nullopt;
}

/// The names of the layers around an op, joined by '/'; empty outside of any.
static std::string getLayerPath(Operation *op) {
  std::string path;
  for (auto layer = op->getParentOfType<LayerOp>(); layer;
       layer = layer->getParentOfType<LayerOp>())
    path = layer.getName().str() + (path.empty() ? "" : "/" + path);
  return path;
}

/// The op that computes `value`, behind views and scopes.
static Operation *getComputingOp(Value value) {
  while (auto result = dyn_cast<OpResult>(value)) {
    Operation *op = result.getOwner();
    if (op->getNumRegions()) {
      value =
          op->getRegion(0).front().getTerminator()->getOperand(result.getResultNumber());
      continue;
    }
    ResultStorage storage = getResultStorage(result);
    if (storage.kind != ResultStorage::Kind::View)
      return op;
    value = op->getOperand(storage.operand);
  }
  return nullptr;
}

/// The names of the parameters and states that an op reads, through views.
static bool readsSymbol(Operation *op, StringRef name) {
  return llvm::any_of(op->getOperands(), [&](Value operand) {
    auto read = dyn_cast_or_null<ReadOp>(getComputingOp(operand));
    return read && read.getSymbol() == name;
  });
}

/// Whether `path` is the layer `name`, or one below it.
static bool isInLayer(StringRef path, StringRef name) {
  return path.consume_front(name) && (path.empty() || path.front() == '/');
}

FailureOr<Overrides> Overrides::parse(GraphOp graph, ArrayRef<std::string> texts) {
  Overrides overrides;
  std::vector<std::string> known;
  graph.walk([&](Operation *op) {
    known.push_back(op->getName().stripDialect().str());
    if (auto read = dyn_cast<ReadOp>(op))
      known.push_back(read.getSymbol().str());
    if (isa<LayerOp>(op)) {
      std::string around = getLayerPath(op), name = cast<LayerOp>(op).getName().str();
      known.push_back(around.empty() ? name : around + "/" + name);
    }
  });
  Operation *terminator = graph.getBodyBlock()->getTerminator();
  for (auto [name, value] :
       llvm::zip_equal(graph.getOutputNames(), terminator->getOperands())) {
    known.push_back(cast<StringAttr>(name).getValue().str());
    if (Operation *op = getComputingOp(value))
      overrides.outputsOf[op].push_back(cast<StringAttr>(name).getValue());
  }
  for (const std::string &text : texts) {
    auto [name, typeName] = StringRef(text).rsplit(':');
    if (name.empty() || typeName.empty())
      return graph.emitError("precision override '")
             << text << "' is not of the form NAME:TYPE";
    Precision precision = getPrecision(graph.getContext(), typeName);
    if (!precision.type)
      return graph.emitError("precision override '")
             << text << "' asks for type '" << typeName
             << "'; there are f32, f16, bf16, fp8, fp4";
    name.consume_front("train.");
    std::optional<Product> product;
    // A layer may be called so.
    if (!llvm::is_contained(known, name))
      product = consumeProduct(name);
    if (!llvm::is_contained(known, name))
      return graph.emitError("precision override '")
             << text << "' names no op, layer, parameter or output of the graph"
             << didYouMean(name, known);
    if (product && precision.format.empty() && !precision.type.isBF16())
      return graph.emitError("precision override '")
             << text << "' asks for type '" << typeName
             << "' of one product; there are bf16, fp8, fp4";
    overrides.all.push_back({name.str(), precision, product});
  }
  return overrides;
}

Choice Overrides::apply(Operation *op, bool isLinear, Choice choice) {
  if (all.empty())
    return choice;
  std::string path = getLayerPath(op);
  auto precision = dyn_cast<PrecisionOpInterface>(op);
  bool isLow = precision && precision.getPrecisionClass() == PrecisionClass::Low;
  for (Override &override : all) {
    StringRef name = override.name;
    auto [type, format] = override.precision;
    bool isNarrow = !format.empty();
    // What is full in a layer of low contractions stays full there.
    bool meant = op->getName().stripDialect() == name || readsSymbol(op, name) ||
                 llvm::is_contained(outputsOf.lookup(op), name) ||
                 (isInLayer(path, name) && (type.isF32() || isLow));
    if (!meant || (override.product && !isLinear) || (isNarrow && !isLow))
      continue;
    override.met |= isLinear || !isNarrow;
    if (!override.product || isNarrow)
      choice.type = type;
    if (override.product)
      choice.formats[static_cast<unsigned>(*override.product)] = format;
    else
      choice.formats.fill(format);
  }
  return choice;
}

LogicalResult Overrides::checkAllMet(GraphOp graph) const {
  for (const Override &override : all)
    if (!override.met)
      return graph.emitError("precision override of '")
             << override.name << "' changes nothing: "
             << (override.product || !override.precision.format.empty()
                     ? "only products of a matrix with a parameter have narrow formats"
                     : "no op there has a type to choose");
  return success();
}
