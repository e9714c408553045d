//===- ReuseOperands.cpp - train-reuse-operands -----------------------------===//
//
// The rule is in InPlace.cpp, which planners and the scheduler share.
//
//===----------------------------------------------------------------------===//
#include "../InPlace.h"
#include "train/Transforms/Passes.h"

namespace train {
#define GEN_PASS_DEF_TRAINREUSEOPERANDS
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

struct ReuseOperands : train::impl::TrainReuseOperandsBase<ReuseOperands> {
  using Base::Base;

  void runOnOperation() override {
    for (auto program : getOperation().getOps<ProgramOpInterface>()) {
      if (isa<GraphOp>(program))
        continue;
      for (auto loop : program.getBodyBlock()->getOps<MicrobatchOp>())
        markInPlace(loop.getBody().front());
      markInPlace(*program.getBodyBlock());
    }
  }
};

} // namespace
