//===- FlatBody.cpp - dissolves scopes while cloning ------------------------===//
//
// One walk that clones, so that the graph itself stays as the user wrote it.
//
//===----------------------------------------------------------------------===//
#include "FlatBody.h"
#include "train/Transforms/StepOutputs.h"

using namespace mlir;
using namespace train;

namespace {

class FlatCloner {
public:
  FlatCloner(OpBuilder &builder, IRMapping &mapping)
      : builder(builder), mapping(mapping) {}

  void clone(Block &block, StringAttr layer, IntegerAttr checkpoint) {
    for (Operation &op : block.without_terminator()) {
      if (auto scope = dyn_cast<LayerOp>(op)) {
        StringAttr name = scope.getNameAttr();
        if (layer)
          name = builder.getStringAttr(layer.getValue() + "/" + name.getValue());
        cloneScope(op, name, checkpoint);
        continue;
      }
      if (isa<CheckpointOp>(op)) {
        // Nested regions belong to the outer one, which already drops what they would.
        cloneScope(op, layer,
                   checkpoint ? checkpoint : builder.getI64IntegerAttr(checkpoints++));
        continue;
      }
      if (auto read = dyn_cast<ReadOp>(op)) {
        Value &first = reads[read.getSymbolAttr()];
        if (first) {
          mapping.map(read.getResult(), first);
          continue;
        }
        first = cloneOp(op, layer, checkpoint)->getResult(0);
        continue;
      }
      cloneOp(op, layer, checkpoint);
    }
  }

private:
  void cloneScope(Operation &scope, StringAttr layer, IntegerAttr checkpoint) {
    Block &body = scope.getRegion(0).front();
    clone(body, layer, checkpoint);
    for (auto [result, yielded] :
         llvm::zip_equal(scope.getResults(), body.getTerminator()->getOperands()))
      mapping.map(result, mapping.lookupOrDefault(yielded));
  }

  Operation *cloneOp(Operation &op, StringAttr layer, IntegerAttr checkpoint) {
    Operation *cloned = builder.clone(op, mapping);
    if (layer)
      cloned->setAttr(kLayerAttr, layer);
    if (checkpoint)
      cloned->setAttr(kCheckpointAttr, checkpoint);
    return cloned;
  }

  OpBuilder &builder;
  IRMapping &mapping;
  DenseMap<Attribute, Value> reads;
  int64_t checkpoints = 0;
};

} // namespace

void train::cloneFlat(Block &from, OpBuilder &builder, IRMapping &mapping) {
  FlatCloner(builder, mapping).clone(from, nullptr, nullptr);
}

void train::eraseDeadOps(Block &block) {
  for (Operation *op = block.getTerminator()->getPrevNode(); op;) {
    Operation *previous = op->getPrevNode();
    if (op->use_empty() && isMemoryEffectFree(op))
      op->erase();
    op = previous;
  }
}
