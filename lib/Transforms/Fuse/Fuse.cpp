//===- Fuse.cpp - train-fuse -------------------------------------------------===//
//
// Groups ops that one row program computes, producer by producer, and writes each
// group as a train.fusion. One sweep per block: an op joins the group of one of its
// producers or starts its own.
//
//===----------------------------------------------------------------------===//
#include "../OneKernel.h"
#include "mlir/IR/Matchers.h"
#include "train/Conversion/RowProgram.h"
#include "train/IR/Programs.h"
#include "train/Transforms/Passes.h"

namespace train {
#define GEN_PASS_DEF_TRAINFUSE
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

struct Group {
  SmallVector<Operation *> ops;
  SmallVector<int64_t> domain;
  /// No reductions along rows.
  bool elementwise = true;
  /// Every op is cheap to compute again.
  bool cheap = true;
};

class BlockFuser {
public:
  explicit BlockFuser(Block &block) : block(block) {}

  void run() {
    int64_t position = 0;
    for (Operation &op : block)
      positions[&op] = position++;
    for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
      auto row = dyn_cast<RowProgramOpInterface>(op);
      if (!row || matchPattern(&op, m_Constant()) || row.getRowKind() == RowKind::Flat ||
          !rows::fitsOneProgram(&op))
        continue;
      place(&op, row.getRowKind() == RowKind::Elementwise);
    }
    for (Group &group : groups)
      if (isWorthIt(group))
        rewrite(group);
  }

private:
  void place(Operation *op, bool elementwise) {
    SmallVector<int64_t> domain = rows::getDomain(op);
    bool cheap = isCheapInKernel(op);
    for (Value operand : op->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      auto found = producer ? groupOf.find(producer) : groupOf.end();
      if (found == groupOf.end())
        continue;
      unsigned index = found->second;
      Group &group = groups[index];
      // A value per row would be taken for a row of values, if there are as many.
      bool perRow = llvm::any_of(op->getOperands(), [&](Value other) {
        return groupOf.lookup_or(other.getDefiningOp(), groups.size()) == index &&
               cast<RankedTensorType>(other.getType()).getRank() !=
                   static_cast<int64_t>(domain.size());
      });
      // What a reduction reads is computed once per walk over the row, so it has to be
      // cheap.
      if (group.domain != domain || perRow || (!elementwise && !group.cheap) ||
          !canMoveDown(group, index, op) || countBuffers(group, op) > kMaxKernelBuffers)
        continue;
      group.ops.push_back(op);
      group.elementwise &= elementwise;
      group.cheap &= cheap;
      groupOf[op] = index;
      return;
    }
    groupOf[op] = groups.size();
    groups.push_back({{op}, domain, elementwise, cheap});
  }

  /// Whether the group can run where `op` stands: nobody before `op` reads what it
  /// computes.
  bool canMoveDown(const Group &group, unsigned index, Operation *op) {
    int64_t end = positions.lookup(op);
    for (Operation *member : group.ops)
      for (Operation *user : member->getUsers()) {
        Operation *ancestor = block.findAncestorOpInBlock(*user);
        auto found = groupOf.find(ancestor);
        bool inside = found != groupOf.end() && found->second == index;
        if (!inside && ancestor != op && positions.lookup(ancestor) < end)
          return false;
      }
    // And the other way: an operand of `op` must not depend on the group through a third
    // op. Such an op stands between and reads the group, which the loop above has
    // refused.
    return true;
  }

  size_t countBuffers(const Group &group, Operation *op) {
    llvm::SmallDenseSet<Value> buffers;
    auto add = [&](Operation *member) {
      for (Value operand : member->getOperands())
        if (!matchPattern(operand, m_Constant()))
          buffers.insert(operand);
      for (Value result : member->getResults())
        buffers.insert(result);
    };
    for (Operation *member : group.ops)
      add(member);
    add(op);
    return buffers.size();
  }

  /// A lone op along rows is a kernel as it stands, unless a splat wants to be part of
  /// it. A lone elementwise op becomes a fusion too, because only fusions can take an
  /// operand's place.
  static bool isWorthIt(const Group &group) {
    if (group.ops.size() > 1 || group.elementwise)
      return true;
    return llvm::any_of(group.ops[0]->getOperands(), [](Value operand) {
      return matchPattern(operand, m_Constant());
    });
  }

  void rewrite(Group &group) {
    llvm::SmallDenseSet<Operation *> members(group.ops.begin(), group.ops.end());
    llvm::SetVector<Value> inputs;
    SmallVector<Value> outputs;
    llvm::SetVector<Operation *> constants;
    SmallVector<Location> locations;
    for (Operation *op : group.ops) {
      locations.push_back(op->getLoc());
      for (Value operand : op->getOperands()) {
        Operation *producer = operand.getDefiningOp();
        if (producer && members.contains(producer))
          continue;
        auto constant = operand.getDefiningOp<ConstantOp>();
        if (constant && constant.getSplatValue())
          constants.insert(constant);
        else
          inputs.insert(operand);
      }
      for (Value result : op->getResults())
        if (llvm::any_of(result.getUsers(),
                         [&](Operation *user) { return !members.contains(user); }))
          outputs.push_back(result);
    }
    OpBuilder builder(group.ops.back());
    SmallVector<int64_t> aliases(outputs.size(), -1);
    auto fusion =
        FusionOp::create(builder, builder.getFusedLoc(locations),
                         ValueRange(outputs).getTypes(), inputs.getArrayRef(), aliases);
    if (Attribute layer = group.ops.back()->getAttr(kLayerAttr))
      fusion->setAttr(kLayerAttr, layer);
    Block *body = builder.createBlock(&fusion.getBody());
    IRMapping mapping;
    for (Value input : inputs)
      mapping.map(input, body->addArgument(input.getType(), input.getLoc()));
    for (Operation *constant : constants)
      builder.clone(*constant, mapping);
    for (Operation *op : group.ops)
      builder.clone(*op, mapping);
    SmallVector<Value> yielded;
    for (Value output : outputs)
      yielded.push_back(mapping.lookup(output));
    YieldOp::create(builder, fusion.getLoc(), yielded);
    for (auto [output, result] : llvm::zip(outputs, fusion.getResults()))
      output.replaceAllUsesWith(result);
    for (Operation *op : llvm::reverse(group.ops))
      op->erase();
    for (Operation *constant : constants)
      if (constant->use_empty())
        constant->erase();
  }

  Block &block;
  std::vector<Group> groups;
  DenseMap<Operation *, unsigned> groupOf;
  DenseMap<Operation *, int64_t> positions;
};

struct Fuse : train::impl::TrainFuseBase<Fuse> {
  using Base::Base;

  void runOnOperation() override {
    for (ProgramOpInterface program : getExecutedPrograms(getOperation()))
      for (Block *block : getExecutedBlocks(program))
        BlockFuser(*block).run();
    setStage(getOperation(), Stage::Fused);
  }
};

} // namespace
