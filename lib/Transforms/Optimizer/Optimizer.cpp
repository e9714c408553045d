//===- Optimizer.cpp - train-optimizer --------------------------------------===//
//
// From gradients to updates: slots, scalars of the step, one update op per
// parameter, writes. The arithmetic is in the ops (OptimizerOps.td).
//
//===----------------------------------------------------------------------===//
#include "../ClipGradients/GradientNorm.h"
#include "train/Transforms/Passes.h"

#include <cmath>
#include <limits>

namespace train {
#define GEN_PASS_DEF_TRAINOPTIMIZER
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

constexpr StringLiteral kStepCount = "train.step_count";

enum class Kind { Sgd, Momentum, Adam, AdamW };

std::optional<Kind> parseKind(StringRef name) {
  return llvm::StringSwitch<std::optional<Kind>>(name)
      .Case("sgd", Kind::Sgd)
      .Case("momentum", Kind::Momentum)
      .Case("adam", Kind::Adam)
      .Case("adamw", Kind::AdamW)
      .Default(std::nullopt);
}

struct Optimizer : train::impl::TrainOptimizerBase<Optimizer> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

private:
  LogicalResult run() {
    ModuleOp module = getOperation();
    auto step = findProgram<StepOp>(module);
    if (!step)
      return module.emitError("there is no train.step to add an optimizer to");
    std::optional<Kind> parsed = parseKind(kind);
    if (!parsed)
      return module.emitError("unknown optimizer '")
             << kind << "': expected sgd, momentum, adam or adamw";
    if (failed(checkHyperparameters()))
      return failure();
    StepOutputs outputs(step);
    SmallVector<StepOutputs::Output> gradients = outputs.gradients();
    if (gradients.empty())
      return step.emitOpError(
          "has no gradients to update parameters with: the optimizer comes after "
          "train-differentiate, once");
    if (llvm::is_contained(step.getInputNames(),
                           StringAttr::get(&getContext(), kLearningRateInput)))
      return step.emitOpError("has an input named '")
             << kLearningRateInput << "', which is reserved for the learning rate";

    SymbolTable symbols(module);
    Operation *terminator = step.getBodyBlock()->getTerminator();
    OpBuilder builder(terminator);
    Location loc = terminator->getLoc();
    OpBuilder states(module.getContext());
    Operation *lastParam = nullptr;
    for (auto param : module.getOps<ParamOp>())
      lastParam = param;
    if (!lastParam)
      return module.emitError("there are no parameters to update");
    states.setInsertionPointAfter(lastParam);

    if (reportGradNorm && !outputs.lookup(kGradNormOutput))
      outputs.append(
          kGradNormOutput,
          buildGradientNorm(builder, outputs, std::numeric_limits<double>::max())
              .getNorm());

    Update update{*parsed,
                  addLearningRate(step),
                  outputs.lookup(kGradScaleOutput),
                  outputs.lookup(kApplyOutput),
                  {},
                  {},
                  DenseMap<StringAttr, StateOp>()};
    for (auto state : module.getOps<StateOp>())
      if (state.getRole() == StateRole::Copy)
        update.copies[state.getOwnerAttr().getAttr()] = state;
    if (failed(addCounter(symbols, states, builder, loc, update)))
      return failure();
    for (const StepOutputs::Output &gradient : gradients) {
      StringRef name = *getGradientOf(gradient.name);
      auto param = dyn_cast_or_null<ParamOp>(symbols.lookup(name));
      if (!param)
        return step.emitOpError("has a gradient of '")
               << name << "', which is no parameter";
      if (failed(addUpdate(symbols, states, builder, param, gradient.value, update)))
        return failure();
    }
    outputs.removeIf([](StringRef name) {
      return getGradientOf(name).has_value() || name == kGradScaleOutput ||
             name == kApplyOutput;
    });
    outputs.commit();
    return success();
  }

  /// What every update of the step shares.
  struct Update {
    Kind kind;
    Value learningRate;
    Value gradScale; ///< null where gradients are what they are
    Value apply;     ///< null where no step is skipped
    Value correction1, correction2;
    /// The copies that parameters have in a narrower type, by the parameter's name.
    DenseMap<StringAttr, StateOp> copies;
  };

  LogicalResult checkHyperparameters() {
    auto reject = [&](StringRef name, double value, StringRef range) {
      return getOperation().emitError("optimizer option ")
             << name << " is " << value << ", expected a number " << range;
    };
    if (!(beta1 >= 0 && beta1 < 1))
      return reject("beta1", beta1, "in [0, 1)");
    if (!(beta2 >= 0 && beta2 < 1))
      return reject("beta2", beta2, "in [0, 1)");
    if (!(eps >= 0) || !std::isfinite(eps))
      return reject("eps", eps, ">= 0");
    if (!(weightDecay >= 0) || !std::isfinite(weightDecay))
      return reject("weight-decay", weightDecay, ">= 0");
    return success();
  }

  Value addLearningRate(StepOp step) {
    Builder builder(&getContext());
    auto names = llvm::to_vector(step.getInputNames());
    auto roles = llvm::to_vector(step.getInputRoles());
    auto batchDims = llvm::to_vector(step.getBatchDims());
    names.push_back(builder.getStringAttr(kLearningRateInput));
    roles.push_back(static_cast<int64_t>(InputRole::LearningRate));
    batchDims.push_back(-1);
    step.setInputNamesAttr(builder.getArrayAttr(names));
    step.setInputRoles(roles);
    step.setBatchDims(batchDims);
    return step.getBodyBlock()->addArgument(
        RankedTensorType::get({}, builder.getF32Type()), step.getLoc());
  }

  FailureOr<StateOp> addState(SymbolTable &symbols, OpBuilder &states, Location loc,
                              StringRef name, Type type, StateRole role,
                              FlatSymbolRefAttr owner) {
    if (Operation *existing = symbols.lookup(name)) {
      InFlightDiagnostic diagnostic =
          existing->emitOpError("has the name of an optimizer state, '") << name << "'";
      diagnostic.attachNote(loc) << "the state belongs to what is defined here";
      return failure();
    }
    auto state = StateOp::create(states, loc, name, type, ZerosAttr::get(&getContext()),
                                 role, owner, /*offset=*/nullptr);
    symbols.insert(state);
    return state;
  }

  /// The counter of applied steps and the bias corrections that depend on it.
  LogicalResult addCounter(SymbolTable &symbols, OpBuilder &states, OpBuilder &builder,
                           Location loc, Update &update) {
    auto type = RankedTensorType::get({}, builder.getI64Type());
    if (failed(addState(symbols, states, loc, kStepCount, type, StateRole::Counter,
                        nullptr)))
      return failure();
    auto symbol = FlatSymbolRefAttr::get(&getContext(), kStepCount);
    Value counter = ReadOp::create(builder, loc, type, symbol);
    if (update.kind == Kind::Adam || update.kind == Kind::AdamW) {
      auto scalar = RankedTensorType::get({}, builder.getF32Type());
      update.correction1 = BiasCorrectionOp::create(builder, loc, scalar, counter,
                                                    builder.getF64FloatAttr(beta1));
      update.correction2 = BiasCorrectionOp::create(builder, loc, scalar, counter,
                                                    builder.getF64FloatAttr(beta2));
    }
    Value next = IncrementOp::create(builder, loc, type, counter, update.apply);
    WriteOp::create(builder, loc, symbol, next);
    return success();
  }

  LogicalResult addUpdate(SymbolTable &symbols, OpBuilder &states, OpBuilder &builder,
                          ParamOp param, Value gradient, const Update &update) {
    Location loc = param.getLoc();
    Type type = param.getType();
    auto symbol = FlatSymbolRefAttr::get(param.getSymNameAttr());
    FloatAttr decay =
        builder.getF64FloatAttr(param.getNoDecay() ? 0.0 : weightDecay.getValue());

    SmallVector<FlatSymbolRefAttr> slots;
    auto addSlot = [&](StringRef suffix) -> FailureOr<Value> {
      std::string name = (param.getSymName() + suffix).str();
      if (failed(
              addState(symbols, states, loc, name, type, StateRole::Optimizer, symbol)))
        return failure();
      slots.push_back(FlatSymbolRefAttr::get(&getContext(), name));
      return Value(ReadOp::create(builder, loc, type, slots.back()));
    };

    Value old = ReadOp::create(builder, loc, type, symbol);
    // What follows the parameter in a narrower type is written by the same kernel.
    StateOp copied = update.copies.lookup(param.getSymNameAttr());
    Type copyType;
    Value copy;
    if (copied) {
      copyType = copied.getType();
      slots.push_back(FlatSymbolRefAttr::get(copied.getSymNameAttr()));
      copy = ReadOp::create(builder, loc, copyType, slots.back());
    }
    Operation *op = nullptr;
    switch (update.kind) {
    case Kind::Sgd:
      op = SgdOp::create(builder, loc, type, copyType, old, gradient, update.learningRate,
                         update.gradScale, update.apply, copy, decay);
      break;
    case Kind::Momentum: {
      FailureOr<Value> velocity = addSlot(".velocity");
      if (failed(velocity))
        return failure();
      op = MomentumOp::create(builder, loc, type, type, copyType, old, gradient,
                              *velocity, update.learningRate, update.gradScale,
                              update.apply, copy, builder.getF64FloatAttr(beta1), decay);
      break;
    }
    case Kind::Adam:
    case Kind::AdamW: {
      FailureOr<Value> m = addSlot(".m");
      if (failed(m))
        return failure();
      FailureOr<Value> v = addSlot(".v");
      if (failed(v))
        return failure();
      op = AdamWOp::create(
          builder, loc, type, type, type, copyType, old, gradient, *m, *v,
          update.correction1, update.correction2, update.learningRate, update.gradScale,
          update.apply, copy, builder.getF64FloatAttr(beta1),
          builder.getF64FloatAttr(beta2), builder.getF64FloatAttr(eps), decay,
          update.kind == Kind::Adam ? builder.getUnitAttr() : UnitAttr());
      break;
    }
    }
    WriteOp::create(builder, loc, symbol, op->getResult(0));
    // The copy is the last result, and was the first to be asked for.
    if (copied)
      std::rotate(slots.begin(), slots.begin() + 1, slots.end());
    for (auto [slot, value] : llvm::zip_equal(slots, llvm::drop_begin(op->getResults())))
      WriteOp::create(builder, loc, slot, value);
    return success();
  }
};

} // namespace
