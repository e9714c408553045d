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

/// The casts of a program that lose nothing: they cost a register. Like a splat constant,
/// such a cast is computed in each kernel that reads it, so that only the narrow value it
/// comes from has bytes.
class FreeCasts {
public:
  explicit FreeCasts(ProgramOpInterface program) {
    program.walk([&](CastOp cast) {
      // Elements of less than a byte have no addresses of their own.
      if (cast.isExact() && cast.getX().getType().getElementTypeBitWidth() >= 8 &&
          llvm::none_of(cast->getUsers(), [&](Operation *user) {
            return mayReadPerRow(user, cast.getY());
          }))
        all.insert(cast);
    });
  }

  /// The op as a free cast, or null. Other ops may have come to stand where an erased
  /// cast was in memory; no cast does, but inside of fusions.
  CastOp lookup(Operation *op) const {
    return all.contains(op) ? dyn_cast<CastOp>(op) : CastOp();
  }
  CastOp lookup(Value value) const { return lookup(value.getDefiningOp()); }

  /// What a kernel reads to have `value`.
  Value getSource(Value value) const {
    while (CastOp cast = lookup(value))
      value = cast.getX();
    return value;
  }

  /// The ops that need `value`, those behind free casts included and the casts not.
  void findReaders(Value value, SmallVectorImpl<Operation *> &readers) const {
    for (Operation *user : value.getUsers()) {
      if (CastOp cast = lookup(user))
        findReaders(cast.getY(), readers);
      else
        readers.push_back(user);
    }
  }

private:
  /// A cast reads row by row, so it is not for values of which there is one per row.
  static bool mayReadPerRow(Operation *user, Value value) {
    auto row = dyn_cast<RowProgramOpInterface>(user);
    return row && row.getRowKind() == RowKind::Row && rows::fitsOneProgram(user) &&
           cast<RankedTensorType>(value.getType()).getRank() !=
               static_cast<int64_t>(rows::getDomain(user).size());
  }

  llvm::SmallDenseSet<Operation *> all;
};

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
  BlockFuser(Block &block, const FreeCasts &free) : block(block), free(free) {}

  void run() {
    int64_t position = 0;
    for (Operation &op : block)
      positions[&op] = position++;
    for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
      auto row = dyn_cast<RowProgramOpInterface>(op);
      if (!row || matchPattern(&op, m_Constant()) || row.getRowKind() == RowKind::Flat ||
          !rows::fitsOneProgram(&op))
        continue;
      if (CastOp cast = free.lookup(&op)) {
        casts.push_back(cast);
        continue;
      }
      place(&op, row.getRowKind() == RowKind::Elementwise);
    }
    for (Group &group : groups)
      if (isWorthIt(group))
        rewrite(group);
    for (CastOp cast : llvm::reverse(casts))
      placeCast(cast);
  }

private:
  void place(Operation *op, bool elementwise) {
    SmallVector<int64_t> domain = rows::getDomain(op);
    bool cheap = isCheapInKernel(op);
    for (Value operand : op->getOperands()) {
      Operation *producer = free.getSource(operand).getDefiningOp();
      auto found = producer ? groupOf.find(producer) : groupOf.end();
      if (found == groupOf.end())
        continue;
      unsigned index = found->second;
      Group &group = groups[index];
      // A value per row would be taken for a row of values, if there are as many.
      bool perRow = llvm::any_of(op->getOperands(), [&](Value other) {
        return groupOf.lookup_or(free.getSource(other).getDefiningOp(), groups.size()) ==
                   index &&
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
    SmallVector<Operation *> readers;
    for (Operation *member : group.ops)
      for (Value result : member->getResults())
        free.findReaders(result, readers);
    for (Operation *user : readers) {
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
          buffers.insert(free.getSource(operand));
      for (Value result : member->getResults())
        buffers.insert(result);
    };
    for (Operation *member : group.ops)
      add(member);
    add(op);
    return buffers.size();
  }

  /// A lone op along rows is a kernel as it stands, unless a splat or a free cast wants
  /// to be part of it. A lone elementwise op becomes a fusion too, because only fusions
  /// can take an operand's place.
  bool isWorthIt(const Group &group) const {
    if (group.ops.size() > 1 || group.elementwise)
      return true;
    return llvm::any_of(group.ops[0]->getOperands(), [&](Value operand) {
      return matchPattern(operand, m_Constant()) || free.lookup(operand);
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
        operand = free.getSource(operand);
        Operation *producer = operand.getDefiningOp();
        if (producer && members.contains(producer))
          continue;
        auto constant = operand.getDefiningOp<ConstantOp>();
        if (constant && constant.getSplatValue())
          constants.insert(constant);
        else
          inputs.insert(operand);
      }
      for (Value result : op->getResults()) {
        SmallVector<Operation *> readers;
        free.findReaders(result, readers);
        if (llvm::any_of(readers,
                         [&](Operation *reader) { return !members.contains(reader); }))
          outputs.push_back(result);
      }
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
    for (Operation *op : group.ops) {
      for (Value operand : op->getOperands())
        cloneFreeCasts(operand, builder, mapping);
      builder.clone(*op, mapping);
    }
    SmallVector<Value> yielded;
    for (Value output : outputs)
      yielded.push_back(mapping.lookup(output));
    YieldOp::create(builder, fusion.getLoc(), yielded);
    for (auto [output, result] : llvm::zip(outputs, fusion.getResults()))
      output.replaceAllUsesWith(result);
    for (Operation *op : llvm::reverse(group.ops)) {
      eraseDeadCasts(op);
      op->erase();
    }
    for (Operation *constant : constants)
      if (constant->use_empty())
        constant->erase();
  }

  /// The free casts between what is mapped already and `value`.
  void cloneFreeCasts(Value value, OpBuilder &builder, IRMapping &mapping) const {
    CastOp cast = free.lookup(value);
    if (!cast || mapping.contains(value))
      return;
    cloneFreeCasts(cast.getX(), builder, mapping);
    builder.clone(*cast, mapping);
  }

  /// Erases the casts of an op's results that are left without readers.
  void eraseDeadCasts(Operation *op) {
    for (Operation *user : llvm::make_early_inc_range(op->getUsers())) {
      CastOp cast = free.lookup(user);
      if (!cast)
        continue;
      eraseDeadCasts(cast);
      if (cast.use_empty()) {
        llvm::erase(casts, cast);
        cast.erase();
      }
    }
  }

  /// What reads a cast and is no kernel of ours gets it as a kernel of its own, right
  /// before it: the wide value lives no longer than that op.
  void placeCast(CastOp cast) {
    SmallVector<Operation *> users(cast->user_begin(), cast->user_end());
    for (Operation *user : users) {
      Operation *reader = block.findAncestorOpInBlock(*user);
      OpBuilder builder(reader);
      Value x = cast.getX();
      auto fusion = FusionOp::create(builder, cast.getLoc(), cast->getResultTypes(), x,
                                     ArrayRef<int64_t>{-1});
      if (Attribute layer = cast->getAttr(kLayerAttr))
        fusion->setAttr(kLayerAttr, layer);
      Block *body = builder.createBlock(&fusion.getBody());
      IRMapping mapping;
      mapping.map(x, body->addArgument(x.getType(), x.getLoc()));
      Operation *clone = builder.clone(*cast, mapping);
      YieldOp::create(builder, cast.getLoc(), clone->getResults());
      user->replaceUsesOfWith(cast.getY(), fusion.getResult(0));
    }
    if (cast.use_empty())
      cast.erase();
  }

  Block &block;
  const FreeCasts &free;
  std::vector<Group> groups;
  SmallVector<CastOp> casts;
  DenseMap<Operation *, unsigned> groupOf;
  DenseMap<Operation *, int64_t> positions;
};

struct Fuse : train::impl::TrainFuseBase<Fuse> {
  using Base::Base;

  void runOnOperation() override {
    for (ProgramOpInterface program : getExecutedPrograms(getOperation())) {
      FreeCasts free(program);
      for (Block *block : getExecutedBlocks(program))
        BlockFuser(*block, free).run();
    }
    setStage(getOperation(), Stage::Fused);
  }
};

} // namespace
