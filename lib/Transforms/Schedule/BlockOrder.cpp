//===- BlockOrder.cpp - greedy list scheduling by bytes ---------------------===//
//
// O((ops + uses) log ops) for ops of a bounded number of operands: an op's own priority
// changes only when it becomes the last user of some storage, and each storage has one
// last user. What an op unlocks is looked at when a predecessor of the unlocked op has
// been placed, a bounded number of ops back.
//
//===----------------------------------------------------------------------===//
#include "BlockOrder.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"
#include "train/Analysis/Storage.h"

#include <set>

using namespace mlir;
using namespace train;

namespace {

/// What one op costs and unlocks. Nodes are the block's ops in their original order,
/// without the terminator, constants and writes.
struct Node {
  Operation *op;
  SmallVector<unsigned> successors, predecessors;
  unsigned unscheduledPredecessors = 0;
  /// Bytes of results with storage of their own, and storages that the op reads.
  int64_t allocated = 0;
  SmallVector<unsigned, 4> roots;
  bool scheduled = false;
  /// The net bytes of what waits for this op and few others (see pullAncestors).
  int64_t unlocked = 0;
};

/// An op that waits for more than these waits for something larger than scalars.
constexpr unsigned kMostAncestors = 16;

/// The storage below a chain of views and in-place updates.
struct Root {
  int64_t bytes = 0; ///< zero where the end of its last user frees nothing
  SmallVector<unsigned, 4> users;
  unsigned unscheduledUsers = 0;
};

class ListScheduler {
public:
  explicit ListScheduler(Block &block) : block(block) {
    for (Operation &op : block.without_terminator()) {
      if (isConstant(&op))
        continue;
      if (isa<WriteOp>(op)) {
        writes.push_back(&op);
        continue;
      }
      indexOf[&op] = nodes.size();
      nodes.push_back({&op, {}, {}, 0, 0, {}, false, 0});
    }
    for (BlockArgument argument : block.getArguments())
      // Carried accumulators outlive the block; inputs of a program end with their last
      // user.
      addRoot(argument, isa<ProgramOpInterface>(block.getParentOp())
                            ? getByteSize(argument.getType())
                            : 0);
    for (unsigned i = 0, e = nodes.size(); i != e; ++i)
      addNode(i);
    for (Operation *op :
         llvm::concat<Operation *const>(writes, ArrayRef<Operation *>(terminator())))
      for (Value value : op->getOperands())
        if (auto root = rootOf.find(value); root != rootOf.end())
          roots[root->second].bytes = 0;
    addOverwriteEdges();
    for (Root &root : roots)
      root.unscheduledUsers = root.users.size();
  }

  SmallVector<Operation *> run() {
    for (unsigned i = 0, e = nodes.size(); i != e; ++i)
      if (nodes[i].unscheduledPredecessors == 0)
        ready.insert({getPriority(i), i});
    for (unsigned i = 0, e = nodes.size(); i != e; ++i)
      pullAncestors(i);
    while (!ready.empty()) {
      unsigned next = ready.begin()->second;
      ready.erase(ready.begin());
      schedule(next);
    }
    if (numScheduled != nodes.size())
      return {};
    for (Operation *write : writes)
      emit(write);
    emitConstantsOf(block.getTerminator());
    // Constants that nobody uses keep their place in the list of ops.
    for (Operation &op : block.without_terminator())
      if (isConstant(&op) && emitted.insert(&op).second)
        order.push_back(&op);
    return std::move(order);
  }

private:
  static bool isConstant(Operation *op) { return matchPattern(op, m_Constant()); }

  std::array<Operation *, 1> &terminator() {
    last[0] = block.getTerminator();
    return last;
  }

  /// All values of this block that an op reads, those that only its regions read
  /// included.
  SmallVector<Value> getUsedValues(Operation *op) {
    SmallVector<Value> used(op->getOperands());
    if (op->getNumRegions() && !op->hasTrait<OpTrait::IsIsolatedFromAbove>()) {
      llvm::SetVector<Value> above;
      getUsedValuesDefinedAbove(op->getRegions(), above);
      llvm::append_range(used, above);
    }
    return used;
  }

  unsigned addRoot(Value value, int64_t bytes) {
    unsigned index = roots.size();
    roots.push_back({bytes, {}, 0});
    rootOf[value] = index;
    return index;
  }

  void addNode(unsigned index) {
    Operation *op = nodes[index].op;
    for (Value value : getUsedValues(op)) {
      Operation *definition = value.getDefiningOp();
      if (definition && indexOf.count(definition))
        addEdge(indexOf[definition], index);
      noteReader(value, index);
      auto root = rootOf.find(value);
      if (root == rootOf.end() || llvm::is_contained(nodes[index].roots, root->second))
        continue;
      nodes[index].roots.push_back(root->second);
      roots[root->second].users.push_back(index);
    }
    for (OpResult result : op->getResults())
      defineResult(index, result);
  }

  void defineResult(unsigned index, OpResult result) {
    Operation *op = result.getOwner();
    if (auto read = dyn_cast<ReadOp>(op)) {
      // All reads of a symbol name the same bytes.
      auto [first, isNew] = symbolContents.try_emplace(read.getSymbolAttr(), numContents);
      numContents += isNew;
      contentsOf[result] = first->second;
      return;
    }
    ResultStorage storage = getResultStorage(result);
    if (storage.kind == ResultStorage::Kind::Fresh) {
      contentsOf[result] = numContents++;
      if (isa<RandomKeyOp>(op))
        return;
      int64_t bytes = alignToArena(getByteSize(result.getType()));
      addRoot(result, bytes);
      if (!result.use_empty())
        nodes[index].allocated += bytes;
      return;
    }
    Value operand = op->getOperand(storage.operand);
    if (auto root = rootOf.find(operand); root != rootOf.end())
      rootOf[result] = root->second;
    if (storage.kind == ResultStorage::Kind::View) {
      contentsOf[result] = getContents(operand);
      return;
    }
    overwriters.push_back({index, getContents(operand)});
    contentsOf[result] = numContents++;
  }

  /// One version of some bytes: a value and all its views share it, an in-place update
  /// starts another.
  unsigned getContents(Value value) {
    auto [found, isNew] = contentsOf.try_emplace(value, numContents);
    numContents += isNew;
    return found->second;
  }

  void noteReader(Value value, unsigned index) {
    unsigned contents = getContents(value);
    if (contents >= readers.size())
      readers.resize(contents + 1);
    readers[contents].push_back(index);
  }

  void addEdge(unsigned from, unsigned to) {
    nodes[from].successors.push_back(to);
    nodes[to].predecessors.push_back(from);
    ++nodes[to].unscheduledPredecessors;
  }

  void addOverwriteEdges() {
    for (auto [overwriter, contents] : overwriters) {
      if (contents >= readers.size())
        continue;
      for (unsigned reader : readers[contents])
        if (reader != overwriter)
          addEdge(reader, overwriter);
    }
  }

  /// The bytes that an op allocates, less those that it frees.
  int64_t getNet(unsigned index) const {
    int64_t net = nodes[index].allocated;
    for (unsigned root : nodes[index].roots)
      if (roots[root].unscheduledUsers == 1)
        net -= roots[root].bytes;
    return net;
  }

  /// Lower is sooner: the net of the op, or of it and what it unlocks, if that is
  /// negative, else zero.
  int64_t getPriority(unsigned index) const {
    return std::min<int64_t>({getNet(index), nodes[index].unlocked, 0});
  }

  void schedule(unsigned index) {
    Node &node = nodes[index];
    node.scheduled = true;
    ++numScheduled;
    emit(node.op);
    for (unsigned root : node.roots) {
      if (--roots[root].unscheduledUsers != 1)
        continue;
      for (unsigned user : roots[root].users) {
        if (nodes[user].scheduled)
          continue;
        // It has just become the last user, so that it now frees the storage.
        reprioritize(user, root);
        break;
      }
    }
    for (unsigned successor : node.successors) {
      if (--nodes[successor].unscheduledPredecessors == 0)
        ready.insert({getPriority(successor), successor});
      else
        pullAncestors(successor);
    }
  }

  void reprioritize(unsigned user, unsigned root) {
    if (nodes[user].unscheduledPredecessors != 0)
      return pullAncestors(user);
    int64_t bytes = roots[root].bytes;
    int64_t now = getPriority(user);
    roots[root].bytes = 0;
    int64_t before = getPriority(user);
    roots[root].bytes = bytes;
    if (now == before)
      return;
    // It may not be in the list yet: then inserting it twice would be wrong.
    if (ready.erase({before, user}))
      ready.insert({now, user});
  }

  /// An update that could free its gradient may wait for scalars that anyone could
  /// compute now. What it frees, less what it and all that it waits for allocate, counts
  /// for each of them.
  void pullAncestors(unsigned index) {
    if (nodes[index].unscheduledPredecessors == 0)
      return;
    int64_t net = getNet(index);
    SmallVector<unsigned, kMostAncestors> ancestors;
    auto collect = [&](unsigned of) {
      for (unsigned predecessor : nodes[of].predecessors) {
        if (nodes[predecessor].scheduled || llvm::is_contained(ancestors, predecessor))
          continue;
        ancestors.push_back(predecessor);
        net += nodes[predecessor].allocated;
      }
      return net < 0 && ancestors.size() <= kMostAncestors;
    };
    if (!collect(index))
      return;
    for (unsigned i = 0; i < ancestors.size(); ++i)
      if (!collect(ancestors[i]))
        return;
    for (unsigned ancestor : ancestors) {
      Node &node = nodes[ancestor];
      if (node.unlocked <= net)
        continue;
      bool wasListed = ready.erase({getPriority(ancestor), ancestor});
      node.unlocked = net;
      if (wasListed)
        ready.insert({getPriority(ancestor), ancestor});
    }
  }

  void emitConstantsOf(Operation *op) {
    for (Value value : getUsedValues(op)) {
      Operation *definition = value.getDefiningOp();
      if (definition && definition->getBlock() == &block && isConstant(definition) &&
          emitted.insert(definition).second)
        order.push_back(definition);
    }
  }

  void emit(Operation *op) {
    emitConstantsOf(op);
    order.push_back(op);
  }

  Block &block;
  std::array<Operation *, 1> last;
  SmallVector<Node, 0> nodes;
  SmallVector<Root, 0> roots;
  SmallVector<Operation *> writes;
  DenseMap<Operation *, unsigned> indexOf;
  DenseMap<Value, unsigned> rootOf, contentsOf;
  DenseMap<Attribute, unsigned> symbolContents;
  unsigned numContents = 0;
  SmallVector<SmallVector<unsigned>, 0> readers;
  SmallVector<std::pair<unsigned, unsigned>> overwriters;
  std::set<std::pair<int64_t, unsigned>> ready;
  DenseSet<Operation *> emitted;
  SmallVector<Operation *> order;
  unsigned numScheduled = 0;
};

} // namespace

SmallVector<Operation *> train::orderBlock(Block &block) {
  return ListScheduler(block).run();
}

void train::applyOrder(Block &block, ArrayRef<Operation *> order) {
  Operation *terminator = block.getTerminator();
  for (Operation *op : order)
    op->moveBefore(terminator);
}
