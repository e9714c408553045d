//===- Accumulate.cpp - train-accumulate ------------------------------------===//
//
// Splits the step into what runs once and what runs per micro-batch, and carries
// sums between them. Passes.td describes what comes out.
//
//===----------------------------------------------------------------------===//
#include "LabelMean.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "train/Interfaces/Quantization.h"
#include "train/Transforms/Passes.h"
#include "train/Transforms/StepOutputs.h"

#include <limits>

namespace train {
#define GEN_PASS_DEF_TRAINACCUMULATE
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

bool isConstant(Operation &op) { return matchPattern(&op, m_Constant()); }

Value createSplat(OpBuilder &builder, Location loc, RankedTensorType type, double value) {
  return ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(type, builder.getFloatAttr(type.getElementType(), value)));
}

/// The type in which values of `type` are summed: f32, or f64 if it is that wide already.
RankedTensorType getSumType(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  if (tensor.getElementTypeBitWidth() >= 32)
    return tensor;
  return tensor.clone(Float32Type::get(type.getContext()));
}

Value castTo(OpBuilder &builder, Location loc, Value value, Type type) {
  return value.getType() == type ? value
                                 : Value(CastOp::create(builder, loc, type, value));
}

/// Turns a step of one micro-batch into one of `count`.
class LoopMaker {
public:
  LoopMaker(StepOp step, int64_t count)
      : step(step), body(*step.getBodyBlock()), count(count),
        builder(body.getTerminator()) {}

  LogicalResult run() {
    classify();
    findMean();
    if (failed(collectCarried()))
      return failure();
    if (!mean)
      scaleSeed();
    makeLoop();
    return success();
  }

private:
  /// What the micro-batches' values become together.
  enum class Total { Sum, Mean, Largest };

  /// A value that the loop carries: a gradient, or something that its mean or largest is
  /// wanted of.
  struct Carried {
    Value value;
    Total total;
    /// The operands after the loop that read it.
    SmallVector<OpOperand *> users;
  };

  bool isVariant(Value value) const {
    if (isa<BlockArgument>(value))
      return true;
    return variant.contains(value.getDefiningOp());
  }

  /// An op runs per micro-batch (is variant) if it depends on an input or a random key,
  /// or on no parameter or state: what only constants go into is cheap to compute again,
  /// and may be large to keep.
  void classify() {
    for (Operation &op : body.without_terminator()) {
      if (isa<WriteOp>(op)) {
        if (Operation *update = op.getOperand(0).getDefiningOp())
          updates.insert(update);
        continue;
      }
      if (isConstant(op) || isa<ReadOp>(op))
        continue;
      bool differs = llvm::all_of(op.getOperands(),
                                  [](Value operand) {
                                    return operand.getDefiningOp() &&
                                           isConstant(*operand.getDefiningOp());
                                  }) ||
                     llvm::any_of(op.getOperands(),
                                  [&](Value operand) { return isVariant(operand); }) ||
                     op.hasAttr(kAtUseAttr);
      if (differs)
        variant.insert(&op);
    }
  }

  /// What leaves the loop: the outputs, and what the updates of states read.
  LogicalResult collectCarried() {
    StepOutputs outputs(step);
    for (OpOperand &operand : body.getTerminator()->getOpOperands()) {
      StringRef name = outputs.all()[operand.getOperandNumber()].name;
      bool isDivided = getGradientOf(name) || (mean && name == kLossOutput);
      carry(operand, isDivided ? Total::Sum : Total::Mean);
    }
    if (mean) {
      labels = carried.size();
      carried.push_back({mean->count, Total::Sum, {}});
    }
    for (Operation *update : updates) {
      if (!variant.contains(update))
        continue;
      for (Operation *user : update->getUsers())
        if (!isa<WriteOp>(user))
          return update->emitOpError("updates a state once per step, but its result is "
                                     "used in each micro-batch");
      auto asked = dyn_cast<StateUpdateOpInterface>(update);
      for (OpOperand &operand : update->getOpOperands())
        if (isVariant(operand.get()))
          carry(operand, asked && asked.takesLargest(operand.getOperandNumber())
                             ? Total::Largest
                             : Total::Mean);
    }
    return success();
  }

  void carry(OpOperand &operand, Total total) {
    for (Carried &existing : carried)
      if (existing.value == operand.get() && existing.total == total) {
        existing.users.push_back(&operand);
        return;
      }
    carried.push_back({operand.get(), total, {&operand}});
  }

  /// Where the loss is a mean over valid labels, the loop divides by all labels of the
  /// step instead and counts the valid ones.
  void findMean() {
    mean = findLabelMean(StepOutputs(step).lookup(kLossOutput));
    if (!mean || !isVariant(mean->count))
      return mean.reset();
    mean->rows *= count;
    OpBuilder first(&body, body.begin());
    mean->divideByRows(first);
  }

  /// From the sum over all labels to the mean over the valid ones: exactly 1 where all
  /// are.
  void weighByLabels(Value valid) {
    Location loc = mean->parts.front().getLoc();
    auto type = cast<RankedTensorType>(valid.getType());
    Value atLeastOne =
        MaxOp::create(builder, loc, valid, createSplat(builder, loc, type, 1));
    Value all = createSplat(builder, loc, type, static_cast<double>(mean->rows));
    Value factor = DivOp::create(builder, loc, all, atLeastOne);
    StepOutputs outputs(step);
    Value loss = outputs.lookup(kLossOutput);
    outputs.set(kLossOutput, MulOp::create(builder, loc, loss,
                                           castTo(builder, loc, factor, loss.getType())));
    outputs.set(kGradScaleOutput,
                castTo(builder, loc, factor, type.clone(builder.getF32Type())));
    outputs.commit();
  }

  /// Each micro-batch's loss counts 1/N, so that the sum of the gradients is their mean.
  void scaleSeed() {
    for (auto constant : body.getOps<ConstantOp>()) {
      if (!constant->hasAttr(kSeedAttr))
        continue;
      auto type = cast<RankedTensorType>(constant.getType());
      double seed = *constant.getSplatValue() / static_cast<double>(count);
      constant.setValueAttr(DenseElementsAttr::get(
          type, builder.getFloatAttr(type.getElementType(), seed)));
    }
  }

  void makeLoop() {
    SmallVector<Operation *> ops;
    for (Operation &op : body.without_terminator())
      ops.push_back(&op);
    SmallVector<Value> streams, inits;
    SmallVector<Type> types;
    for (BlockArgument input : body.getArguments())
      streams.push_back(input);
    for (const Carried &sum : carried) {
      RankedTensorType type = getSumType(sum.value.getType());
      types.push_back(type);
      double start =
          sum.total == Total::Largest ? -std::numeric_limits<double>::infinity() : 0.0;
      inits.push_back(createSplat(builder, sum.value.getLoc(), type, start));
    }
    auto loop =
        MicrobatchOp::create(builder, step.getLoc(), types, streams, inits, count);
    Block *loopBody = builder.createBlock(&loop.getBody());
    for (BlockArgument input : body.getArguments()) {
      BlockArgument slice = loopBody->addArgument(input.getType(), input.getLoc());
      input.replaceAllUsesExcept(slice, loop);
    }
    for (Type type : types)
      loopBody->addArgument(type, step.getLoc());

    fillLoop(ops, *loopBody);
    builder.setInsertionPointToEnd(loopBody);
    SmallVector<Value> yielded;
    for (auto [i, sum] : llvm::enumerate(carried)) {
      Location loc = sum.value.getLoc();
      Value argument = loopBody->getArgument(streams.size() + i);
      Value value = castTo(builder, loc, sum.value, types[i]);
      if (sum.total == Total::Largest)
        yielded.push_back(MaxOp::create(builder, loc, types[i], argument, value));
      else
        yielded.push_back(AddOp::create(builder, loc, types[i], argument, value));
    }
    YieldOp::create(builder, step.getLoc(), yielded);

    builder.setInsertionPointAfter(loop);
    for (auto [i, sum] : llvm::enumerate(carried)) {
      Value total = loop.getResult(i);
      if (sum.total == Total::Mean) {
        Location loc = sum.value.getLoc();
        auto scalar = RankedTensorType::get({}, getElementTypeOrSelf(types[i]));
        Value factor =
            createSplat(builder, loc, scalar, 1.0 / static_cast<double>(count));
        total = MulOp::create(builder, loc, types[i], total, factor);
        total = castTo(builder, loc, total, sum.value.getType());
      }
      for (OpOperand *user : sum.users)
        user->set(total);
    }
    if (mean)
      weighByLabels(loop.getResult(labels));
    widenInputs();
  }

  /// Moves the variant ops into the loop and the updates of states behind it. A constant
  /// is cloned into the loop where ops there use it.
  void fillLoop(ArrayRef<Operation *> ops, Block &loopBody) {
    Operation *terminator = body.getTerminator();
    for (Operation *op : ops) {
      if (isa<WriteOp>(op) || updates.contains(op)) {
        op->moveBefore(terminator);
      } else if (variant.contains(op)) {
        op->moveBefore(&loopBody, loopBody.end());
      } else if (isConstant(*op)) {
        moveConstant(op, loopBody);
      }
    }
  }

  void moveConstant(Operation *constant, Block &loopBody) {
    auto isInLoop = [&](OpOperand &use) {
      return variant.contains(use.getOwner()) && !updates.contains(use.getOwner());
    };
    if (llvm::any_of(constant->getUses(), isInLoop)) {
      Operation *clone = constant->clone();
      loopBody.push_back(clone);
      constant->replaceUsesWithIf(clone->getResults(), isInLoop);
    }
    if (constant->use_empty())
      constant->erase();
  }

  /// The data of all micro-batches of a step: a leading dimension more.
  void widenInputs() {
    SmallVector<int64_t> batchDims(step.getBatchDims());
    for (auto [input, batchDim] : llvm::zip_equal(body.getArguments(), batchDims)) {
      auto type = cast<RankedTensorType>(input.getType());
      SmallVector<int64_t> shape{count};
      llvm::append_range(shape, type.getShape());
      input.setType(type.clone(shape));
      batchDim += batchDim >= 0;
    }
    step.setBatchDims(batchDims);
    step.setMicroBatches(count);
  }

  StepOp step;
  Block &body;
  int64_t count;
  OpBuilder builder;
  DenseSet<Operation *> variant;
  llvm::SetVector<Operation *> updates;
  SmallVector<Carried> carried;
  /// The mean over labels that the loss is, if it is one, and the place in `carried` of
  /// their number.
  std::optional<LabelMean> mean;
  size_t labels = 0;
};

struct Accumulate : train::impl::TrainAccumulateBase<Accumulate> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (count < 1) {
      module.emitError("the number of micro-batches must be at least 1, got ")
          << count.getValue();
      return signalPassFailure();
    }
    auto step = findProgram<StepOp>(module);
    if (!step) {
      module.emitError("there is no train.step to accumulate in");
      return signalPassFailure();
    }
    if (count == 1)
      return;
    if (step.getMicroBatches() != 1) {
      step.emitOpError("has ") << step.getMicroBatches() << " micro-batches already";
      return signalPassFailure();
    }
    if (StepOutputs(step).gradients().empty()) {
      step.emitOpError("has no gradients to accumulate: accumulation comes after "
                       "train-differentiate and before the optimizer");
      return signalPassFailure();
    }
    if (failed(LoopMaker(step, count).run()))
      signalPassFailure();
  }
};

} // namespace
