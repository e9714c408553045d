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

StorageRoots::StorageRoots(Block &block) {
  for (Operation &op : block.without_terminator()) {
    for (OpResult result : op.getResults()) {
      ResultStorage storage = getResultStorage(result);
      if (storage.kind != ResultStorage::Kind::Fresh)
        roots[result] = lookup(op.getOperand(storage.operand));
    }
  }
}

/// Whether the bytes below `root` may be overwritten with `result`.
static bool mayOverwrite(Value root, OpResult result, Block &block) {
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

bool train::mayTakePlace(FusionOp fusion, unsigned result, unsigned operand, Block &block,
                         const StorageRoots &roots) {
  Value value = fusion->getOperand(operand);
  Value root = roots.lookup(value);
  // Another operand with the same bytes might be read at another index.
  return getByteSize(root.getType()) == getByteSize(value.getType()) &&
         llvm::count_if(fusion->getOperands(),
                        [&](Value other) { return roots.lookup(other) == root; }) == 1 &&
         mayOverwrite(root, fusion->getOpResult(result), block) &&
         canOverwrite(fusion, result, operand);
}

namespace {

/// Follows the block from its end: which storages somebody later still reads.
class InPlaceMarker {
public:
  explicit InPlaceMarker(Block &block) : block(block), roots(block) {}

  void run() {
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
  void noteUses(Operation &op) {
    for (Value operand : op.getOperands())
      usedLater.insert(roots.lookup(operand));
  }

  void visit(FusionOp fusion) {
    auto aliases = llvm::to_vector(fusion.getAliases());
    for (OpResult result : fusion.getResults()) {
      int64_t &alias = aliases[result.getResultNumber()];
      for (unsigned i = 0; alias < 0 && i < fusion->getNumOperands(); ++i)
        if (!llvm::is_contained(aliases, static_cast<int64_t>(i)) &&
            !usedLater.contains(roots.lookup(fusion->getOperand(i))) &&
            mayTakePlace(fusion, result.getResultNumber(), i, block, roots))
          alias = i;
    }
    fusion.setAliases(aliases);
  }

  Block &block;
  StorageRoots roots;
  DenseSet<Value> usedLater;
};

} // namespace

void train::markInPlace(Block &block) { InPlaceMarker(block).run(); }
