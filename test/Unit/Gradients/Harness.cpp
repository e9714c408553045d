// The reverse sweep here is written apart from train-differentiate, so that a wrong
// gradient points at a rule and not at the pass.
#include "Harness.h"
#include "train/Gradients/Accumulate.h"
#include "train/Gradients/Registration.h"
#include "train/Reference/Interpreter.h"
#include "train/Reference/Registration.h"

#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>
#include <numeric>
#include <random>
#include <regex>

using namespace mlir;
using namespace train;
using namespace train::test;

static DialectRegistry makeRegistry() {
  DialectRegistry registry;
  registry.insert<TrainDialect>();
  registerGradients(registry);
  registerReference(registry);
  return registry;
}

GradientContext::GradientContext() : MLIRContext(makeRegistry(), Threading::DISABLED) {
  loadDialect<TrainDialect>();
}

std::string train::test::expandTypes(const std::string &text,
                                     const std::string &elementType) {
  static const std::regex shorthand("<((?:[0-9]+(?:x[0-9]+)*)?)(:S)?>");
  std::string out, rest = text;
  for (std::smatch match; std::regex_search(rest, match, shorthand);
       rest = match.suffix()) {
    std::string shape = match[1], type = elementType;
    if (match[2].matched && type != "f64")
      type = "f32";
    out += match.prefix().str() + "tensor<" + shape + (shape.empty() ? "" : "x") + type +
           ">";
  }
  return out + rest;
}

static std::string writeModule(const Case &test) {
  std::string params, reads;
  for (size_t i = 0; i < test.operands.size(); ++i) {
    std::string name = "a" + std::to_string(i), type = "<" + test.operands[i] + ">";
    params += "train.param @" + name + " : " + type + " init(#train.zeros)\n";
    reads += "  %" + name + " = train.read @" + name + " : " + type + "\n";
  }
  std::string loss = "  train.return %y : <>\n";
  if (!test.result.empty()) {
    std::string type = "<" + test.result + ">";
    params += "train.param @w : " + type + " init(#train.zeros) {frozen}\n";
    int64_t rank = std::count(test.result.begin(), test.result.end(), 'x') + 1;
    std::string dims = "0";
    for (int64_t i = 1; i < rank; ++i)
      dims += ", " + std::to_string(i);
    loss = "  %w = train.read @w : " + type + "\n" +
           "  %weighted = train.mul %y, %w : " + type + ", " + type + " -> " + type +
           "\n" + "  %loss = train.reduce_sum %weighted over [" + dims + "] : " + type +
           " -> <>\n" + "  train.return %loss : <>\n";
  }
  return params + "train.graph @g() -> (loss: <>) {\n" + reads + "  " + test.body + "\n" +
         loss + "}\n";
}

GradientProgram::GradientProgram(MLIRContext &context, const Case &test,
                                 const std::string &elementType) {
  parse(context, expandTypes(writeModule(test), elementType));
  // One shuffled grid for all operands keeps every two elements apart.
  std::mt19937 random(7);
  std::vector<double *> elements;
  for (auto &[name, tensor] : values)
    if (name != "w")
      for (double &x : tensor->f)
        elements.push_back(&x);
  std::vector<size_t> places(elements.size());
  std::iota(places.begin(), places.end(), 0);
  std::shuffle(places.begin(), places.end(), random);
  // An even number of cells puts 0 on a border between two.
  double cells = places.size() + places.size() % 2;
  std::uniform_real_distribution<double> jitter(0.3, 0.7), weight(0.5, 1.5);
  for (size_t i = 0; i < places.size(); ++i) {
    double x = 2 * (places[i] + jitter(random)) / cells - 1;
    *elements[i] = test.domain == Domain::Positive ? 1 + 0.7 * x : x;
  }
  if (values.count("w"))
    for (double &x : values["w"]->f)
      x = weight(random) * (random() % 2 ? 1 : -1);
}

GradientProgram::GradientProgram(MLIRContext &context, const std::string &text) {
  parse(context, text);
}

void GradientProgram::parse(MLIRContext &context, const std::string &text) {
  module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    return;
  for (GraphOp found : module->getOps<GraphOp>())
    graph = found;
  for (ParamOp param : module->getOps<ParamOp>())
    values[param.getSymName().str()] = std::make_shared<reference::Tensor>(
        reference::Tensor::zeros(cast<RankedTensorType>(param.getType())));
}

LogicalResult GradientProgram::differentiate() {
  Block &body = *graph.getBodyBlock();
  Operation *terminator = body.getTerminator();
  OpBuilder builder(terminator);
  DenseMap<Value, Value> adjoints;
  llvm::SmallPtrSet<Value, 16> active;
  SmallVector<Value> sources;
  SmallVector<Operation *> forward;
  for (Operation &op : body.without_terminator()) {
    forward.push_back(&op);
    auto read = dyn_cast<ReadOp>(op);
    if (read && !module->lookupSymbol<ParamOp>(read.getSymbol()).getFrozen())
      sources.push_back(read);
    bool isSource = read && !sources.empty() && sources.back() == read.getResult();
    if (isSource ||
        llvm::any_of(op.getOperands(), [&](Value v) { return active.contains(v); }))
      for (Value result : op.getResults())
        if (isa<FloatType>(cast<RankedTensorType>(result.getType()).getElementType()))
          active.insert(result);
  }
  Value loss = terminator->getOperand(0);
  auto lossType = cast<RankedTensorType>(loss.getType());
  adjoints[loss] = ConstantOp::create(
      builder, loss.getLoc(),
      cast<ElementsAttr>(DenseElementsAttr::get(
          lossType, builder.getFloatAttr(lossType.getElementType(), 1.0))));

  for (Operation *op : llvm::reverse(forward)) {
    SmallVector<Value> resultAdjoints;
    for (Value result : op->getResults())
      resultAdjoints.push_back(adjoints.lookup(result));
    SmallVector<bool> needed;
    for (Value operand : op->getOperands())
      needed.push_back(active.contains(operand));
    if (!llvm::is_contained(needed, true) ||
        llvm::none_of(resultAdjoints, [](Value v) { return bool(v); }))
      continue;
    auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
    if (!differentiable)
      return op->emitOpError("has no rule");
    SmallVector<Value> operandAdjoints(op->getNumOperands());
    if (failed(differentiable.buildAdjoint(builder, resultAdjoints, needed,
                                           operandAdjoints)))
      return failure();
    for (auto [operand, adjoint] : llvm::zip_equal(op->getOperands(), operandAdjoints)) {
      if (!adjoint)
        continue;
      if (adjoint.getType() != operand.getType())
        return op->emitOpError("has an adjoint of type ") << adjoint.getType();
      Value &sum = adjoints[operand];
      sum = sum ? addAdjoints(builder, op->getLoc(), sum, adjoint) : adjoint;
    }
  }

  SmallVector<Attribute> names(graph.getOutputNames().getValue());
  SmallVector<Value> outputs(terminator->getOperands());
  for (auto [i, source] : llvm::enumerate(sources))
    if (Value adjoint = adjoints.lookup(source)) {
      names.push_back(builder.getStringAttr("grad" + std::to_string(i)));
      outputs.push_back(adjoint);
    }
  terminator->setOperands(outputs);
  graph.setOutputNamesAttr(builder.getArrayAttr(names));
  return success();
}

std::vector<reference::TensorRef> GradientProgram::run() {
  reference::EvalContext context;
  context.seed = 5;
  for (auto &[name, tensor] : values)
    context.symbols[name] = tensor;
  reference::Interpreter interpreter(context);
  if (failed(interpreter.run(cast<ProgramOpInterface>(graph.getOperation()), {})))
    return {};
  return interpreter.getOutputs().vec();
}

void GradientProgram::set(const std::string &symbol, std::vector<double> elements) {
  ASSERT_EQ(values.at(symbol)->f.size(), elements.size());
  values.at(symbol)->f = std::move(elements);
}
