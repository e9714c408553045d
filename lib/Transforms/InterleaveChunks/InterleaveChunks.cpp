//===- InterleaveChunks.cpp - train-interleave-chunks -----------------------===//
//
// One sweep per block, last op first, so that what an op waits for has moved before it.
//
//===----------------------------------------------------------------------===//
#include "train/IR/Programs.h"
#include "train/Transforms/Passes.h"
#include "train/Transforms/StepOutputs.h"

namespace train {
#define GEN_PASS_DEF_TRAININTERLEAVECHUNKS
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

/// The first op of the block that reads a result of `op`, by itself or in its regions.
Operation *findFirstReader(Operation *op, Block &block) {
  Operation *first = block.getTerminator();
  for (Operation *user : op->getUsers()) {
    Operation *reader = block.findAncestorOpInBlock(*user);
    if (reader->isBeforeInBlock(first))
      first = reader;
  }
  return first;
}

struct InterleaveChunks : train::impl::TrainInterleaveChunksBase<InterleaveChunks> {
  void runOnOperation() override {
    for (ProgramOpInterface program : getExecutedPrograms(getOperation()))
      program->walk([](Block *block) { interleave(*block); });
  }

private:
  static void interleave(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (op.removeAttr(kChunkAttr))
        op.moveBefore(findFirstReader(&op, block));
  }
};

} // namespace
