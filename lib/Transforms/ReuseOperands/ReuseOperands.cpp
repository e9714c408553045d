//===- ReuseOperands.cpp - train-reuse-operands -----------------------------===//
//
// The rule is in InPlace.cpp, which planners and the scheduler share.
//
//===----------------------------------------------------------------------===//
#include "../InPlace.h"
#include "train/IR/Programs.h"
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
    for (ProgramOpInterface program : getExecutedPrograms(getOperation()))
      for (Block *block : getExecutedBlocks(program))
        markInPlace(*block);
  }
};

} // namespace
