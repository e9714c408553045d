//===- ApplyResidency.cpp - train-apply-residency ---------------------------===//
//
// The rewrite is in Recompute.cpp, which the planner shares.
//
//===----------------------------------------------------------------------===//
#include "../Recompute.h"
#include "train/Transforms/Passes.h"

namespace train {
#define GEN_PASS_DEF_TRAINAPPLYRESIDENCY
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

struct ApplyResidency : train::impl::TrainApplyResidencyBase<ApplyResidency> {
  using Base::Base;

  void runOnOperation() override {
    for (auto program : getOperation().getOps<ProgramOpInterface>()) {
      for (auto loop : program.getBodyBlock()->getOps<MicrobatchOp>())
        if (failed(applyRecomputation(loop.getBody().front())))
          return signalPassFailure();
      if (failed(applyRecomputation(*program.getBodyBlock())))
        return signalPassFailure();
    }
  }
};

} // namespace
