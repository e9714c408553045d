//===- LossScale.cpp - train-loss-scale -------------------------------------===//
//
// Scales the seed of backward, judges the gradients, and moves the scale (Micikevicius et
// al., Mixed Precision Training, ICLR 2018, section 3.2; the rule of the dynamic scale is
// update_scale's, PrecisionOps.td). All of it are commands of the step: nobody waits for
// a verdict.
//
//===----------------------------------------------------------------------===//
#include "mlir/IR/TypeUtilities.h"
#include "train/Transforms/Passes.h"
#include "train/Transforms/StepOutputs.h"
#include "llvm/Support/Format.h"

#include <cmath>

namespace train {
#define GEN_PASS_DEF_TRAINLOSSSCALE
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

constexpr StringLiteral kScaleState = "train.loss_scale";
constexpr StringLiteral kGoodStepsState = "train.loss_scale.good_steps";
constexpr StringLiteral kBadStepsState = "train.loss_scale.bad_steps";

/// As a person would write it.
std::string toText(double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.6g", value);
  return text;
}
std::string toText(int64_t value) { return std::to_string(value); }

bool isPowerOfTwo(double value) {
  int exponent = 0;
  return std::isfinite(value) && value > 0 && std::frexp(value, &exponent) == 0.5;
}

struct LossScale : train::impl::TrainLossScaleBase<LossScale> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

private:
  LogicalResult run() {
    ModuleOp module = getOperation();
    if (mode == "none")
      return success();
    if (mode != "dynamic" && mode != "static")
      return module.emitError("unknown mode of loss scaling '")
             << mode << "': expected dynamic, static or none";
    isDynamic = mode == "dynamic";
    auto step = findProgram<StepOp>(module);
    if (!step)
      return module.emitError("there is no train.step to scale the loss in");
    if (failed(checkOptions(step)))
      return failure();
    StepOutputs outputs(step);
    if (outputs.gradients().empty())
      return step.emitOpError("has no gradients to scale: the loss scale comes after "
                              "train-differentiate and before the optimizer");
    if (Value verdict = outputs.lookup(kApplyOutput)) {
      InFlightDiagnostic diagnostic = step.emitOpError("has a loss scale already");
      diagnostic.attachNote(verdict.getLoc()) << "its gradients are checked here";
      return diagnostic;
    }
    if (Value norm = outputs.lookup(kGradNormOutput)) {
      InFlightDiagnostic diagnostic =
          step.emitOpError("has its gradients clipped already: the loss scale comes "
                           "before clipping, which measures unscaled gradients");
      diagnostic.attachNote(norm.getLoc()) << "the norm is computed here";
      return diagnostic;
    }
    if (failed(refuseSecondScale(step)))
      return failure();
    SmallVector<ConstantOp> seeds;
    step.walk([&](ConstantOp constant) {
      if (constant->hasAttr(kSeedAttr))
        seeds.push_back(constant);
    });
    if (seeds.empty())
      return step.emitOpError("has no constant marked '")
             << kSeedAttr << "', from which backward starts, to scale";
    if (isDynamic && failed(addStates(step)))
      return failure();

    Operation *first = &step.getBodyBlock()->front();
    OpBuilder builder(first);
    Value scale = isDynamic ? createRead(builder, first->getLoc(), kScaleState)
                            : createScalar(builder, first->getLoc(), init);
    for (ConstantOp seed : seeds)
      if (failed(scaleSeed(step, seed, scale)))
        return failure();

    builder.setInsertionPoint(step.getBodyBlock()->getTerminator());
    judge(builder, outputs, scale);
    outputs.commit();
    return success();
  }

  /// A model that scales values itself has derivatives that carry its own scale.
  LogicalResult refuseSecondScale(StepOp step) {
    Operation *own = nullptr;
    step.walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (!isa<ScaleLossOp, UnscaleOp>(op))
        return WalkResult::advance();
      own = op;
      return WalkResult::interrupt();
    });
    if (!own)
      return success();
    return own->emitOpError("is a loss scale of the model's own, and the step would have "
                            "two: take this one out, or train without a loss scale");
  }

  LogicalResult checkOptions(StepOp step) {
    auto reject = [&](StringRef name, auto value, StringRef range) {
      return step.emitOpError("can't have a loss scale with ")
             << name << " " << toText(value) << ": expected " << range;
    };
    // Written so that NaN fails too; a scale is an f32.
    auto isScale = [](double value) {
      return value > 0 && std::isfinite(static_cast<float>(value)) &&
             static_cast<float>(value) > 0;
    };
    if (!isScale(init))
      return reject("init", init.getValue(), "a positive number that f32 can hold");
    if (isDynamic) {
      if (!isScale(minimum))
        return reject("minimum", minimum.getValue(),
                      "a positive number that f32 can hold");
      if (init < minimum)
        return reject("init", init.getValue(), "at least the minimum, ")
               << toText(minimum.getValue());
      if (window < 1)
        return reject("window", window.getValue(), "1 or more");
      if (hysteresis < 1)
        return reject("hysteresis", hysteresis.getValue(), "1 or more");
      if (!(growth >= 1) || !std::isfinite(growth))
        return reject("growth", growth.getValue(), "a number of 1 or more");
      if (!(backoff > 0 && backoff <= 1))
        return reject("backoff", backoff.getValue(), "a number in (0, 1]");
    }
    SmallVector<std::pair<StringRef, double>> factors{{"init", init}};
    if (isDynamic)
      factors.append({{"minimum", minimum}, {"growth", growth}, {"backoff", backoff}});
    for (auto [name, factor] : factors)
      if (!isPowerOfTwo(factor)) {
        step.emitWarning("loss scaling with ")
            << name << " " << toText(factor)
            << ", which is no power of two: the scale is rounded into every gradient, "
               "and "
               "training differs in its last bits from training without it";
        break;
      }
    return success();
  }

  /// The states of the dynamic scale, behind the parameters.
  LogicalResult addStates(StepOp step) {
    ModuleOp module = getOperation();
    SymbolTable symbols(module);
    OpBuilder states(module.getContext());
    states.setInsertionPoint(step);
    for (auto param : module.getOps<ParamOp>())
      states.setInsertionPointAfter(param);
    Attribute zeros = ZerosAttr::get(&getContext()),
              start = FillAttr::get(&getContext(), init.getValue());
    for (auto [name, type, value] :
         {std::tuple<StringRef, Type, Attribute>{kScaleState, states.getF32Type(), start},
          {kGoodStepsState, states.getI64Type(), zeros},
          {kBadStepsState, states.getI64Type(), zeros}}) {
      if (Operation *existing = symbols.lookup(name)) {
        InFlightDiagnostic diagnostic =
            existing->emitOpError("has the name of a state of the loss scale, '")
            << name << "'";
        diagnostic.attachNote(step.getLoc()) << "the step that is scaled is here";
        return diagnostic;
      }
      auto state =
          StateOp::create(states, step.getLoc(), name, RankedTensorType::get({}, type),
                          value, StateRole::Other, /*owner=*/nullptr,
                          /*offset=*/nullptr);
      states.setInsertionPointAfter(state);
    }
    return success();
  }

  Value createRead(OpBuilder &builder, Location loc, StringRef name) {
    auto state = cast<StateOp>(SymbolTable::lookupSymbolIn(getOperation(), name));
    return ReadOp::create(builder, loc, state.getType(), FlatSymbolRefAttr::get(state));
  }

  Value createConstant(OpBuilder &builder, Location loc, Type type, Attribute value) {
    auto scalar = RankedTensorType::get({}, type);
    return ConstantOp::create(builder, loc,
                              cast<ElementsAttr>(DenseElementsAttr::get(scalar, value)));
  }
  Value createScalar(OpBuilder &builder, Location loc, double value) {
    return createConstant(builder, loc, builder.getF32Type(),
                          builder.getF32FloatAttr(static_cast<float>(value)));
  }

  /// Puts the scaled seed in the place of the seed: once per step, before a loop that
  /// reads it, and in f32 where the seed is narrower.
  LogicalResult scaleSeed(StepOp step, ConstantOp seed, Value scale) {
    Operation *place = step.getBodyBlock()->findAncestorOpInBlock(*seed);
    if (place != seed)
      seed->moveBefore(place);
    OpBuilder builder(seed->getBlock(), std::next(seed->getIterator()));
    auto type = cast<RankedTensorType>(seed.getType());
    SmallPtrSet<Operation *, 2> made;
    Value value = seed;
    if (type.getElementTypeBitWidth() < 32) {
      double size = std::abs(*seed.getSplatValue()) * init;
      if (double largest = getLargest(type.getElementType()); size > largest) {
        const char *text = "is scaled, and its derivative would be infinite in ";
        if (!isDynamic)
          return seed.emitError("the loss ")
                 << text << type.getElementType() << " (" << toText(size) << " exceeds "
                 << toText(largest) << "): compute the loss in f32, or scale by less";
        seed.emitWarning("the loss ")
            << text << type.getElementType() << " (" << toText(size) << " exceeds "
            << toText(largest) << "): steps are skipped until the scale is smaller";
      }
      value =
          CastOp::create(builder, seed.getLoc(), type.clone(builder.getF32Type()), value);
      made.insert(value.getDefiningOp());
    }
    auto scaled = ScaleLossOp::create(builder, seed.getLoc(), value, scale);
    scaled->setAttr(kSeedAttr, builder.getUnitAttr());
    made.insert(scaled);
    Value result = scaled;
    if (result.getType() != type) {
      result = CastOp::create(builder, seed.getLoc(), type, result);
      made.insert(result.getDefiningOp());
    }
    seed.getResult().replaceAllUsesExcept(result, made);
    return success();
  }

  static double getLargest(Type type) {
    return APFloat::getLargest(cast<FloatType>(type).getFloatSemantics())
        .convertToDouble();
  }

  /// Everything behind backward: the inverse of the scale, the verdict, the next scale,
  /// and what the step tells about it.
  void judge(OpBuilder &builder, StepOutputs &outputs, Value scale) {
    Location loc = builder.getInsertionPoint()->getLoc();
    Value factor = outputs.lookup(kGradScaleOutput);
    Value inverse = DivOp::create(builder, loc,
                                  factor ? factor : createScalar(builder, loc, 1), scale);
    outputs.set(kGradScaleOutput, inverse);

    auto verdict = RankedTensorType::get({}, builder.getI1Type());
    Value finite;
    for (const StepOutputs::Output &gradient : outputs.gradients())
      finite = CheckFiniteOp::create(builder, gradient.value.getLoc(), verdict,
                                     gradient.value, finite, inverse);
    outputs.append(kApplyOutput, finite);

    // A product, and so bytes of its own: the state's are overwritten by the next scale.
    outputs.append(kLossScaleOutput,
                   MulOp::create(builder, loc, scale, createScalar(builder, loc, 1)));
    auto flag = [&](int value) {
      return createConstant(builder, loc, builder.getI32Type(),
                            builder.getI32IntegerAttr(value));
    };
    outputs.append(kSkippedOutput,
                   SelectOp::create(builder, loc, finite, flag(0), flag(1)));
    if (!isDynamic)
      return;
    Value good = createRead(builder, loc, kGoodStepsState),
          bad = createRead(builder, loc, kBadStepsState);
    Value lowest = CompareOp::create(builder, loc, scale,
                                     createScalar(builder, loc, minimum), Predicate::LE);
    Value last =
        CompareOp::create(builder, loc, bad,
                          createConstant(builder, loc, builder.getI64Type(),
                                         builder.getI64IntegerAttr(hysteresis - 1)),
                          Predicate::GE);
    Value exhausted = SelectOp::create(builder, loc, last, flag(1), flag(0));
    exhausted = SelectOp::create(builder, loc, lowest, exhausted, flag(0));
    outputs.append(kExhaustedOutput,
                   SelectOp::create(builder, loc, finite, flag(0), exhausted));
    auto update = UpdateScaleOp::create(
        builder, loc, scale.getType(), good.getType(), bad.getType(), scale, good, bad,
        finite, builder.getF64FloatAttr(growth), builder.getF64FloatAttr(backoff),
        builder.getI64IntegerAttr(window), builder.getI64IntegerAttr(hysteresis),
        builder.getF64FloatAttr(minimum));
    for (auto [name, value] : llvm::zip_equal(
             ArrayRef<StringLiteral>{kScaleState, kGoodStepsState, kBadStepsState},
             update.getResults()))
      WriteOp::create(builder, loc, FlatSymbolRefAttr::get(&getContext(), name), value);
  }

  bool isDynamic = false;
};

} // namespace
