//===- Recompute.cpp - clones at their place ---------------------------------===//
//
// Sinking first, which changes kernels and no order; then one walk down the block. For
// each original value it knows the newest one that holds the same bits.
//
//===----------------------------------------------------------------------===//
#include "Recompute.h"
#include "Encoding.h"
#include "FlatBody.h"
#include "OneKernel.h"
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

/// The first reason for not executing entry's op again before op `end`, or nothing.
static std::string findObstacle(ArrayRef<Operation *> ops, RecomputeAttr entry,
                                int64_t end) {
  Operation *original = ops[entry.getOp()];
  if (entry.getOp() >= end)
    return "is not computed yet";
  if (!original)
    return "nobody reads any more, because all who did compute it themselves";
  if (isa<WriteOp, ReadOp, RandomKeyOp, MicrobatchOp>(original) ||
      matchPattern(original, m_Constant()))
    return "can't be executed again";
  auto recomputable = dyn_cast<RecomputableOpInterface>(original);
  if (recomputable && !recomputable.isDeterministic())
    return "does not compute the same bits again";
  for (OpResult result : original->getResults())
    if (getResultStorage(result).kind == ResultStorage::Kind::MustAlias)
      return "overwrites its operand";
  if (!entry.getResults())
    return "";
  if (!isa<FusionOp, ResidualFormOpInterface>(original))
    return "is no fusion, so that all its results are computed together";
  DenseSet<int64_t> seen;
  for (DenseI64ArrayAttr list : {entry.getResults(), entry.getFrom()})
    for (int64_t number : list ? list.asArrayRef() : ArrayRef<int64_t>())
      if (number < 0 || number >= original->getNumResults() ||
          !seen.insert(number).second)
        return ("has results 0 to " + Twine(original->getNumResults() - 1) +
                ", each named once, not " + Twine(number))
            .str();
  if (!isa<FusionOp>(original) && entry.getResults().asArrayRef() != ArrayRef<int64_t>(0))
    return "computes nothing but its result 0 from its other results";
  return "";
}

Operation *train::executeAgain(OpBuilder &builder, ArrayRef<Operation *> ops,
                               RecomputeAttr entry, int64_t end,
                               function_ref<Value(Value)> map,
                               function_ref<void(Value, Value)> bind, Refusal &refusal) {
  auto refuse = [&](std::string what) {
    refusal = {entry.getOp(), std::move(what)};
    return nullptr;
  };
  if (std::string obstacle = findObstacle(ops, entry, end); !obstacle.empty())
    return refuse(obstacle);

  // What is sunk stands before the clone until both are one kernel.
  SmallVector<Operation *> producers;
  auto eraseProducers = [&] {
    for (Operation *producer : llvm::reverse(producers))
      producer->erase();
  };
  DenseMap<Value, Value> sunk;
  auto mapAll = [&](Value value) {
    Value inside = sunk.lookup(value);
    return inside ? inside : map(value);
  };
  if (entry.getSink())
    for (Attribute inner : entry.getSink()) {
      auto list = dyn_cast<RecomputeAttr>(inner);
      Operation *producer = nullptr;
      if (list && list.getOp() >= 0 && list.getOp() < entry.getOp())
        producer = executeAgain(
            builder, ops, list, entry.getOp(), map,
            [&](Value old, Value fresh) { sunk[old] = fresh; }, refusal);
      else
        refuse("is to sink what is no #train.recompute of an op before it");
      if (!producer) {
        eraseProducers();
        return nullptr;
      }
      producers.push_back(producer);
    }

  Operation *original = ops[entry.getOp()], *clone = nullptr;
  SmallVector<Value> old;
  if (!entry.getResults()) {
    IRMapping mapping;
    for (Value operand : original->getOperands())
      mapping.map(operand, mapAll(operand));
    clone = builder.clone(*original, mapping);
    old.assign(original->result_begin(), original->result_end());
  } else {
    ArrayRef<int64_t> from;
    if (entry.getFrom())
      from = entry.getFrom().asArrayRef();
    for (int64_t number : entry.getResults().asArrayRef())
      old.push_back(original->getResult(number));
    if (auto fusion = dyn_cast<FusionOp>(original)) {
      clone =
          cloneResults(builder, fusion, entry.getResults().asArrayRef(), from, mapAll);
    } else {
      clone = cast<ResidualFormOpInterface>(original).buildResidualForm(builder);
      clone->setDiscardableAttrs(original->getDiscardableAttrDictionary());
      for (OpOperand &operand : clone->getOpOperands())
        operand.set(mapAll(operand.get()));
    }
  }
  // The plan of the original is not the clone's.
  for (StringRef attribute : {kRecomputeBeforeAttr, kSinkAttr, kCompressAttr})
    clone->removeAttr(attribute);
  while (!producers.empty()) {
    Operation *producer = producers.back();
    if (producer->use_empty() || !canShareKernel(producer, clone)) {
      bool unread = producer->use_empty();
      clone->erase();
      eraseProducers();
      return refuse(unread ? "does not read what it is to sink"
                           : "can't compute what it is to sink in one kernel");
    }
    clone = mergeIntoConsumer(producer, clone);
    producers.pop_back();
  }
  for (auto [before, after] : llvm::zip_equal(old, clone->getResults()))
    bind(before, after);
  return clone;
}

/// The entries of a plan on `op`; nothing after a diagnostic.
static std::optional<SmallVector<RecomputeAttr>> takePlan(Operation *op, StringRef name,
                                                          int64_t numOps) {
  SmallVector<RecomputeAttr> entries;
  Attribute plan = op->removeAttr(name);
  if (!plan)
    return entries;
  auto complain = [&](Attribute got) {
    op->emitOpError("attribute '")
        << name << "' must be an array of #train.recompute, got " << got;
    return std::nullopt;
  };
  auto list = dyn_cast<ArrayAttr>(plan);
  if (!list)
    return complain(plan);
  for (Attribute attribute : list) {
    auto entry = dyn_cast<RecomputeAttr>(attribute);
    if (!entry)
      return complain(attribute);
    int64_t last = numOps - 1;
    if (entry.getOp() < 0 || entry.getOp() >= last) {
      op->emitOpError("is to recompute op ")
          << entry.getOp() << ", the block has ops 0 to " << last - 1
          << " before its terminator";
      return std::nullopt;
    }
    entries.push_back(entry);
  }
  return entries;
}

static LogicalResult report(Operation *op, const Refusal &refusal,
                            ArrayRef<Operation *> ops) {
  InFlightDiagnostic diagnostic = op->emitOpError("is to recompute op ")
                                  << refusal.op << ", which " << refusal.what;
  if (Operation *original = ops[refusal.op])
    diagnostic.attachNote(original->getLoc()) << "this op";
  return diagnostic;
}

/// Leaves out of op `number` what nobody reads, if some of that is in `sunk`.
static void dropUnread(NumberedOps &ops, int64_t number, ArrayRef<bool> sunk) {
  auto fusion = dyn_cast<FusionOp>(ops[number]);
  SmallVector<int64_t> left;
  for (OpResult result : ops[number]->getResults())
    if (!sunk[result.getResultNumber()] || !result.use_empty())
      left.push_back(result.getResultNumber());
  if (!fusion || left.empty() || left.size() == fusion->getNumResults())
    return;
  OpBuilder builder(fusion);
  FusionOp rest =
      cloneResults(builder, fusion, left, {}, [](Value value) { return value; });
  for (auto [number, result] : llvm::zip_equal(left, rest.getResults()))
    fusion.getResult(number).replaceAllUsesWith(result);
  fusion->erase();
  ops[number] = rest;
}

FailureOr<NumberedOps> train::applySinking(Block &block) {
  NumberedOps ops;
  for (Operation &op : block)
    ops.push_back(&op);
  // By op, which results somebody computes himself now.
  llvm::MapVector<int64_t, SmallVector<bool>> sunk;
  for (int64_t number = 0, e = ops.size(); number < e; ++number) {
    std::optional<SmallVector<RecomputeAttr>> entries =
        takePlan(ops[number], kSinkAttr, e);
    if (!entries)
      return failure();
    for (RecomputeAttr entry : *entries) {
      Operation *op = ops[number];
      OpBuilder builder(op);
      SmallVector<std::pair<Value, Value>> results;
      Refusal refusal;
      Operation *inner = executeAgain(
          builder, ops, entry, number, [](Value value) { return value; },
          [&](Value old, Value fresh) { results.push_back({old, fresh}); }, refusal);
      if (!inner)
        return report(op, refusal, ops);
      for (auto [old, fresh] : results)
        op->replaceUsesOfWith(old, fresh);
      bool isRead = !inner->use_empty();
      if (!isRead || !canShareKernel(inner, op)) {
        refusal = {entry.getOp(), isRead ? "this op can't compute in its own kernel"
                                         : "this op does not read"};
        return report(op, refusal, ops);
      }
      auto before = op->getAttrOfType<IntegerAttr>(kSunkAttr);
      ops[number] = mergeIntoConsumer(inner, op);
      ops[number]->setAttr(kSunkAttr,
                           builder.getI64IntegerAttr((before ? before.getInt() : 0) + 1));
      ops[number]->getRegion(0).walk([](Operation *member) {
        for (StringRef name : {kRecomputeBeforeAttr, kSinkAttr, kSunkAttr, kCompressAttr})
          member->removeAttr(name);
      });
      for (auto [old, fresh] : results) {
        SmallVector<bool> &flags = sunk[entry.getOp()];
        flags.resize(ops[entry.getOp()]->getNumResults());
        flags[cast<OpResult>(old).getResultNumber()] = true;
      }
    }
  }
  if (sunk.empty())
    return ops;
  for (auto &[number, flags] : sunk)
    dropUnread(ops, number, flags);
  for (Operation *&op : llvm::reverse(MutableArrayRef(ops).drop_back()))
    if (op->use_empty() && isMemoryEffectFree(op)) {
      op->erase();
      op = nullptr;
    }
  return ops;
}

namespace {

class Recomputer {
public:
  Recomputer(Block &block, NumberedOps ops) : block(block), ops(std::move(ops)) {}

  LogicalResult run() {
    for (auto [number, op] : llvm::enumerate(ops)) {
      if (!op)
        continue;
      if (failed(recomputeBefore(number)))
        return failure();
      redirect(op);
    }
    for (Operation *op : ops)
      if (op)
        op->removeAttr(kCompressAttr);
    if (clones)
      eraseDeadOps(block);
    return success();
  }

private:
  LogicalResult recomputeBefore(int64_t number) {
    Operation *op = ops[number];
    std::optional<SmallVector<RecomputeAttr>> entries =
        takePlan(op, kRecomputeBeforeAttr, ops.size());
    if (!entries)
      return failure();
    OpBuilder builder(op);
    for (RecomputeAttr entry : *entries) {
      Refusal refusal;
      if (isCopyOfItself(entry)) {
        if (!decode(builder, entry, number, refusal))
          return report(op, refusal, ops);
        continue;
      }
      Operation *clone = executeAgain(
          builder, ops, entry, number,
          [&](Value value) { return getNewest(value, builder); },
          [&](Value old, Value fresh) { bind(old, fresh); }, refusal);
      if (!clone)
        return report(op, refusal, ops);
      clone->setAttr(kCloneAttr, builder.getI64IntegerAttr(++clones));
    }
    return success();
  }

  /// Makes what a copy stands for, and the copy if there is none yet.
  bool decode(OpBuilder &builder, RecomputeAttr entry, int64_t end, Refusal &refusal) {
    auto refuse = [&](std::string what) {
      refusal = {entry.getOp(), std::move(what)};
      return false;
    };
    Operation *original = ops[entry.getOp()];
    if (!original || entry.getOp() >= end)
      return refuse("is not computed yet");
    ArrayRef<int64_t> results = entry.getResults().asArrayRef();
    if (results.size() != 1 || results[0] < 0 || results[0] >= original->getNumResults())
      return refuse("has no single result of that number to copy");
    OpResult result = original->getResult(results[0]);
    auto type = cast<RankedTensorType>(result.getType());
    auto attribute = original->getAttrOfType<TypeAttr>(kCompressAttr);
    auto narrow = attribute ? dyn_cast<FloatType>(attribute.getValue()) : FloatType();
    if (!narrow)
      return refuse("names no float type in 'train.compress_to'");
    std::optional<Encoding> encoding = Encoding::get(type, narrow);
    if (!encoding) {
      std::string what;
      llvm::raw_string_ostream(what)
          << "has a result of " << type
          << ", of which there is no smaller copy with elements of " << narrow;
      return refuse(std::move(what));
    }
    SmallVector<Operation *> made;
    auto mark = [&] {
      Attribute layer = original->getAttr(kLayerAttr);
      for (Operation *op : made) {
        int64_t bytes = op == made.back() ? getByteSize(type) : 0;
        op->setAttr(kEncodedAttr, builder.getI64IntegerAttr(bytes));
        if (layer)
          op->setAttr(kLayerAttr, layer);
      }
    };
    Copy &copy = copies[result];
    if (!copy.last) {
      // In the order of results, behind the copies of the ones before.
      Operation *last = original;
      for (OpResult earlier : original->getResults().take_front(results[0]))
        if (Operation *known = copies.lookup(earlier).last)
          last = known;
      OpBuilder behind(original->getContext());
      behind.setInsertionPointAfter(last);
      copy.parts = encoding->encode(behind, result, made);
      copy.last = made.back();
      mark();
      made.clear();
    }
    Value whole = encoding->decode(builder, original->getLoc(), copy.parts, made);
    mark();
    for (Operation *op : made)
      op->setAttr(kCloneAttr, builder.getI64IntegerAttr(++clones));
    bind(result, whole);
    return true;
  }

  void bind(Value old, Value fresh) {
    current[old] = fresh;
    origins[fresh] = old;
  }

  /// The newest value with the bits of `value`; a view is made anew if what it shows was.
  Value getNewest(Value value, OpBuilder &builder) {
    // An op that is executed again has read what was the newest at its first time.
    value = origins.lookup_or(value, value);
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
    bind(value, clone->getResult(result.getResultNumber()));
    return current[value];
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
  NumberedOps ops;
  DenseMap<Value, Value> current;
  /// By value of a clone, the original.
  DenseMap<Value, Value> origins;
  /// What holds a result in fewer bits, and the last op that makes it; null for none.
  struct Copy {
    SmallVector<Value, 3> parts;
    Operation *last = nullptr;
  };
  DenseMap<Value, Copy> copies;
  int64_t clones = 0;
};

} // namespace

LogicalResult train::applyRecomputation(Block &block) {
  bool isPlanned = llvm::any_of(block, [](Operation &op) {
    return op.hasAttr(kRecomputeBeforeAttr) || op.hasAttr(kSinkAttr);
  });
  if (!isPlanned)
    return success();
  FailureOr<NumberedOps> ops = applySinking(block);
  if (failed(ops))
    return failure();
  return Recomputer(block, std::move(*ops)).run();
}
