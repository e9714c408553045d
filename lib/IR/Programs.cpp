// See Programs.h.
#include "train/IR/Programs.h"

using namespace mlir;
using namespace train;

SmallVector<ProgramOpInterface> train::getExecutedPrograms(ModuleOp module) {
  return llvm::filter_to_vector(
      module.getOps<ProgramOpInterface>(),
      [](ProgramOpInterface program) { return !isa<GraphOp>(program); });
}

SmallVector<Block *> train::getExecutedBlocks(ProgramOpInterface program) {
  SmallVector<Block *> blocks;
  Block *body = program.getBodyBlock();
  for (auto loop : body->getOps<MicrobatchOp>())
    blocks.push_back(&loop.getBody().front());
  blocks.push_back(body);
  return blocks;
}
