//===- ApplyResidency.cpp - train-apply-residency ---------------------------===//
//
// The rewrite is in Recompute.cpp, which the planner shares.
//
//===----------------------------------------------------------------------===//
#include "../Recompute.h"
#include "train/IR/Programs.h"
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
    for (ProgramOpInterface program : getExecutedPrograms(getOperation()))
      for (Block *block : getExecutedBlocks(program))
        if (failed(applyRecomputation(*block)))
          return signalPassFailure();
  }
};

} // namespace
