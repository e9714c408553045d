//===- VerifyScales.cpp - train-verify-scales -------------------------------===//
//
// Turns what ScaleState finds into errors, and looks for the other ways to get low
// precision wrong that can be seen in a step: no loss scale, steps that are not skipped,
// constants beyond f16, sums in f16, micro-batches that are summed and not averaged.
//
//===----------------------------------------------------------------------===//
#include "Averages.h"
#include "mlir/IR/TypeUtilities.h"
#include "train/Analysis/ScaleState.h"
#include "train/IR/Programs.h"
#include "train/Reference/EvalContext.h"
#include "train/Transforms/Passes.h"
#include "train/Transforms/StepOutputs.h"
#include "llvm/Support/Format.h"

#include <cmath>

namespace train {
#define GEN_PASS_DEF_TRAINVERIFYSCALES
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

bool isF16(Value value) { return getElementTypeOrSelf(value.getType()).isF16(); }

/// What only constants go into is computed here, as far as it is small.
class ConstantValues {
public:
  /// Whether the op makes an infinity in f16 of finite numbers, whatever the data: the
  /// number that it is.
  std::optional<double> findOverflow(Operation &op) {
    if (auto constant = dyn_cast<ConstantOp>(op)) {
      if (isSmall(constant.getType()))
        values[constant] = reference::tensorFromElements(constant.getValueAttr());
      return std::nullopt;
    }
    auto meaning = dyn_cast<ReferenceOpInterface>(op);
    if (!meaning || op.getNumOperands() == 0 ||
        !llvm::all_of(op.getResultTypes(), isSmall))
      return std::nullopt;
    SmallVector<const reference::Tensor *> operands;
    for (Value operand : op.getOperands()) {
      auto found = values.find(operand);
      if (found == values.end() || !found->second)
        return std::nullopt;
      operands.push_back(found->second.get());
    }
    SmallVector<reference::Tensor> results;
    for (Type type : op.getResultTypes())
      results.push_back(reference::Tensor::zeros(cast<RankedTensorType>(type)));
    reference::EvalContext context;
    context.op = &op;
    // What has no value here says so where it runs.
    ScopedDiagnosticHandler silent(op.getContext(),
                                   [](Diagnostic &) { return success(); });
    if (failed(meaning.evaluate(operands, results, context)))
      return std::nullopt;
    bool finite = llvm::all_of(operands, isFinite);
    std::optional<double> overflow;
    for (auto [result, value] : llvm::zip_equal(op.getResults(), results)) {
      if (finite && isF16(result))
        for (double number : value.f)
          if (!overflow && std::isinf(reference::roundToType(number, value.elementType)))
            overflow = number;
      values[result] = std::make_shared<const reference::Tensor>(std::move(value));
    }
    return overflow;
  }

private:
  static bool isSmall(Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && reference::canHold(tensor) && tensor.getNumElements() <= 4096;
  }
  static bool isFinite(const reference::Tensor *tensor) {
    return llvm::all_of(tensor->f, [](double value) { return std::isfinite(value); });
  }

  DenseMap<Value, reference::TensorRef> values;
};

class StepChecker {
public:
  explicit StepChecker(StepOp step)
      : step(step), state(cast<ProgramOpInterface>(step.getOperation())) {}

  LogicalResult run() {
    reportMisuses();
    checkUpdated();
    checkRange();
    if (bad)
      return failure();
    warnOfUnskippedSteps();
    warnOfMissingScale();
    warnOfSums();
    return success();
  }

private:
  void reportMisuses() {
    for (const ScaleMisuse &misuse : state.getMisuses()) {
      bad = true;
      InFlightDiagnostic diagnostic = misuse.op->emitOpError(misuse.message);
      if (misuse.other)
        diagnostic.attachNote(misuse.other->getLoc()) << misuse.note;
    }
  }

  /// A scale that lives across steps has to move; a static one is a constant.
  void checkUpdated() {
    auto module = step->getParentOfType<ModuleOp>();
    for (auto [symbol, user] : state.getScaleSymbols()) {
      bool isWritten = false;
      step.walk([&, symbol = symbol](WriteOp write) {
        isWritten |= write.getSymbolAttr() == symbol;
      });
      auto owner = module.lookupSymbol<StateOp>(symbol.getAttr());
      if (isWritten || !owner)
        continue;
      bad = true;
      InFlightDiagnostic diagnostic = owner.emitOpError(
          "is a loss scale that the step never updates: write what train.update_scale "
          "returns, or use a constant as a static scale");
      diagnostic.attachNote(user->getLoc()) << "it is used as a scale here";
    }
  }

  void checkRange() {
    ConstantValues values;
    step.walk<WalkOrder::PreOrder>([&](Operation *op) {
      std::optional<double> overflow = values.findOverflow(*op);
      if (!overflow)
        return;
      bad = true;
      std::string number;
      llvm::raw_string_ostream(number) << llvm::format("%g", *overflow);
      op->emitOpError("is certain to overflow in f16, whose largest number is 65504: it "
                      "computes ")
          << number;
    });
  }

  bool isScaled() { return !state.getScaledLosses().empty(); }

  /// Whether the op steps: the product of its factors must carry no scale.
  static bool isUpdate(Operation *op) {
    auto linear = dyn_cast<LossScaleOpInterface>(op);
    if (!linear || linear.getScaleMisuse().empty())
      return false;
    return llvm::any_of(op->getOpOperands(), [&](OpOperand &operand) {
      return linear.getScaleRole(operand.getOperandNumber()) == ScaleRole::Factor;
    });
  }

  void warnOfUnskippedSteps() {
    if (!isScaled())
      return;
    step.walk([&](Operation *op) {
      if (!isUpdate(op) || llvm::any_of(op->getOperandTypes(), [](Type type) {
            return getElementTypeOrSelf(type).isInteger(1);
          }))
        return;
      InFlightDiagnostic diagnostic = op->emitWarning(
          "updates parameters even where the scaled gradients overflow: it has no "
          "`apply` from train.check_finite");
      diagnostic.attachNote(state.getScaledLosses().front()->getLoc())
          << "the loss is scaled here";
    });
  }

  /// Once, at the first op.
  void warnOfMissingScale() {
    if (isScaled())
      return;
    Operation *first = nullptr;
    bool updates = false;
    step.walk<WalkOrder::PreOrder>([&](Operation *op) {
      updates |= isUpdate(op);
      auto precision = dyn_cast<PrecisionOpInterface>(op);
      if (!first && precision && precision.getPrecisionClass() == PrecisionClass::Low &&
          llvm::any_of(op->getResults(), isF16))
        first = op;
    });
    if (first && updates)
      first->emitWarning("computes in f16, and the step has no loss scale: gradients "
                         "below 6e-8 become zero");
  }

  void warnOfSums() {
    step.walk([&](Operation *op) {
      auto precision = dyn_cast<PrecisionOpInterface>(op);
      if (!precision || precision.getPrecisionClass() != PrecisionClass::Full ||
          op->getNumOperands() == 0 || op->getNumResults() == 0)
        return;
      auto from = cast<RankedTensorType>(op->getOperand(0).getType()),
           to = cast<RankedTensorType>(op->getResult(0).getType());
      if (isF16(op->getResult(0)) && from.getNumElements() > to.getNumElements())
        op->emitWarning("reduces ")
            << from.getNumElements() << " elements to " << to.getNumElements()
            << " in f16, where everything beyond 65504 is infinite: reduce in f32";
    });
    for (auto loop : step.getBodyBlock()->getOps<MicrobatchOp>())
      if (Operation *update = findUnaveragedUpdate(loop, isUpdate)) {
        InFlightDiagnostic diagnostic =
            loop.emitWarning("sums the gradients of ")
            << loop.getCount() << " micro-batches, and nothing divides them by "
            << loop.getCount() << ": the step is as many times too long";
        diagnostic.attachNote(update->getLoc()) << "the sum is applied here";
      }
  }

  StepOp step;
  ScaleState state;
  bool bad = false;
};

struct VerifyScales : train::impl::TrainVerifyScalesBase<VerifyScales> {
  void runOnOperation() override {
    for (auto step : getOperation().getOps<StepOp>())
      if (failed(StepChecker(step).run()))
        return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
