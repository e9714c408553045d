//===- SetBatch.cpp - train-set-batch ---------------------------------------===//
//
// When the batch may be set; how is ProgramBatch.cpp's.
//
//===----------------------------------------------------------------------===//
#include "../ProgramBatch.h"
#include "train/Transforms/Passes.h"
#include "train/Transforms/StepOutputs.h"

namespace train {
#define GEN_PASS_DEF_TRAINSETBATCH
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

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
    for (auto graph : module.getOps<GraphOp>()) {
      auto program = cast<ProgramOpInterface>(graph.getOperation());
      if (!getBatch(program))
        return graph.emitOpError(
            "marks no batch dimension on its inputs: there is nothing to set");
      if (failed(setBatch(program, batch)))
        return failure();
    }
    return success();
  }
};

} // namespace
