//===- Recompute.cpp - clones at their place ---------------------------------===//
//
// One walk down the block. For each original value it knows the newest one that holds
// the same bits.
//
//===----------------------------------------------------------------------===//
#include "Recompute.h"
#include "FlatBody.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace train;

FusionOp train::cloneResults(OpBuilder &builder, FusionOp fusion,
                             ArrayRef<int64_t> results, ArrayRef<int64_t> from,
                             function_ref<Value(Value)> map) {
  Block &body = fusion.getBody().front();
  Operation *yield = body.getTerminator();
  // What the results need, back to what is read.
  DenseMap<Value, int64_t> read;
  for (int64_t sibling : from)
    read[yield->getOperand(sibling)] = sibling;
  DenseSet<Operation *> needed;
  SmallVector<Value> open;
  auto need = [&](Value value) {
    if (!read.count(value))
      open.push_back(value);
  };
  for (int64_t result : results)
    open.push_back(yield->getOperand(result));
  while (!open.empty()) {
    Operation *op = open.pop_back_val().getDefiningOp();
    if (op && needed.insert(op).second)
      for (Value operand : op->getOperands())
        need(operand);
  }

  // In the order of the body, so that equal clones of equal fusions are equal.
  SmallVector<Value> outer, inner;
  DenseSet<Value> known;
  auto take = [&](Value value) {
    if (auto sibling = read.find(value); sibling != read.end()) {
      if (known.insert(value).second) {
        outer.push_back(map(fusion.getResult(sibling->second)));
        inner.push_back(value);
      }
    } else if (auto argument = dyn_cast<BlockArgument>(value)) {
      if (known.insert(value).second) {
        outer.push_back(map(fusion->getOperand(argument.getArgNumber())));
        inner.push_back(value);
      }
    }
  };
  for (Operation &op : body.without_terminator())
    if (needed.contains(&op))
      for (Value operand : op.getOperands())
        take(operand);
  SmallVector<Type> types;
  for (int64_t result : results) {
    if (isa<BlockArgument>(yield->getOperand(result)))
      take(yield->getOperand(result));
    types.push_back(fusion.getResult(result).getType());
  }

  auto clone = FusionOp::create(builder, fusion.getLoc(), types, outer,
                                SmallVector<int64_t>(results.size(), -1));
  clone->setDiscardableAttrs(fusion->getDiscardableAttrDictionary());
  OpBuilder::InsertionGuard guard(builder);
  Block *block = builder.createBlock(&clone.getBody());
  IRMapping mapping;
  for (Value value : inner)
    mapping.map(value, block->addArgument(value.getType(), value.getLoc()));
  for (Operation &op : body.without_terminator())
    if (needed.contains(&op))
      builder.clone(op, mapping);
  SmallVector<Value> yielded;
  for (int64_t result : results)
    yielded.push_back(mapping.lookup(yield->getOperand(result)));
  YieldOp::create(builder, yield->getLoc(), yielded);
  return clone;
}

namespace {

class Recomputer {
public:
  explicit Recomputer(Block &block) : block(block) {
    for (Operation &op : block)
      ops.push_back(&op);
  }

  LogicalResult run() {
    for (Operation *op : ops) {
      if (failed(recomputeBefore(op)))
        return failure();
      redirect(op);
      reached.insert(op);
    }
    if (clones)
      eraseDeadOps(block);
    return success();
  }

private:
  LogicalResult recomputeBefore(Operation *op) {
    auto plan = op->getAttr(kRecomputeBeforeAttr);
    if (!plan)
      return success();
    op->removeAttr(kRecomputeBeforeAttr);
    auto entries = dyn_cast<ArrayAttr>(plan);
    if (!entries)
      return op->emitOpError("attribute '")
             << kRecomputeBeforeAttr << "' must be an array of #train.recompute, got "
             << plan;
    OpBuilder builder(op);
    for (Attribute attribute : entries) {
      auto entry = dyn_cast<RecomputeAttr>(attribute);
      if (!entry)
        return op->emitOpError("attribute '")
               << kRecomputeBeforeAttr << "' must be an array of #train.recompute, got "
               << attribute;
      if (failed(recompute(op, entry, builder)))
        return failure();
    }
    return success();
  }

  LogicalResult recompute(Operation *op, RecomputeAttr entry, OpBuilder &builder) {
    int64_t last = static_cast<int64_t>(ops.size()) - 1;
    if (entry.getOp() < 0 || entry.getOp() >= last)
      return op->emitOpError("is to recompute op ")
             << entry.getOp() << ", the block has ops 0 to " << last - 1
             << " before its terminator";
    Operation *original = ops[entry.getOp()];
    auto refuse = [&](const Twine &what) {
      InFlightDiagnostic diagnostic = op->emitOpError("is to recompute op ")
                                      << entry.getOp() << ", which " << what;
      diagnostic.attachNote(original->getLoc()) << "this op";
      return diagnostic;
    };
    if (!reached.contains(original))
      return refuse("is not computed yet");
    if (isa<WriteOp, ReadOp, RandomKeyOp, MicrobatchOp>(original) ||
        matchPattern(original, m_Constant()))
      return refuse("can't be executed again");
    auto recomputable = dyn_cast<RecomputableOpInterface>(original);
    if (recomputable && !recomputable.isDeterministic())
      return refuse("does not compute the same bits again");
    for (OpResult result : original->getResults())
      if (getResultStorage(result).kind == ResultStorage::Kind::MustAlias)
        return refuse("overwrites its operand");

    ArrayRef<int64_t> results, from;
    if (entry.getResults())
      results = entry.getResults().asArrayRef();
    if (entry.getFrom())
      from = entry.getFrom().asArrayRef();
    Operation *clone = nullptr;
    auto newest = [&](Value value) { return getNewest(value, builder); };
    if (!entry.getResults()) {
      IRMapping mapping;
      for (Value operand : original->getOperands())
        mapping.map(operand, newest(operand));
      clone = builder.clone(*original, mapping);
      for (auto [old, fresh] : llvm::zip(original->getResults(), clone->getResults()))
        current[old] = fresh;
    } else {
      auto fusion = dyn_cast<FusionOp>(original);
      if (!fusion)
        return refuse("is no fusion, so that all its results are computed together");
      DenseSet<int64_t> seen;
      for (int64_t number : llvm::concat<const int64_t>(results, from))
        if (number < 0 || number >= fusion->getNumResults() ||
            !seen.insert(number).second)
          return refuse("has results 0 to " + Twine(fusion->getNumResults() - 1) +
                        ", each named once, not " + Twine(number));
      clone = cloneResults(builder, fusion, results, from, newest);
      for (auto [number, fresh] : llvm::zip(results, clone->getResults()))
        current[fusion.getResult(number)] = fresh;
    }
    clone->setAttr(kCloneAttr, builder.getI64IntegerAttr(++clones));
    return success();
  }

  /// The newest value with the bits of `value`; a view is made anew if what it shows was.
  Value getNewest(Value value, OpBuilder &builder) {
    auto result = dyn_cast<OpResult>(value);
    if (!result || result.getOwner()->getBlock() != &block)
      return value;
    ResultStorage storage = getResultStorage(result);
    Value known = current.lookup_or(value, value);
    if (storage.kind != ResultStorage::Kind::View)
      return known;
    Operation *view = result.getOwner();
    Value shown = view->getOperand(storage.operand);
    Value newest = getNewest(shown, builder);
    if (known.getDefiningOp()->getOperand(storage.operand) == newest)
      return known;
    IRMapping mapping;
    mapping.map(shown, newest);
    Operation *clone = builder.clone(*view, mapping);
    clone->setAttr(kCloneAttr, builder.getI64IntegerAttr(++clones));
    return current[value] = clone->getResult(result.getResultNumber());
  }

  /// Lets `op`, regions included, read the newest values.
  void redirect(Operation *op) {
    if (!clones)
      return;
    // A view stays what it is: who reads it finds the newest itself.
    bool isView = op->getNumResults() && llvm::all_of(op->getResults(), [](OpResult r) {
                    return getResultStorage(r).kind == ResultStorage::Kind::View;
                  });
    if (isView)
      return;
    OpBuilder builder(op);
    auto visit = [&](Operation *user) {
      for (OpOperand &operand : user->getOpOperands())
        operand.set(getNewest(operand.get(), builder));
    };
    visit(op);
    if (op->getNumRegions() && !op->hasTrait<OpTrait::IsIsolatedFromAbove>())
      for (Region &region : op->getRegions())
        region.walk(visit);
  }

  Block &block;
  SmallVector<Operation *> ops;
  DenseSet<Operation *> reached;
  DenseMap<Value, Value> current;
  int64_t clones = 0;
};

} // namespace

LogicalResult train::applyRecomputation(Block &block) {
  bool isPlanned =
      llvm::any_of(block, [](Operation &op) { return op.hasAttr(kRecomputeBeforeAttr); });
  return isPlanned ? Recomputer(block).run() : success();
}
