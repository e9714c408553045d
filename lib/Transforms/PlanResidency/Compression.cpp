//===- Compression.cpp - tensors that stay in fewer bits ---------------------===//
//
// States the alternative to the planner: a copy that is made in any case and costs
// nothing where nobody reads it, and a way to have the tensor again from it. The only
// alternative that loses bits, so the forward pass never sees it.
//
//===----------------------------------------------------------------------===//
#include "../Encoding.h"
#include "StepProblem.h"
#include "train/Planning/ResidencySolvers.h"

using namespace mlir;
using namespace train;

/// What is smaller is not worth two more commands.
static constexpr int64_t kLeastBytes = 4096;

/// Whether a result is a residual beside the value that its op computes: the statistics
/// of a normalization, the logarithms of sums of exponentials, places of maxima. A
/// backward op counts on them to fit its other operands to the last bit.
static bool isResidual(OpResult result) {
  if (auto fusion = dyn_cast<FusionOp>(result.getOwner())) {
    Value yielded =
        fusion.getBody().front().getTerminator()->getOperand(result.getResultNumber());
    auto inner = dyn_cast<OpResult>(yielded);
    return inner && inner.getResultNumber() > 0;
  }
  return result.getResultNumber() > 0;
}

/// What backward ops read beside a residual that must stay wide: with it they compute
/// again what forward computed of exactly these values. attention_backward's
/// probabilities would not add up to 1, and differences that all but cancel out would be
/// of rounding errors.
void StepProblem::findFitted(SmallVectorImpl<bool> &isFitted) const {
  for (unsigned node : ArrayRef(problem.order).drop_front(problem.forward)) {
    Operation *op = ops[executions[node].getOp()];
    auto precision = dyn_cast<PrecisionOpInterface>(op);
    if (!precision)
      continue;
    auto isWideResidual = [&](OpOperand &operand) {
      std::optional<unsigned> tensor = lookup(operand.get());
      auto result = tensor ? dyn_cast_or_null<OpResult>(values[*tensor]) : OpResult();
      return result && precision.mustStayWide(operand.getOperandNumber()) &&
             isResidual(result);
    };
    if (llvm::any_of(op->getOpOperands(), isWideResidual))
      for (unsigned tensor : problem.nodes[node].reads)
        isFitted[tensor] = true;
  }
}

void StepProblem::dropReadForOutputs(SmallVectorImpl<bool> &isKept) const {
  ArrayRef<unsigned> late = ArrayRef(problem.order).drop_front(problem.forward);
  SmallVector<bool> isGradient(problem.tensors.size(), false);
  SmallVector<unsigned> ofForward;
  for (unsigned node : late) {
    const planning::ResidencyNode &each = problem.nodes[node];
    Operation *op = ops[executions[node].getOp()];
    if (readsSeed(op) ||
        llvm::any_of(each.reads, [&](unsigned t) { return isGradient[t]; }))
      for (unsigned tensor : llvm::concat<const unsigned>(each.writes, each.updates))
        isGradient[tensor] = true;
    else
      ofForward.push_back(node);
  }
  for (unsigned node : llvm::reverse(ofForward)) {
    const planning::ResidencyNode &each = problem.nodes[node];
    auto isExact = [&](unsigned tensor) { return !isKept[tensor]; };
    if (llvm::any_of(each.writes, isExact) || llvm::any_of(each.updates, isExact))
      for (unsigned tensor : each.reads)
        isKept[tensor] = false;
  }
}

void StepProblem::addCopies(int threads) {
  if (problem.forward == 0)
    return;
  SmallVector<bool> isFitted(problem.tensors.size(), false);
  findFitted(isFitted);
  SmallVector<bool> isKept(problem.tensors.size(), true);
  for (unsigned tensor : problem.outputs)
    isKept[tensor] = false;
  // What the step returns and writes is what forward computed of the tensors themselves,
  // also where it is computed late, as a sum over micro-batches is.
  dropReadForOutputs(isKept);
  for (planning::ResidencyNode &node : problem.nodes)
    if (llvm::any_of(node.writes, [&](unsigned tensor) { return !isKept[tensor]; }))
      node.repeatable = false;
  for (const planning::ResidencyNode &node : problem.nodes)
    for (unsigned tensor : node.updates)
      isKept[tensor] = false;
  SmallVector<bool> isReadBackward(problem.tensors.size(), false);
  for (unsigned node : ArrayRef(problem.order).drop_front(problem.forward))
    for (unsigned tensor : problem.nodes[node].reads)
      isReadBackward[tensor] = true;

  std::vector<unsigned> order;
  size_t forward = problem.forward;
  for (auto [at, node] : llvm::enumerate(std::vector<unsigned>(problem.order))) {
    order.push_back(node);
    if (at >= problem.forward)
      continue;
    for (unsigned tensor : std::vector<unsigned>(problem.nodes[node].writes)) {
      auto result = dyn_cast<OpResult>(values[tensor]);
      auto type = dyn_cast<RankedTensorType>(values[tensor].getType());
      if (!isKept[tensor] || !isReadBackward[tensor] || !result || !type ||
          !isa<FloatType>(type.getElementType()) ||
          type.getElementTypeBitWidth() <= compress.getWidth() ||
          problem.tensors[tensor].bytes < kLeastBytes || isResidual(result) ||
          isFitted[tensor])
        continue;
      std::optional<Encoding> encoding = Encoding::get(type, compress);
      if (!encoding) {
        undivided.push_back(tensor);
        continue;
      }
      addCopy(tensor, node, *encoding, threads);
      llvm::append_range(order, copies.back().encodes);
      forward += copies.back().encodes.size();
    }
  }
  problem.order = std::move(order);
  problem.forward = forward;
  for (const Copy &copy : copies)
    problem.nodes[copy.decode].notBefore = forward;
}

/// A node for each kernel of the copy, with what it has beside the copy's tensors.
void StepProblem::addCopy(unsigned tensor, unsigned writer, Encoding encoding,
                          int threads) {
  auto result = cast<OpResult>(values[tensor]);
  OpBuilder builder(result.getContext());
  builder.setInsertionPointAfter(result.getOwner());
  SmallVector<Operation *> made;
  SmallVector<Value> parts = encoding.encode(builder, result, made);
  size_t encoders = made.size();
  encoding.decode(builder, result.getLoc(), parts, made);

  Copy copy;
  copy.tensor = tensor;
  std::string name = problem.tensors[tensor].id;
  auto self = builder.getDenseI64ArrayAttr(result.getResultNumber());
  auto execution =
      RecomputeAttr::get(result.getContext(), executions[writer].getOp(), self, self, {});
  MachineModel machine = getMachineModel(threads);
  double seconds = 0;
  DenseMap<Value, unsigned> tensors{{result, tensor}};
  for (auto [at, op] : llvm::enumerate(made)) {
    ResultStorage storage = getResultStorage(op->getResult(0));
    if (storage.kind == ResultStorage::Kind::View) {
      tensors[op->getResult(0)] = tensors.lookup(op->getOperand(storage.operand));
      continue;
    }
    planning::ResidencyNode node;
    for (Value operand : op->getOperands())
      if (unsigned read = tensors.lookup(operand); !llvm::is_contained(node.reads, read))
        node.reads.push_back(read);
    node.workspace = alignToArena(getWorkspaceBytes(op, threads));
    seconds += getSeconds(op, machine);
    unsigned number = problem.nodes.size();
    if (at < encoders) {
      node.id = name + ">" + std::to_string(copy.encodes.size());
      node.repeatable = false;
      for (Value part : op->getResults()) {
        node.writes.push_back(problem.tensors.size());
        problem.tensors.push_back({name + "~" + std::to_string(tensors.size() - 1),
                                   alignToArena(getByteSize(part.getType()))});
        tensors[part] = node.writes.back();
        values.push_back(Value());
      }
      copy.encodes.push_back(number);
    } else {
      node.id = name + "<";
      node.writes = {tensor};
      node.cost = seconds;
      copy.decode = number;
    }
    problem.nodes.push_back(std::move(node));
    executions.push_back(execution);
  }
  copies.push_back(std::move(copy));
  for (Operation *op : llvm::reverse(made))
    op->erase();
}

planning::ResidencySolution
StepProblem::keepCompressed(const std::vector<bool> &kept) const {
  planning::ResidencyProblem forced = problem;
  std::vector<bool> whole = kept;
  whole.resize(problem.tensors.size(), true);
  for (const Copy &copy : copies) {
    planning::ResidencyNode &decode = forced.nodes[copy.decode];
    decode.repeatable = kept[copy.tensor];
    // Nothing else that has it again is as cheap.
    decode.cost = 0;
    whole[copy.tensor] = false;
  }
  planning::ResidencySolution solution = planning::keepOnly(forced, whole);
  return settle(std::move(solution));
}

planning::ResidencySolution
StepProblem::settle(planning::ResidencySolution solution) const {
  if (copies.empty())
    return solution;
  DenseMap<unsigned, SmallVector<unsigned>> encodes;
  DenseSet<unsigned> isEncode;
  for (const Copy &copy : copies)
    isEncode.insert(copy.encodes.begin(), copy.encodes.end());
  for (size_t at = 1; at < problem.order.size(); ++at)
    if (isEncode.contains(problem.order[at])) {
      size_t writer = at - 1;
      while (isEncode.contains(problem.order[writer]))
        --writer;
      encodes[problem.order[writer]].push_back(problem.order[at]);
    }
  std::vector<unsigned> sequence;
  for (unsigned node : solution.sequence) {
    if (isEncode.contains(node))
      continue;
    sequence.push_back(node);
    auto found = encodes.find(node);
    if (found == encodes.end())
      continue;
    sequence.insert(sequence.end(), found->second.begin(), found->second.end());
    encodes.erase(found);
  }
  return planning::measure(problem, std::move(sequence), std::move(solution.solver));
}
