//===- TimelineBuilder.cpp - one walk from ops to storages ------------------===//
//
// Visits ops in the order of issue. Linear: each use is looked at once.
//
//===----------------------------------------------------------------------===//
#include "TimelineBuilder.h"
#include "mlir/IR/Matchers.h"
#include "train/Analysis/OpText.h"

using namespace mlir;
using namespace train;

namespace {

/// Whether a splat needs bytes: only what kernels and loops contain is free.
bool splatNeedsStorage(Operation &constant) {
  return llvm::any_of(constant.getUses(), [](OpOperand &use) {
    auto loop = dyn_cast<MicrobatchOp>(use.getOwner());
    return !loop || use.getOperandNumber() < loop.getStreams().size();
  });
}

bool feedsOnlyStreams(Value input) {
  return !input.use_empty() && llvm::all_of(input.getUses(), [](OpOperand &use) {
    auto loop = dyn_cast<MicrobatchOp>(use.getOwner());
    return loop && use.getOperandNumber() < loop.getStreams().size();
  });
}

/// A fusion may be of dozens of ops; its first ones tell which it is.
std::string shorten(std::string name) {
  constexpr size_t most = 40;
  if (name.size() > most)
    name.replace(most - 3, std::string::npos, "...");
  return name;
}

std::string getStorageName(OpResult result, int64_t position) {
  Operation *op = result.getOwner();
  std::string name;
  if (auto layer = op->getAttrOfType<StringAttr>(kLayerAttr))
    name = (layer.getValue() + "/").str();
  name += shorten(getOpText(op));
  name += "@" + std::to_string(position);
  if (op->getNumResults() > 1)
    name += "#" + std::to_string(result.getResultNumber());
  return name;
}

} // namespace

LogicalResult TimelineBuilder::run() {
  defineInputs();
  if (failed(visitBlock(*program.getBodyBlock())) || failed(checkSymbolsWritten()))
    return failure();
  finish();
  return success();
}

void TimelineBuilder::defineInputs() {
  Block *body = program.getBodyBlock();
  for (BlockArgument input : body->getArguments()) {
    if (feedsOnlyStreams(input))
      continue;
    bind(input,
         allocate(program.getInputName(input.getArgNumber()).str(), input.getLoc(),
                  Category::Inputs, getByteSize(input.getType()), body, input, nullptr));
  }
}

LogicalResult TimelineBuilder::visitBlock(Block &block) {
  for (Operation &op : block) {
    timeline.positions[&op] = ++position;
    opAt.push_back(&op);
    if (failed(visitOp(op)))
      return failure();
  }
  return success();
}

LogicalResult TimelineBuilder::visitOp(Operation &op) {
  if (auto loop = dyn_cast<MicrobatchOp>(op))
    return visitLoop(loop);
  // The loop itself reads what its body yields.
  if (isa<YieldOp>(op))
    return success();
  if (op.getNumRegions() && !isa<FusionOp>(op))
    return op.emitOpError("has to be inlined before memory can be accounted for");
  for (Value operand : op.getOperands())
    if (failed(use(operand, &op)))
      return failure();
  if (auto write = dyn_cast<WriteOp>(op))
    return visitWrite(write);
  for (OpResult result : op.getResults())
    if (failed(defineResult(result)))
      return failure();
  addWorkspace(op);
  return success();
}

LogicalResult TimelineBuilder::defineResult(OpResult result) {
  Operation *op = result.getOwner();
  if (auto read = dyn_cast<ReadOp>(op)) {
    bind(result, {true, persistent.lookupSymbol(read.getSymbolAttr().getAttr()), 0});
    return success();
  }
  if (isa<RandomKeyOp>(op)) {
    bind(result, {true, *persistent.getRandomKey(), 0});
    return success();
  }
  if (Attribute literal = getLiteral(op)) {
    bind(result, {true, persistent.lookupLiteral(literal), 0});
    return success();
  }
  if (matchPattern(op, m_Constant()) && !splatNeedsStorage(*op))
    return success();

  ResultStorage storage = getResultStorage(result);
  if (storage.kind == ResultStorage::Kind::MustAlias)
    return overwrite(result, storage.operand);
  if (storage.kind == ResultStorage::Kind::View) {
    Place place = timeline.places.at(op->getOperand(storage.operand));
    place.byteOffset += storage.byteOffset;
    bind(result, place);
    return success();
  }
  bind(result,
       allocate(getStorageName(result, position), op->getLoc(), Category::Activations,
                getByteSize(result.getType()), op->getBlock(), result, op));
  return success();
}

LogicalResult TimelineBuilder::overwrite(OpResult result, unsigned operand) {
  Operation *op = result.getOwner();
  Value target = op->getOperand(operand);
  Place place = timeline.places.at(target);
  Contents &overwritten = contents(place);
  Block *owner = place.persistent ? program.getBodyBlock() : overwritten.owner;
  if (owner != op->getBlock() && overwritten.carriedBy != op->getBlock())
    return op->emitOpError("overwrites a value from outside of the loop, which the next "
                           "micro-batch reads");
  if (place.persistent) {
    const Storage &storage = persistent.getStorages()[place.storage];
    if (!isa<ParamOp, StateOp>(storage.op))
      return op->emitOpError("overwrites ") << storage.name << ", which is constant";
    // A gradient is what meets its parameter in the op that updates it.
    if (storage.category == Category::Parameters)
      for (Value other : op->getOperands()) {
        std::optional<Place> source = timeline.lookup(other);
        if (!source || source->persistent ||
            getByteSize(other.getType()) != getByteSize(target.getType()))
          continue;
        Storage &gradient = timeline.storages[source->storage];
        gradient.category = Category::Gradients;
        gradient.name = "grad:" + storage.name;
      }
  }
  ++overwritten.version;
  overwritten.overwriter = op;
  bind(result, place);
  return success();
}

LogicalResult TimelineBuilder::visitWrite(WriteOp write) {
  Place symbol{true, persistent.lookupSymbol(write.getSymbolAttr().getAttr()), 0};
  Contents &target = contents(symbol);
  target.writer = write;
  std::optional<Place> source = timeline.lookup(write.getValue());
  if (!source || *source != symbol) {
    ++target.version;
    target.overwriter = write;
  }
  return success();
}

LogicalResult TimelineBuilder::checkSymbolsWritten() {
  for (auto [storage, symbol] : llvm::zip_equal(persistent.getStorages(), symbolContents))
    if (symbol.overwriter && !symbol.writer)
      return symbol.overwriter->emitOpError("overwrites @")
             << storage.name << ", which the program does not write";
  return success();
}

void TimelineBuilder::addWorkspace(Operation &op) {
  int64_t bytes = getWorkspaceBytes(&op, threads);
  if (bytes == 0)
    return;
  std::string name =
      "workspace:" + shorten(getOpText(&op)) + "@" + std::to_string(position);
  Place place = allocate(std::move(name), op.getLoc(), Category::Workspace, bytes,
                         op.getBlock(), Value(), &op);
  timeline.workspaces[&op] = place.storage;
}

Place TimelineBuilder::placeAccumulator(MicrobatchOp loop, unsigned index) {
  Value init = loop.getInits()[index];
  int64_t bytes = getByteSize(init.getType());
  std::optional<Place> place = timeline.lookup(init);
  if (place && !place->persistent && place->byteOffset == 0 && init.hasOneUse() &&
      timeline.storages[place->storage].value == init &&
      !(init.getDefiningOp() && matchPattern(init.getDefiningOp(), m_Constant())))
    return *place;
  return allocate("accumulator@" + std::to_string(position) + "#" + std::to_string(index),
                  loop.getLoc(), Category::Activations, bytes, loop->getBlock(),
                  loop.getResult(index), loop);
}

LogicalResult TimelineBuilder::visitLoop(MicrobatchOp loop) {
  Block &body = loop.getBody().front();
  unsigned numStreams = loop.getStreams().size();
  for (auto [stream, argument] : llvm::zip(loop.getStreams(), body.getArguments())) {
    if (timeline.lookup(stream))
      return loop.emitOpError(
          "streams must be inputs of the program that are used nowhere else");
    std::string name = "stream." + std::to_string(argument.getArgNumber());
    if (auto input = dyn_cast<BlockArgument>(stream))
      name = program.getInputName(input.getArgNumber()).str();
    bind(argument, allocate(std::move(name), argument.getLoc(), Category::Inputs,
                            getByteSize(argument.getType()), &body, argument, nullptr));
  }
  for (Value init : loop.getInits())
    if (failed(use(init, loop)))
      return failure();
  SmallVector<Place> accumulators;
  for (unsigned i = 0, e = loop.getInits().size(); i != e; ++i) {
    accumulators.push_back(placeAccumulator(loop, i));
    // The loop overwrites it, so nobody may read the init through it any more.
    Contents &accumulator = contents(accumulators.back());
    ++accumulator.version;
    accumulator.overwriter = loop;
    accumulator.carriedBy = &body;
    bind(body.getArgument(numStreams + i), accumulators.back());
  }

  size_t outerUses = usedFromOutside.size();
  if (failed(visitBlock(body)) || failed(visitYield(loop, accumulators)))
    return failure();
  for (unsigned storage : ArrayRef(usedFromOutside).drop_front(outerUses))
    extend(storage, loop->getBlock());
  usedFromOutside.truncate(outerUses);
  for (auto [result, accumulator] : llvm::zip_equal(loop.getResults(), accumulators)) {
    extend(accumulator.storage, loop->getBlock());
    bind(result, accumulator);
  }
  return success();
}

LogicalResult TimelineBuilder::visitYield(MicrobatchOp loop,
                                          ArrayRef<Place> accumulators) {
  Operation *yield = loop.getBody().front().getTerminator();
  for (Value value : yield->getOperands())
    if (failed(use(value, yield)))
      return failure();
  for (auto [i, value] : llvm::enumerate(yield->getOperands())) {
    std::optional<Place> place = timeline.lookup(value);
    for (auto [j, accumulator] : llvm::enumerate(accumulators))
      if (i != j && place && !place->persistent && place->storage == accumulator.storage)
        return yield->emitOpError("yields accumulator ")
               << j << " as accumulator " << i << ": accumulators can't change places";
    if (place && *place == accumulators[i])
      continue;
    Contents &accumulator = contents(accumulators[i]);
    ++accumulator.version;
    accumulator.overwriter = yield;
  }
  return success();
}

LogicalResult TimelineBuilder::use(Value value, Operation *user) {
  auto found = timeline.places.find(value);
  if (found == timeline.places.end())
    return success();
  Place place = found->second;
  Contents &current = contents(place);
  if (versions.lookup(value) != current.version) {
    InFlightDiagnostic diagnostic =
        user->emitOpError("reads a value whose bytes are overwritten by then");
    diagnostic.attachNote(current.overwriter->getLoc()) << "they are overwritten here";
    diagnostic.attachNote(value.getLoc()) << "the value is computed here";
    return diagnostic;
  }
  if (!place.persistent)
    extend(place.storage, user->getBlock());
  return success();
}

void TimelineBuilder::extend(unsigned storage, Block *user) {
  Storage &extended = timeline.storages[storage];
  extended.last = std::max(extended.last, position);
  if (storageContents[storage].owner != user)
    usedFromOutside.push_back(storage);
}

Place TimelineBuilder::allocate(std::string name, Location loc, Category category,
                                int64_t bytes, Block *owner, Value value, Operation *op) {
  timeline.storages.push_back({std::move(name), loc, category, alignToArena(bytes),
                               position, position, value, op});
  storageContents.emplace_back();
  storageContents.back().owner = owner;
  return {false, static_cast<unsigned>(timeline.storages.size() - 1), 0};
}

void TimelineBuilder::bind(Value value, Place place) {
  timeline.places[value] = place;
  versions[value] = contents(place).version;
}

void TimelineBuilder::finish() {
  SmallVector<int64_t> change(position + 2, 0);
  for (const Storage &storage : timeline.storages) {
    change[storage.first] += storage.bytes;
    change[storage.last + 1] -= storage.bytes;
  }
  int64_t live = persistent.getBytes();
  for (int64_t i = 0; i <= position; ++i) {
    live += change[i];
    timeline.liveBytes.push_back(live);
    if (live > timeline.liveBytes[timeline.peakPosition])
      timeline.peakPosition = i;
  }
  timeline.peakOp = opAt[timeline.peakPosition];
}
