//===- InPlace.cpp - results that take the place of an operand --------------===//
//
// Saves the second buffer of a kernel, elementwise or along rows. Only decides on bytes;
// the order stays as it is.
//
//===----------------------------------------------------------------------===//
#include "InPlace.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace train;

bool train::canOverwrite(FusionOp fusion, unsigned result, unsigned operand) {
  auto type = dyn_cast<RankedTensorType>(fusion.getOperand(operand).getType());
  auto resultType = dyn_cast<RankedTensorType>(fusion.getResult(result).getType());
  if (!type || !resultType || type.getShape() != resultType.getShape() ||
      getByteSize(type) != getByteSize(resultType))
    return false;
  // A kernel walks its domain once, reads an operand of the domain's shape at the index
  // where it stores, and stores last; of an operand along rows it has read the whole row
  // by then.
  int64_t largest = type.getNumElements();
  fusion.getBody().walk([&](Operation *op) {
    for (Type opType : op->getResultTypes())
      largest = std::max(largest, cast<RankedTensorType>(opType).getNumElements());
    for (Type opType : op->getOperandTypes())
      largest = std::max(largest, cast<RankedTensorType>(opType).getNumElements());
  });
  return type.getNumElements() == largest;
}

namespace {

/// Follows the block from its end: which storages somebody later still reads.
class InPlaceMarker {
public:
  explicit InPlaceMarker(Block &block) : block(block) {}

  void run() {
    for (Operation &op : block.without_terminator()) {
      for (OpResult result : op.getResults()) {
        ResultStorage storage = getResultStorage(result);
        if (storage.kind != ResultStorage::Kind::Fresh)
          rootOf[result] = getRoot(op.getOperand(storage.operand));
      }
    }
    noteUses(*block.getTerminator());
    for (Operation &op : llvm::reverse(block.without_terminator())) {
      if (auto fusion = dyn_cast<FusionOp>(op))
        visit(fusion);
      noteUses(op);
      for (Region &region : op.getRegions())
        if (!op.hasTrait<OpTrait::IsIsolatedFromAbove>())
          region.walk([&](Operation *inner) { noteUses(*inner); });
    }
  }

private:
  Value getRoot(Value value) const {
    auto found = rootOf.find(value);
    return found == rootOf.end() ? value : found->second;
  }

  void noteUses(Operation &op) {
    for (Value operand : op.getOperands())
      usedLater.insert(getRoot(operand));
  }

  /// Whether the bytes below `root` may be overwritten with `result`.
  bool mayOverwrite(Value root, OpResult result) {
    if (auto argument = dyn_cast<BlockArgument>(root)) {
      auto loop = dyn_cast<MicrobatchOp>(block.getParentOp());
      if (argument.getOwner() != &block)
        return false;
      if (!loop || argument.getArgNumber() < loop.getStreams().size())
        return true;
      unsigned index = argument.getArgNumber() - loop.getStreams().size();
      return block.getTerminator()->getOperand(index) == result;
    }
    Operation *definition = root.getDefiningOp();
    return definition->getBlock() == &block && !isa<ReadOp, RandomKeyOp>(definition) &&
           !matchPattern(definition, m_Constant());
  }

  void visit(FusionOp fusion) {
    auto aliases = llvm::to_vector(fusion.getAliases());
    for (OpResult result : fusion.getResults()) {
      int64_t &alias = aliases[result.getResultNumber()];
      for (unsigned i = 0; alias < 0 && i < fusion->getNumOperands(); ++i) {
        Value operand = fusion->getOperand(i);
        Value root = getRoot(operand);
        if (llvm::is_contained(aliases, static_cast<int64_t>(i)) ||
            usedLater.contains(root) ||
            getByteSize(root.getType()) != getByteSize(operand.getType()) ||
            !mayOverwrite(root, result) ||
            !canOverwrite(fusion, result.getResultNumber(), i))
          continue;
        // Another operand with the same bytes might be read at another index.
        if (llvm::count_if(fusion->getOperands(),
                           [&](Value other) { return getRoot(other) == root; }) != 1)
          continue;
        alias = i;
      }
    }
    fusion.setAliases(aliases);
  }

  Block &block;
  DenseMap<Value, Value> rootOf;
  DenseSet<Value> usedLater;
};

} // namespace

void train::markInPlace(Block &block) { InPlaceMarker(block).run(); }
