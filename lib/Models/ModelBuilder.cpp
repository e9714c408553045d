//===- ModelBuilder.cpp - the words in which the model families are written ---===//
//
// The graph's body grows in a detached block, because the graph op's inputs and outputs
// are known only at the end; parameters go to the module at once, in the order of their
// first use.
//
//===----------------------------------------------------------------------===//
#include "ModelBuilder.h"
#include "mlir/IR/Verifier.h"
#include <cmath>

using namespace mlir;
using namespace train;

ModelBuilder::ModelBuilder(MLIRContext *context, StringRef name)
    : builder(context), graphName(name.str()), body(new Block) {
  context->loadDialect<TrainDialect>();
  module = ModuleOp::create(NameLoc::get(builder.getStringAttr(name)), name);
  setStage(*module, Stage::Graph);
  builder.setInsertionPointToEnd(body);
}

ModelBuilder::~ModelBuilder() { delete body; }

//===-- Structure -----------------------------------------------------------===//

Location ModelBuilder::loc() {
  return NameLoc::get(builder.getStringAttr(path.empty() ? graphName : path));
}

ModelBuilder::Scope::Scope(ModelBuilder &builder, StringRef name)
    : builder(builder), outerLength(builder.path.size()) {
  // A layer and its only linear map often have one name, which then says enough once.
  StringRef path = builder.path;
  if (path == name || path.ends_with(("." + name).str()))
    return;
  if (!path.empty())
    builder.path += '/';
  builder.path += name;
}

ModelBuilder::Scope::~Scope() {
  if (builder.path.size() > outerLength)
    builder.path.resize(outerLength);
}

Value ModelBuilder::input(StringRef name, ArrayRef<int64_t> shape, Type elementType) {
  StringAttr nameAttr = builder.getStringAttr(name);
  inputNames.push_back(nameAttr);
  return body->addArgument(RankedTensorType::get(shape, elementType),
                           NameLoc::get(nameAttr));
}

Value ModelBuilder::layer(StringRef name, function_ref<Value()> build) {
  Scope scope(*this, name);
  auto *block = new Block;
  Value result;
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(block);
    result = build();
    make<YieldOp>(ValueRange(result));
  }
  auto op = make<LayerOp>(TypeRange(result.getType()), name);
  op.getBody().push_back(block);
  return op.getResult(0);
}

OwningOpRef<ModuleOp>
ModelBuilder::finish(ArrayRef<std::pair<StringRef, Value>> outputs) {
  SmallVector<Attribute> outputNames;
  SmallVector<Value> values;
  for (auto [name, value] : outputs) {
    outputNames.push_back(builder.getStringAttr(name));
    values.push_back(value);
  }
  make<ReturnOp>(values);
  path.clear();
  builder.setInsertionPointToEnd(module->getBody());
  SmallVector<int64_t> roles(inputNames.size(), static_cast<int64_t>(InputRole::Data));
  SmallVector<int64_t> batchDims(inputNames.size(), 0);
  auto graph = make<GraphOp>(graphName, builder.getArrayAttr(inputNames), roles,
                             batchDims, builder.getArrayAttr(outputNames));
  graph.getBody().push_back(body);
  body = nullptr;
  if (failed(verify(*module)))
    return nullptr;
  return std::move(module);
}

//===-- Initial values and parameters ---------------------------------------===//

Attribute ModelBuilder::zeros() { return ZerosAttr::get(builder.getContext()); }
Attribute ModelBuilder::constant(double value) {
  return FillAttr::get(builder.getContext(), value);
}
Attribute ModelBuilder::normal(double stddev) {
  return NormalAttr::get(builder.getContext(), 0.0, stddev);
}
Attribute ModelBuilder::uniform(double bound) {
  return UniformAttr::get(builder.getContext(), -bound, bound);
}

void ModelBuilder::declare(const Twine &name, RankedTensorType type, Attribute init,
                           bool noDecay) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(module->getBody());
  make<ParamOp>(name.str(), type, init, /*frozen=*/false, noDecay, IntegerAttr());
}

Value ModelBuilder::param(const Twine &name, ArrayRef<int64_t> shape, Attribute init) {
  auto type = RankedTensorType::get(shape, f32());
  declare(name, type, init, /*noDecay=*/false);
  return make<ReadOp>(type, name.str());
}

Value ModelBuilder::paramWithoutDecay(const Twine &name, ArrayRef<int64_t> shape,
                                      Attribute init) {
  auto type = RankedTensorType::get(shape, f32());
  declare(name, type, init, /*noDecay=*/true);
  return make<ReadOp>(type, name.str());
}

FlatSymbolRefAttr ModelBuilder::statistic(const Twine &name, ArrayRef<int64_t> shape,
                                          Attribute init) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(module->getBody());
  make<StateOp>(name.str(), RankedTensorType::get(shape, f32()), init,
                StateRole::Statistic, FlatSymbolRefAttr(), IntegerAttr());
  return FlatSymbolRefAttr::get(builder.getContext(), name.str());
}

//===-- Layers that hold parameters -----------------------------------------===//

Value ModelBuilder::linear(Value x, const Twine &name, int64_t out, Attribute init,
                           bool bias, Attribute biasInit) {
  std::string base = name.str();
  Scope scope(*this, lastComponent(base));
  Value y =
      matmul(x, param(base + ".weight", {out, dim(x, -1)}, init), /*transposeRhs=*/true);
  if (!bias)
    return y;
  return add(y, paramWithoutDecay(base + ".bias", {out}, biasInit ? biasInit : zeros()));
}

Value ModelBuilder::conv1d(Value x, const Twine &name, int64_t out, Attribute init) {
  std::string base = name.str();
  Scope scope(*this, lastComponent(base));
  Value y =
      matmul(x, param(base + ".weight", {dim(x, -1), out}, init), /*transposeRhs=*/false);
  return add(y, paramWithoutDecay(base + ".bias", {out}, zeros()));
}

Value ModelBuilder::layerNorm(Value x, const Twine &name, double eps) {
  std::string base = name.str();
  Scope scope(*this, lastComponent(base));
  Value gamma = paramWithoutDecay(base + ".weight", {dim(x, -1)}, constant(1));
  Value beta = paramWithoutDecay(base + ".bias", {dim(x, -1)}, zeros());
  return make<LayerNormOp>(x, gamma, beta, APFloat(eps)).getY();
}

Value ModelBuilder::rmsNorm(Value x, const Twine &name, double eps) {
  std::string base = name.str();
  Scope scope(*this, lastComponent(base));
  Value gamma = paramWithoutDecay(base + ".weight", {dim(x, -1)}, constant(1));
  return make<RmsNormOp>(x, gamma, APFloat(eps)).getY();
}

Value ModelBuilder::batchNorm(Value x, const Twine &name) {
  std::string base = name.str();
  Scope scope(*this, lastComponent(base));
  int64_t channels = dim(x, 1);
  Value gamma = paramWithoutDecay(base + ".weight", {channels}, constant(1));
  Value beta = paramWithoutDecay(base + ".bias", {channels}, zeros());
  FlatSymbolRefAttr mean = statistic(base + ".running_mean", {channels}, zeros());
  FlatSymbolRefAttr var = statistic(base + ".running_var", {channels}, constant(1));
  return make<BatchNormOp>(x, gamma, beta, APFloat(1e-5), APFloat(0.1), mean, var).getY();
}

Value ModelBuilder::conv2d(Value x, const Twine &name, int64_t out, int64_t kernel,
                           int64_t stride, int64_t padding, Attribute init) {
  std::string base = name.str();
  Scope scope(*this, lastComponent(base));
  Value filter = param(base + ".weight", {out, dim(x, 1), kernel, kernel}, init);
  return make<Conv2dOp>(x, filter, ArrayRef<int64_t>{stride, stride},
                        ArrayRef<int64_t>{padding, padding, padding, padding},
                        ArrayRef<int64_t>{1, 1});
}

//===-- Plain ops -----------------------------------------------------------===//

Value ModelBuilder::slice(Value x, int64_t along, int64_t offset, int64_t size) {
  auto type = cast<RankedTensorType>(x.getType());
  SmallVector<int64_t> offsets(type.getRank(), 0), strides(type.getRank(), 1);
  SmallVector<int64_t> sizes(type.getShape());
  offsets[along] = offset;
  sizes[along] = size;
  return make<SliceOp>(x, offsets, sizes, strides);
}

Value ModelBuilder::dropout(Value x, double rate) {
  if (rate == 0)
    return x;
  if (!dropoutKey) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(body);
    dropoutKey = make<RandomKeyOp>(RankedTensorType::get({3}, builder.getI64Type()));
  }
  return make<DropoutOp>(x, dropoutKey, APFloat(rate), dropoutSites++, dim(x, 0));
}

Value ModelBuilder::splitHeads(Value x, int64_t heads) {
  return reshape(x, {dim(x, 0), dim(x, 1), heads, dim(x, 2) / heads});
}

Value ModelBuilder::attention(Value q, Value k, Value v, bool causal) {
  double scale = 1 / std::sqrt(static_cast<double>(dim(q, 3)));
  Value out = make<AttentionOp>(q, k, v, APFloat(scale), causal).getOut();
  return reshape(out, {dim(q, 0), dim(q, 1), dim(q, 2) * dim(q, 3)});
}

Value ModelBuilder::crossEntropy(Value logits, Value labels) {
  return make<CrossEntropyOp>(logits, labels, Value()).getLoss();
}

Value ModelBuilder::scalar(double value) {
  auto type = RankedTensorType::get({}, f32());
  return make<ConstantOp>(
      cast<ElementsAttr>(DenseElementsAttr::get(type, static_cast<float>(value))));
}
