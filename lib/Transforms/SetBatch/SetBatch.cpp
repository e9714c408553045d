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
        result.setType(yielded.getType());
      return success();
    }
    if (auto sized = dyn_cast<BatchOpInterface>(op))
      if (failed(sized.setBatch(from, to)))
        return failure();
    if (auto inferring = dyn_cast<InferTypeOpInterface>(op)) {
      SmallVector<Type> types;
      if (failed(inferring.inferReturnTypes(op.getContext(), op.getLoc(), op.getOperands(),
                                            op.getDiscardableAttrDictionary(),
                                            op.getPropertiesStorage(), op.getRegions(), types))) {
        emitError(op.getLoc(), "the shapes of '")
            << op.getName() << "' no longer fit after the batch size became " << to
            << " (it was " << from << ")";
        return failure();
      }
      for (auto [result, type] : llvm::zip_equal(op.getResults(), types))
        result.setType(type);
      return success();
    }
    // A cast keeps its own element type and follows its operand's shape.
    if (op.hasTrait<OpTrait::SameOperandsAndResultShape>() && op.getNumOperands()) {
      ArrayRef<int64_t> shape = cast<ShapedType>(op.getOperand(0).getType()).getShape();
      for (Value result : op.getResults())
        result.setType(cast<ShapedType>(result.getType()).clone(shape));
    }
    return success();
  }

  int64_t from, to;
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
      return module.emitError("the batch size must be positive, got ") << batch.getValue();
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
    int64_t from = 0;
    for (BlockArgument input : graph.getBodyBlock()->getArguments()) {
      int64_t dim = graph.getBatchDims()[input.getArgNumber()];
      if (dim < 0)
        continue;
      auto type = cast<RankedTensorType>(input.getType());
      from = type.getDimSize(dim);
      SmallVector<int64_t> shape(type.getShape());
      shape[dim] = batch;
      input.setType(type.clone(shape));
    }
    if (from == 0)
      return graph.emitOpError("marks no batch dimension on its inputs: there is nothing to set");
    if (from == batch)
      return success();
    return BatchSetter(from, batch).visit(*graph.getBodyBlock());
  }
};

} // namespace
