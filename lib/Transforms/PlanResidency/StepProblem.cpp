//===- StepProblem.cpp - storages to tensors, ops to nodes -------------------===//
//
// All bytes come from one MemoryTimeline of the block as it stands, so that what the
// planner simulates is what the arena will see.
//
//===----------------------------------------------------------------------===//
#include "StepProblem.h"
#include "../InPlace.h"
#include "../Recompute.h"
#include "Alternatives.h"
#include "mlir/IR/Matchers.h"
#include "train/Transforms/StepOutputs.h"

using namespace mlir;
using namespace train;

Block &train::getPlannedBlock(ProgramOpInterface step) {
  Block *body = step.getBodyBlock();
  auto loops = body->getOps<MicrobatchOp>();
  return loops.empty() ? *body : (*loops.begin()).getBody().front();
}

FailureOr<StepProblem> StepProblem::build(ProgramOpInterface step,
                                          const PersistentMemory &persistent, int threads,
                                          NumberedOps numbered, FloatType compress) {
  StepProblem result;
  FailureOr<MemoryTimeline> timeline = MemoryTimeline::build(step, persistent, threads);
  if (failed(timeline))
    return failure();
  result.timeline = std::move(*timeline);
  result.block = &getPlannedBlock(step);
  result.ops = std::move(numbered);
  if (result.ops.empty())
    for (Operation &op : *result.block)
      result.ops.push_back(&op);
  result.addTensors(step, persistent);
  result.addNodes(threads);
  result.compress = compress;
  if (compress)
    result.addCopies(threads);
  return result;
}

std::optional<unsigned> StepProblem::lookup(Value value) const {
  std::optional<Place> place = timeline->lookup(value);
  if (!place)
    return std::nullopt;
  const auto &map = place->persistent ? persistentTensorOf : tensorOf;
  auto found = map.find(place->storage);
  return found == map.end() ? std::nullopt : std::optional<unsigned>(found->second);
}

unsigned StepProblem::addTensor(Value value, int64_t bytes, StringRef id) {
  problem.tensors.push_back({id.str(), bytes});
  values.push_back(value);
  return problem.tensors.size() - 1;
}

/// One tensor per storage that starts in the block. What comes from outside and lives as
/// long as the block is part of the base, and a tensor without bytes where the block
/// overwrites it: then the order of reads and updates matters.
void StepProblem::addTensors(ProgramOpInterface step,
                             const PersistentMemory &persistent) {
  bool isLoop = block != step.getBodyBlock();
  int64_t end = timeline->getPosition(block->getTerminator());
  problem.baseBytes = persistent.getBytes();
  // The rewrite erases what repetitions have left without a reader.
  problem.leavesOutUnread = true;
  for (auto [i, storage] : llvm::enumerate(timeline->getStorages())) {
    if (storage.category == Category::Workspace)
      continue;
    Value value = storage.value;
    bool own = value && value.getParentBlock() == block;
    // An accumulator's storage is named by the loop's result or init, both outside.
    if (own) {
      tensorOf[i] = addTensor(storage.value, storage.bytes, storage.name);
      if (isa<BlockArgument>(storage.value))
        problem.inputs.push_back(tensorOf[i]);
    } else if (isLoop && storage.first <= end && end <= storage.last) {
      problem.baseBytes += storage.bytes;
    }
  }
  for (Operation &op : *block)
    for (OpResult result : op.getResults()) {
      if (getResultStorage(result).kind != ResultStorage::Kind::MustAlias)
        continue;
      std::optional<Place> place = timeline->lookup(result);
      if (!place || (!place->persistent && tensorOf.count(place->storage)))
        continue;
      auto &map = place->persistent ? persistentTensorOf : tensorOf;
      auto [known, isNew] = map.try_emplace(place->storage, problem.tensors.size());
      if (!isNew)
        continue;
      problem.inputs.push_back(
          addTensor(result, 0,
                    place->persistent ? persistent.getStorages()[place->storage].name
                                      : timeline->getStorages()[place->storage].name));
    }
  // What the terminator and the writes name lives to the end.
  DenseSet<unsigned> outputs;
  for (Operation &op : *block)
    if (isa<WriteOp>(op) || &op == block->getTerminator())
      for (Value operand : op.getOperands())
        if (std::optional<unsigned> tensor = lookup(operand))
          if (outputs.insert(*tensor).second)
            problem.outputs.push_back(*tensor);
}

/// Reads, writes, updates, cost and workspace of `op`, which may be a recipe's scratch op
/// whose results are no values of the block.
void StepProblem::describe(planning::ResidencyNode &node, Operation *op, int threads) {
  for (Value operand : op->getOperands())
    if (std::optional<unsigned> tensor = lookup(operand))
      if (!llvm::is_contained(node.reads, *tensor))
        node.reads.push_back(*tensor);
  node.cost = getSeconds(op, getMachineModel(threads));
  node.workspace = alignToArena(getWorkspaceBytes(op, threads));
}

static bool isRepeatable(Operation *op) {
  if (matchPattern(op, m_Constant()) || isa<MicrobatchOp>(op))
    return false;
  auto recomputable = dyn_cast<RecomputableOpInterface>(op);
  if (recomputable && !recomputable.isDeterministic())
    return false;
  return isMemoryEffectFree(op) && llvm::all_of(op->getResults(), [](OpResult result) {
           return getResultStorage(result).kind != ResultStorage::Kind::MustAlias;
         });
}

/// Whether an op, or one in its kernel, is where backward starts.
static bool makesSeed(Operation *op) {
  bool found = false;
  op->walk([&](Operation *inner) { found |= inner->hasAttr(kSeedAttr); });
  return found;
}

/// Whether a value is the derivative of the loss by itself, maybe in another shape, or
/// scaled.
static bool isSeedOrItsView(Value value) {
  while (auto result = dyn_cast<OpResult>(value)) {
    if (makesSeed(result.getOwner()))
      return true;
    ResultStorage storage = getResultStorage(result);
    if (storage.kind != ResultStorage::Kind::View)
      return false;
    value = result.getOwner()->getOperand(storage.operand);
  }
  return false;
}

bool StepProblem::readsSeed(Operation *op) {
  return !matchPattern(op, m_Constant()) &&
         (makesSeed(op) || llvm::any_of(op->getOperands(), isSeedOrItsView));
}

static std::string getNodeName(Operation *op, int64_t number) {
  return (op->getName().stripDialect() + "@" + Twine(number)).str();
}

void StepProblem::addNodes(int threads) {
  StorageRoots roots(*block);
  // Whose storages the block overwrites, so that nobody can make their values again.
  DenseSet<unsigned> updated;
  Alternatives alternatives(*block, ops, threads);
  SmallVector<Operation *> repeatable;
  bool seeded = false;
  for (auto [number, op] : llvm::enumerate(ops)) {
    if (!op || isa<WriteOp, ReadOp, RandomKeyOp>(op) || op == block->getTerminator())
      continue;
    planning::ResidencyNode node;
    node.id = getNodeName(op, number);
    SmallVector<unsigned> writeOf(op->getNumResults(), ~0u);
    for (OpResult result : op->getResults()) {
      std::optional<unsigned> tensor = lookup(result);
      if (!tensor)
        continue;
      ResultStorage storage = getResultStorage(result);
      if (storage.kind == ResultStorage::Kind::Fresh) {
        writeOf[result.getResultNumber()] = node.writes.size();
        node.writes.push_back(*tensor);
      } else if (storage.kind == ResultStorage::Kind::MustAlias) {
        node.updates.push_back(*tensor);
        updated.insert(*tensor);
      }
    }
    if (node.writes.empty() && node.updates.empty())
      continue;
    describe(node, op, threads);
    node.repeatable = isRepeatable(op);
    if (auto fusion = dyn_cast<FusionOp>(op)) {
      for (unsigned result = 0; result < writeOf.size(); ++result)
        for (unsigned i = 0; writeOf[result] != ~0u && i < fusion->getNumOperands();
             ++i) {
          if (!mayTakePlace(fusion, result, i, *block, roots))
            continue;
          auto argument = dyn_cast<BlockArgument>(roots.lookup(fusion->getOperand(i)));
          std::optional<unsigned> tensor = lookup(fusion->getOperand(i));
          if (tensor && llvm::is_contained(node.reads, *tensor)) {
            unsigned read = llvm::find(node.reads, *tensor) - node.reads.begin();
            node.inPlace.push_back({writeOf[result], read});
          } else if (argument) {
            // A carried accumulator, which lives anyway: the next one takes its place.
            problem.tensors[node.writes[writeOf[result]]].bytes = 0;
            node.repeatable = false;
          }
        }
    }
    if (node.repeatable && isa<FusionOp, RowProgramOpInterface>(op))
      repeatable.push_back(op);
    if (readsSeed(op) && !seeded) {
      seeded = true;
      problem.forward = problem.order.size();
    }
    problem.order.push_back(problem.nodes.size());
    problem.nodes.push_back(std::move(node));
    executions.push_back(RecomputeAttr::get(op->getContext(), number, {}, {}, {}));
  }
  for (planning::ResidencyNode &node : problem.nodes)
    for (unsigned tensor : node.writes)
      if (updated.contains(tensor))
        node.repeatable = false;
  for (Operation *op : repeatable)
    addRecipes(op, alternatives, threads, roots, updated);
}

void StepProblem::addRecipes(Operation *op, const Alternatives &alternatives, int threads,
                             const StorageRoots &roots,
                             const DenseSet<unsigned> &updated) {
  for (OpResult result : op->getResults()) {
    std::optional<unsigned> tensor = lookup(result);
    // What an accumulation overwrites is written once; its siblings can be had again.
    if (!tensor || problem.tensors[*tensor].bytes == 0 || updated.contains(*tensor) ||
        getResultStorage(result).kind != ResultStorage::Kind::Fresh)
      continue;
    alternatives.visitRecipes(result, [&](const Alternative &way, Operation *scratch) {
      planning::ResidencyNode node;
      node.id = getNodeName(op, way.recipe.getOp());
      if (way.recipe.getResults())
        node.id += "#" + std::to_string(result.getResultNumber());
      if (way.recipe.getFrom())
        node.id += "'";
      if (way.recipe.getSink())
        for (auto inner : way.recipe.getSink().getAsRange<RecomputeAttr>())
          node.id += "+" + getNodeName(ops[inner.getOp()], inner.getOp());
      describe(node, scratch, threads);
      // A way that needs the tensor itself is none.
      if (llvm::is_contained(node.reads, *tensor))
        return;
      node.writes.push_back(*tensor);
      if (auto fusion = dyn_cast<FusionOp>(scratch))
        for (unsigned i = 0; i < fusion->getNumOperands(); ++i) {
          std::optional<unsigned> read = lookup(fusion->getOperand(i));
          if (read && mayTakePlace(fusion, 0, i, *block, roots))
            node.inPlace.push_back(
                {0, static_cast<unsigned>(llvm::find(node.reads, *read) -
                                          node.reads.begin())});
        }
      problem.nodes.push_back(std::move(node));
      executions.push_back(way.recipe);
    });
  }
}

void StepProblem::write(const planning::ResidencySolution &solution) const {
  Builder builder(block->getParentOp()->getContext());
  SmallVector<bool> done(problem.nodes.size(), false);
  SmallVector<bool> isBase(problem.nodes.size(), false);
  for (unsigned node : problem.order)
    isBase[node] = true;
  // Copies follow from who reads them.
  SmallVector<bool> isEncode(problem.nodes.size(), false);
  for (const Copy &copy : copies)
    for (unsigned node : copy.encodes)
      isEncode[node] = true;
  SmallVector<Attribute> pending;
  for (unsigned node : solution.sequence) {
    if (isEncode[node])
      continue;
    if (isCopyOfItself(executions[node]))
      ops[executions[node].getOp()]->setAttr(kCompressAttr, TypeAttr::get(compress));
    if (isBase[node] && !done[node]) {
      done[node] = true;
      if (!pending.empty())
        ops[executions[node].getOp()]->setAttr(kRecomputeBeforeAttr,
                                               builder.getArrayAttr(pending));
      pending.clear();
      continue;
    }
    pending.push_back(executions[node]);
  }
}
