//===- SetBatch.cpp - train-set-batch ---------------------------------------===//
//
// Follows a new batch size from the inputs through the graph, asking each op for its new
// result types.
//
//===----------------------------------------------------------------------===//
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "train/Transforms/Passes.h"
#include "train/Transforms/StepOutputs.h"

namespace train {
#define GEN_PASS_DEF_TRAINSETBATCH
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

class BatchSetter {
public:
  BatchSetter(int64_t from, int64_t to) : from(from), to(to) {}

  void setType(Value value, Type type) {
    if (value.getType() == type)
      return;
    value.setType(type);
    changed.insert(value);
  }

  LogicalResult visit(Block &block) {
    for (Operation &op : block.without_terminator())
      if (failed(visit(op)))
        return failure();
    return success();
  }

private:
  LogicalResult visit(Operation &op) {
    if (op.getNumRegions()) {
      Block &body = op.getRegion(0).front();
      if (failed(visit(body)))
        return failure();
      for (auto [result, yielded] :
           llvm::zip_equal(op.getResults(), body.getTerminator()->getOperands()))
        setType(result, yielded.getType());
      return success();
    }
    auto sized = dyn_cast<BatchOpInterface>(op);
    if (sized && mayHoldBatch(op)) {
      SmallVector<Type> before(op.getResultTypes());
      if (failed(sized.setBatch(from, to)))
        return failure();
      for (auto [result, type] : llvm::zip_equal(op.getResults(), before))
        if (result.getType() != type)
          changed.insert(result);
    }
    if (auto inferring = dyn_cast<InferTypeOpInterface>(op)) {
      SmallVector<Type> types;
      if (failed(inferring.inferReturnTypes(
              op.getContext(), op.getLoc(), op.getOperands(),
              op.getDiscardableAttrDictionary(), op.getPropertiesStorage(),
              op.getRegions(), types))) {
        emitError(op.getLoc(), "the shapes of '")
            << op.getName() << "' no longer fit after the batch size became " << to
            << " (it was " << from << ")";
        return failure();
      }
      for (auto [result, type] : llvm::zip_equal(op.getResults(), types))
        setType(result, type);
      return success();
    }
    // A cast keeps its own element type and follows its operand's shape.
    if (op.hasTrait<OpTrait::SameOperandsAndResultShape>() && op.getNumOperands()) {
      ArrayRef<int64_t> shape = cast<ShapedType>(op.getOperand(0).getType()).getShape();
      for (Value result : op.getResults())
        setType(result, cast<ShapedType>(result.getType()).clone(shape));
    }
    return success();
  }

  /// Whether a size in the op's attributes may be the batch: it follows an operand that
  /// has changed, or the op makes more elements than it reads. What only cuts or reorders
  /// a table has no batch, even where a size happens to equal it.
  bool mayHoldBatch(Operation &op) const {
    int64_t read = 0, made = 0;
    for (Value operand : op.getOperands()) {
      if (changed.contains(operand))
        return true;
      read += cast<ShapedType>(operand.getType()).getNumElements();
    }
    for (Type type : op.getResultTypes())
      made += cast<ShapedType>(type).getNumElements();
    return made > read;
  }

  int64_t from, to;
  DenseSet<Value> changed;
};

struct SetBatch : train::impl::TrainSetBatchBase<SetBatch> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

private:
  LogicalResult run() {
    ModuleOp module = getOperation();
    if (batch == 0)
      return success();
    if (batch < 0)
      return module.emitError("the batch size must be positive, got ")
             << batch.getValue();
    for (auto program : module.getOps<ProgramOpInterface>())
      if (!isa<GraphOp>(program))
        return program->emitOpError(
            "has the old batch size: train-set-batch comes before programs are derived");
    for (auto graph : module.getOps<GraphOp>())
      if (failed(setBatch(graph)))
        return failure();
    return success();
  }

  LogicalResult setBatch(GraphOp graph) {
    auto inputs = graph.getBodyBlock()->getArguments();
    const auto *marked =
        llvm::find_if(graph.getBatchDims(), [](int64_t dim) { return dim >= 0; });
    if (marked == graph.getBatchDims().end())
      return graph.emitOpError(
          "marks no batch dimension on its inputs: there is nothing to set");
    // All marked dimensions have one size: the graph's verifier sees to that.
    BlockArgument first = inputs[marked - graph.getBatchDims().begin()];
    int64_t from = cast<RankedTensorType>(first.getType()).getDimSize(*marked);
    if (from == batch)
      return success();
    BatchSetter setter(from, batch);
    for (auto [input, dim] : llvm::zip_equal(inputs, graph.getBatchDims())) {
      if (dim < 0)
        continue;
      auto type = cast<RankedTensorType>(input.getType());
      SmallVector<int64_t> shape(type.getShape());
      shape[dim] = batch;
      setter.setType(input, type.clone(shape));
    }
    return setter.visit(*graph.getBodyBlock());
  }
};

} // namespace
