// Symbols, inputs, layers and the end of a random graph. The body grows in a detached
// block, because the graph's inputs and outputs are known only at its end.
#include "GraphBuilder.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace train;
using namespace train::fuzz;

int64_t train::fuzz::product(ArrayRef<int64_t> sizes) {
  int64_t n = 1;
  for (int64_t size : sizes)
    n *= size;
  return n;
}

GraphBuilder::GraphBuilder(MLIRContext *context, bool named)
    : builder(context), named(named), body(new Block) {
  context->loadDialect<TrainDialect>();
  module = ModuleOp::create(loc());
  setStage(*module, Stage::Graph);
  builder.setInsertionPointToEnd(body);
}

GraphBuilder::~GraphBuilder() { delete body; }

Location GraphBuilder::loc() {
  if (!named)
    return builder.getUnknownLoc();
  return NameLoc::get(builder.getStringAttr(path.empty() ? "random" : path));
}

//===-- Symbols and inputs ----------------------------------------------------===//

std::string GraphBuilder::symbolName(StringRef plain, StringRef name) {
  std::string number = std::to_string(symbols++);
  if (!named)
    return (plain + number).str();
  return (path.empty() ? "top" : path) + "." + name.str() + number;
}

Term GraphBuilder::param(ArrayRef<int64_t> shape, Attribute init, double size,
                         bool frozen, bool noDecay) {
  auto type = RankedTensorType::get(shape, builder.getF32Type());
  std::string name = symbolName("p", shape.size() > 1 ? "weight" : "bias");
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(module->getBody());
    ParamOp::create(builder, loc(), name, type, init, frozen, noDecay, IntegerAttr());
  }
  auto symbol = FlatSymbolRefAttr::get(builder.getContext(), name);
  declared.push_back({symbol, Shape(shape), size, frozen});
  return read(symbol, size);
}

Term GraphBuilder::read(FlatSymbolRefAttr symbol, double size) {
  for (const Param &param : declared)
    if (param.symbol == symbol) {
      auto type = RankedTensorType::get(param.shape, builder.getF32Type());
      return {ReadOp::create(builder, loc(), type, symbol), size, !param.frozen};
    }
  llvm_unreachable("reads follow declarations");
}

FlatSymbolRefAttr GraphBuilder::statistic(int64_t channels, double init) {
  std::string name = symbolName("s", "statistic");
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(module->getBody());
  StateOp::create(
      builder, loc(), name, RankedTensorType::get({channels}, builder.getF32Type()),
      constantInit(init), StateRole::Statistic, FlatSymbolRefAttr(), IntegerAttr());
  return FlatSymbolRefAttr::get(builder.getContext(), name);
}

Term GraphBuilder::readState(FlatSymbolRefAttr symbol) {
  auto state = SymbolTable::lookupNearestSymbolFrom<StateOp>(*module, symbol);
  return {ReadOp::create(builder, loc(), state.getType(), symbol), 1, false};
}

Term GraphBuilder::input(const Twine &name, ArrayRef<int64_t> shape, Type element) {
  inputNames.push_back(builder.getStringAttr(name));
  return {body->addArgument(RankedTensorType::get(shape, element), loc()), 4, false};
}

Attribute GraphBuilder::normal(double stddev) {
  return NormalAttr::get(builder.getContext(), 0.0, stddev);
}
Attribute GraphBuilder::uniform(double low, double high) {
  return UniformAttr::get(builder.getContext(), low, high);
}
Attribute GraphBuilder::constantInit(double value) {
  if (value == 0)
    return ZerosAttr::get(builder.getContext());
  return FillAttr::get(builder.getContext(), value);
}
Attribute GraphBuilder::literal(ArrayRef<int64_t> shape, ArrayRef<float> values) {
  return DenseElementsAttr::get(RankedTensorType::get(shape, builder.getF32Type()),
                                values);
}

//===-- Ops -------------------------------------------------------------------===//

Term GraphBuilder::scalar(double value) {
  float element = static_cast<float>(value);
  return constant({}, element);
}

Term GraphBuilder::constant(ArrayRef<int64_t> shape, ArrayRef<float> values) {
  double size = 0;
  for (float value : values)
    size = std::max(size, std::abs(static_cast<double>(value)));
  return {make<ConstantOp>(cast<ElementsAttr>(literal(shape, values))), size, false};
}

Term GraphBuilder::dropout(Term x, double rate) {
  if (!key) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(body);
    key = make<RandomKeyOp>(RankedTensorType::get({3}, builder.getI64Type()));
  }
  return term<DropoutOp>(x.size / (1 - rate), {x}, x.value, key, APFloat(rate), sites++,
                         x.dim(0));
}

template <typename OpT>
SmallVector<Term> GraphBuilder::region(function_ref<SmallVector<Term>()> fill,
                                       function_ref<OpT(TypeRange)> create) {
  auto *block = new Block;
  SmallVector<Term> inside;
  SmallVector<Value> values;
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(block);
    inside = fill();
    for (const Term &term : inside)
      values.push_back(term.value);
    YieldOp::create(builder, loc(), values);
  }
  OpT op = create(ValueRange(values).getTypes());
  op.getBody().push_back(block);
  for (auto [term, result] : llvm::zip_equal(inside, op.getResults()))
    term.value = result;
  return inside;
}

SmallVector<Term> GraphBuilder::layer(const Twine &name,
                                      function_ref<SmallVector<Term>()> fill) {
  std::string text = name.str(), outer = path;
  path += (path.empty() ? "" : "/") + text;
  SmallVector<Term> results =
      region<LayerOp>(fill, [&](TypeRange types) { return make<LayerOp>(types, text); });
  path = outer;
  return results;
}

SmallVector<Term> GraphBuilder::checkpoint(function_ref<SmallVector<Term>()> fill) {
  return region<CheckpointOp>(fill,
                              [&](TypeRange types) { return make<CheckpointOp>(types); });
}

OwningOpRef<ModuleOp>
GraphBuilder::finish(ArrayRef<std::pair<std::string, Value>> outputs) {
  SmallVector<Attribute> names;
  SmallVector<Value> values;
  for (const auto &[name, value] : outputs) {
    names.push_back(builder.getStringAttr(name));
    values.push_back(value);
  }
  ReturnOp::create(builder, loc(), values);
  builder.setInsertionPointToEnd(module->getBody());
  SmallVector<int64_t> roles(inputNames.size(), static_cast<int64_t>(InputRole::Data));
  SmallVector<int64_t> batch(inputNames.size(), 0);
  auto graph = GraphOp::create(builder, loc(), "random", builder.getArrayAttr(inputNames),
                               roles, batch, builder.getArrayAttr(names));
  graph.getBody().push_back(body);
  body = nullptr;
  if (failed(verify(*module)))
    return nullptr;
  return std::move(module);
}
