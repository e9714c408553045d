//===- Differentiate.cpp - train-differentiate ------------------------------===//
//
// Builds the step from the graph: the forward pass in one block, then the reverse
// sweep. The rules themselves belong to the ops (lib/Gradients). Passes.td
// describes what comes out.
//
//===----------------------------------------------------------------------===//
#include "../FlatBody.h"
#include "../LinearProducts.h"
#include "Activity.h"
#include "mlir/IR/TypeUtilities.h"
#include "train/Gradients/Accumulate.h"
#include "train/Transforms/Passes.h"
#include "train/Transforms/StepOutputs.h"

namespace train {
#define GEN_PASS_DEF_TRAINDIFFERENTIATE
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

/// The type of the sum of all that flows back into `value`.
Type getAdjointType(Value value) {
  Operation *producer = value.getDefiningOp();
  auto element =
      producer ? producer->getAttrOfType<TypeAttr>(kGradientTypeAttr) : TypeAttr();
  if (!element)
    return value.getType();
  return cast<RankedTensorType>(value.getType()).clone(element.getValue());
}

/// The reverse sweep over one block (Griewank and Walther, Evaluating Derivatives,
/// section 3.3).
class ReverseSweep {
public:
  ReverseSweep(Block &block, const Activity &activity, Value loss)
      : activity(activity), loss(loss), builder(block.getTerminator()) {
    for (Operation &op : block.without_terminator())
      forward.push_back(&op);
  }

  LogicalResult run() {
    auto type = cast<RankedTensorType>(loss.getType());
    auto one =
        DenseElementsAttr::get(type, builder.getFloatAttr(type.getElementType(), 1.0));
    auto seed = ConstantOp::create(builder, loss.getLoc(), one);
    seed->setAttr(kSeedAttr, builder.getUnitAttr());
    adjoints[loss] = seed;
    for (Operation *op : llvm::reverse(forward))
      if (failed(visit(op)))
        return failure();
    return success();
  }

  /// The derivative of the loss with respect to `value`, or null where it is zero
  /// everywhere.
  Value getAdjoint(Value value) const { return adjoints.lookup(value); }

private:
  LogicalResult visit(Operation *op) {
    SmallVector<bool> needed;
    for (Value operand : op->getOperands())
      needed.push_back(activity.isVaried(operand));
    if (!llvm::is_contained(needed, true))
      return success();
    SmallVector<Value> resultAdjoints;
    for (Value result : op->getResults())
      resultAdjoints.push_back(adjoints.lookup(result));
    if (!llvm::any_of(resultAdjoints,
                      [](Value adjoint) { return static_cast<bool>(adjoint); }))
      return success();

    auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
    if (!differentiable) {
      InFlightDiagnostic diagnostic = op->emitOpError(
          "has no adjoint rule, and the loss's derivative flows through it");
      activity.explain(diagnostic, op, loss);
      return diagnostic;
    }
    Operation *before = builder.getInsertionPoint()->getPrevNode();
    SmallVector<Value> operandAdjoints(op->getNumOperands());
    if (failed(differentiable.buildAdjoint(builder, resultAdjoints, needed,
                                           operandAdjoints)))
      return failure();
    for (auto [operand, adjoint, isNeeded] :
         llvm::zip_equal(op->getOperands(), operandAdjoints, needed)) {
      if (!isNeeded || !adjoint)
        continue;
      Type expected = getAdjointType(operand);
      if (adjoint.getType() != expected)
        return op->emitOpError("has an adjoint rule that gives ")
               << adjoint.getType() << " for an operand whose adjoint has type "
               << expected;
      Value &sum = adjoints[operand];
      sum = sum ? addAdjoints(builder, op->getLoc(), sum, adjoint) : adjoint;
    }
    DenseSet<Operation *> all;
    for (Operation *made = before->getNextNode(); made != &*builder.getInsertionPoint();
         made = made->getNextNode()) {
      all.insert(made);
      if (Attribute layer = op->getAttr(kLayerAttr))
        made->setAttr(kLayerAttr, layer);
    }
    markAdjointProducts(op, resultAdjoints[0], operandAdjoints,
                        [&](Operation *made) { return all.contains(made); });
    return success();
  }

  const Activity &activity;
  Value loss;
  OpBuilder builder;
  SmallVector<Operation *> forward;
  DenseMap<Value, Value> adjoints;
};

/// The read whose bytes `value` shows, through views; null if it has bytes of its own.
ReadOp getReadBelow(Value value) {
  while (auto result = dyn_cast<OpResult>(value)) {
    if (auto read = dyn_cast<ReadOp>(result.getOwner()))
      return read;
    ResultStorage storage = getResultStorage(result);
    if (storage.kind != ResultStorage::Kind::View)
      return {};
    value = result.getOwner()->getOperand(storage.operand);
  }
  return {};
}

/// Marks what shows a parameter in a narrower type than `type`, through views: what flows
/// back into it is part of that parameter's gradient.
void markGradientTypes(ArrayRef<Value> reads, Type type) {
  SmallVector<Value> shown(reads);
  while (!shown.empty()) {
    Value value = shown.pop_back_val();
    for (Operation *user : value.getUsers()) {
      auto cast = dyn_cast<CastOp>(user);
      bool isView =
          user->getNumResults() == 1 && user->getOperand(0) == value &&
          getResultStorage(user->getResult(0)).kind == ResultStorage::Kind::View;
      if (!isView && !(cast && cast.isNarrowing()))
        continue;
      Value result = user->getResult(0);
      if (CastOp::isExact(getElementTypeOrSelf(result.getType()), type))
        user->setAttr(kGradientTypeAttr, TypeAttr::get(type));
      shown.push_back(result);
    }
  }
}

/// Adds the one write of each state that follows a statistic of the batch.
LogicalResult updateStatistics(ArrayRef<Operation *> forward, OpBuilder &builder) {
  DenseMap<Attribute, Operation *> writers;
  for (Operation *op : forward) {
    auto source = dyn_cast<RunningStatisticsOpInterface>(op);
    if (!source)
      continue;
    for (const RunningStatistic &statistic : source.getRunningStatistics()) {
      auto [writer, isNew] = writers.try_emplace(statistic.state, op);
      if (!isNew) {
        InFlightDiagnostic diagnostic = op->emitOpError("updates the state ")
                                        << statistic.state
                                        << ", which another op updates already";
        diagnostic.attachNote(writer->second->getLoc()) << "the other op is here";
        return diagnostic;
      }
      Location loc = op->getLoc();
      Value old =
          ReadOp::create(builder, loc, statistic.value.getType(), statistic.state);
      Value updated = RunningAverageOp::create(
          builder, loc, old, statistic.value, builder.getF64FloatAttr(statistic.momentum),
          builder.getF64FloatAttr(statistic.scale));
      WriteOp::create(builder, loc, statistic.state, updated);
    }
  }
  return success();
}

struct Differentiate : train::impl::TrainDifferentiateBase<Differentiate> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

  LogicalResult run() {
    ModuleOp module = getOperation();
    if (gradType != "f32" && gradType != "bf16")
      return module.emitError("gradients are f32 or bf16, got '") << gradType << "'";
    auto graphs = llvm::to_vector(module.getOps<GraphOp>());
    if (graphs.size() != 1) {
      InFlightDiagnostic diagnostic =
          module.emitError("differentiation needs exactly one train.graph, found ")
          << graphs.size();
      for (GraphOp other : llvm::drop_begin(graphs, graphs.empty() ? 0 : 1))
        diagnostic.attachNote(other.getLoc()) << "another graph is here";
      return diagnostic;
    }
    if (Operation *existing = module.lookupSymbol(kStepName)) {
      InFlightDiagnostic diagnostic =
          graphs.front().emitOpError("can't become a step: the name '")
          << kStepName << "' is taken";
      diagnostic.attachNote(existing->getLoc()) << "it is defined here";
      return diagnostic;
    }
    if (!llvm::is_contained(graphs.front().getOutputNames(),
                            StringAttr::get(&getContext(), kLossOutput)))
      return graphs.front().emitOpError("has no output named '")
             << kLossOutput << "' to differentiate";
    StepOp step = cloneForward(graphs.front());
    if (failed(addBackward(step))) {
      step.erase();
      return failure();
    }
    setStage(module, Stage::Step);
    return success();
  }

private:
  /// The step with the forward pass, returning the loss alone.
  StepOp cloneForward(GraphOp graph) {
    OpBuilder builder(graph);
    builder.setInsertionPointAfter(graph);
    auto step = StepOp::create(builder, graph.getLoc(), kStepName, graph.getInputNames(),
                               graph.getInputRoles(), graph.getBatchDims(),
                               builder.getStrArrayAttr({kLossOutput}));
    Block *body = builder.createBlock(&step.getBody());
    IRMapping mapping;
    for (BlockArgument argument : graph.getBodyBlock()->getArguments())
      mapping.map(argument, body->addArgument(argument.getType(), argument.getLoc()));
    cloneFlat(*graph.getBodyBlock(), builder, mapping);

    Operation *terminator = graph.getBodyBlock()->getTerminator();
    for (auto [name, value] :
         llvm::zip_equal(graph.getOutputNames(), terminator->getOperands()))
      if (cast<StringAttr>(name).getValue() == kLossOutput)
        ReturnOp::create(builder, terminator->getLoc(),
                         ValueRange{mapping.lookupOrDefault(value)});
    return step;
  }

  LogicalResult addBackward(StepOp step) {
    Block &body = *step.getBodyBlock();
    Value loss = body.getTerminator()->getOperand(0);
    SymbolTable symbols(getOperation());

    SmallVector<std::pair<ParamOp, Value>> trainable;
    SmallVector<Value> sources;
    DenseMap<Operation *, Value> readOf;
    for (auto read : body.getOps<ReadOp>())
      readOf[symbols.lookup(read.getSymbol())] = read;
    for (auto param : getOperation().getOps<ParamOp>()) {
      if (param.getFrozen())
        continue;
      Value read = readOf.lookup(param);
      trainable.push_back({param, read});
      if (read)
        sources.push_back(read);
    }

    // Its update would overwrite the number before it is returned.
    ReadOp read = getReadBelow(loss);
    if (read && llvm::is_contained(sources, read.getResult())) {
      InFlightDiagnostic diagnostic = step.emitOpError("has the parameter @")
                                      << read.getSymbol()
                                      << " itself as its loss; a loss has to be computed";
      diagnostic.attachNote(read.getLoc()) << "the parameter is read here";
      return diagnostic;
    }

    Activity activity(body, sources, loss);
    SmallVector<Operation *> forward;
    for (Operation &op : body.without_terminator())
      forward.push_back(&op);
    Builder types(&getContext());
    bool wide = gradType == "f32";
    if (wide)
      markGradientTypes(sources, types.getF32Type());
    ReverseSweep sweep(body, activity, loss);
    if (failed(sweep.run()))
      return failure();
    for (Operation *op : forward)
      op->removeAttr(kGradientTypeAttr);

    StepOutputs outputs(step);
    OpBuilder end(body.getTerminator());
    for (auto [param, read] : trainable) {
      Value gradient = read ? sweep.getAdjoint(read) : Value();
      if (gradient) {
        if (!wide && getElementTypeOrSelf(gradient.getType()).isF32())
          gradient = CastOp::convert(end, param.getLoc(), gradient, types.getBF16Type());
        outputs.append((kGradientPrefix + param.getSymName()).str(), gradient);
        continue;
      }
      param.emitRemark(
          "the loss does not depend on this parameter: it gets no gradient and "
          "is never updated");
    }
    if (outputs.gradients().empty())
      return step.emitOpError("trains nothing: the loss depends on none of the module's ")
             << trainable.size() << " trainable parameters";
    outputs.commit();

    OpBuilder builder(body.getTerminator());
    if (failed(updateStatistics(forward, builder)))
      return failure();
    eraseDeadOps(body);
    return success();
  }
};

} // namespace
