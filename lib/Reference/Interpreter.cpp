// See Interpreter.h. The structural ops (programs, layers, loops, fusions, reads and
// writes) are executed here; every other op says itself what it means.
#include "train/Reference/Interpreter.h"

#include "train/IR/TrainDialect.h"

using namespace mlir;

namespace train::reference {
namespace {

/// Part `index` of `count` equal parts along the leading dimension, which disappears.
TensorRef sliceLeading(const Tensor &tensor, int64_t index) {
  auto part = std::make_shared<Tensor>();
  part->elementType = tensor.elementType;
  part->shape.assign(tensor.shape.begin() + 1, tensor.shape.end());
  int64_t size = countElements(part->shape), begin = index * size;
  if (tensor.isFloat())
    part->f.assign(tensor.f.begin() + begin, tensor.f.begin() + begin + size);
  else
    part->i.assign(tensor.i.begin() + begin, tensor.i.begin() + begin + size);
  return part;
}

} // namespace

LogicalResult evaluateOp(Operation *op, ArrayRef<const Tensor *> operands,
                         SmallVectorImpl<Tensor> &results, EvalContext &context) {
  context.op = op;
  auto meaning = dyn_cast<ReferenceOpInterface>(op);
  if (!meaning)
    return context.emitError() << "has no meaning in the reference interpreter";
  results.clear();
  for (Type type : op->getResultTypes()) {
    if (!canHold(type))
      return context.emitError()
             << "has a result of type " << type
             << ", expected a static tensor of at most " << kMostElements << " elements";
    results.push_back(Tensor::zeros(cast<RankedTensorType>(type)));
  }
  if (failed(meaning.evaluate(operands, results, context)))
    return failure();
  for (Tensor &result : results) {
    if (context.mode == Mode::Native)
      result.round();
    else if (context.mode == Mode::Random)
      result.roundRandomly(context.roundingSeed, context.roundedTensors++);
  }
  return success();
}

int64_t samplesPerMicroBatch(ProgramOpInterface program) {
  auto count = program->getAttrOfType<IntegerAttr>("micro_batches");
  bool sliced = count && count.getInt() > 1;
  for (BlockArgument input : program.getBodyBlock()->getArguments()) {
    int64_t dim = program.getBatchDim(input.getArgNumber());
    if (dim < 0)
      continue;
    // A loop takes dimension 0 away; a batch dimension 0 is then that of the slice.
    ArrayRef<int64_t> shape = cast<RankedTensorType>(input.getType()).getShape();
    int64_t place = sliced && dim == 0 ? 1 : dim;
    return place < static_cast<int64_t>(shape.size()) ? shape[place] : 1;
  }
  return 1;
}

LogicalResult checkInputTypes(ProgramOpInterface program) {
  for (BlockArgument input : program.getBodyBlock()->getArguments())
    if (!canHold(input.getType()))
      return program->emitOpError()
             << "input '" << program.getInputName(input.getArgNumber()) << "' has type "
             << input.getType() << ", expected a static tensor of at most "
             << kMostElements << " elements";
  return success();
}

LogicalResult Interpreter::start(ProgramOpInterface toRun, ArrayRef<TensorRef> inputs) {
  program = toRun;
  frames.clear();
  values.clear();
  writes.clear();
  outputs.clear();
  releases.clear();
  planned.clear();
  context.op = program;
  context.firstSample = context.rankFirstSample;
  Block *body = program.getBodyBlock();
  if (inputs.size() != body->getNumArguments())
    return context.emitError() << "takes " << body->getNumArguments() << " inputs, got "
                               << inputs.size();
  for (auto [index, argument] : llvm::enumerate(body->getArguments()))
    if (inputs[index]->getType() != argument.getType())
      return context.emitError() << "input '" << program.getInputName(index)
                                 << "' has type " << argument.getType()
                                 << ", got a value of type " << inputs[index]->getType();
  enter(program);
  bind(body->getArguments(), inputs);
  return success();
}

LogicalResult Interpreter::run(ProgramOpInterface toRun, ArrayRef<TensorRef> inputs) {
  if (failed(start(toRun, inputs)))
    return failure();
  while (!done())
    if (failed(step()))
      return failure();
  return success();
}

LogicalResult Interpreter::step() {
  Operation *op = next();
  ++frames.back().next;
  context.op = op;
  if (op->hasTrait<OpTrait::IsTerminator>())
    return leave(op);
  if (auto read = dyn_cast<ReadOp>(op)) {
    auto symbol = context.symbols.find(read.getSymbol());
    if (symbol == context.symbols.end())
      return context.emitError()
             << "reads @" << read.getSymbol() << ", which has no value";
    bind(op->getResults(), symbol->second);
  } else if (auto write = dyn_cast<WriteOp>(op)) {
    writes[write.getSymbol().str()] = values.at(write.getValue());
  } else if (isa<MicrobatchOp>(op)) {
    return enterMicrobatch(op);
  } else if (isa<LayerOp, CheckpointOp>(op)) {
    enter(op);
    return success();
  } else if (isa<FusionOp>(op)) {
    enter(op);
    bind(op->getRegion(0).getArguments(), lookup(op->getOperands()));
    return success();
  } else {
    SmallVector<TensorRef> operands = lookup(op->getOperands());
    SmallVector<const Tensor *> pointers;
    for (const TensorRef &operand : operands)
      pointers.push_back(operand.get());
    SmallVector<Tensor> results;
    if (failed(evaluateOp(op, pointers, results, context)))
      return failure();
    if (watch)
      watch(op, results);
    for (auto [value, result] : llvm::zip(op->getResults(), results))
      values[value] = std::make_shared<const Tensor>(std::move(result));
  }
  release(op);
  return success();
}

void Interpreter::enter(Operation *owner) {
  Block &block = owner->getRegion(0).front();
  planReleases(block);
  frames.push_back({owner, block.begin()});
}

LogicalResult Interpreter::enterMicrobatch(Operation *op) {
  auto loop = cast<MicrobatchOp>(op);
  SmallVector<TensorRef> inits = lookup(loop.getInits());
  if (static_cast<int64_t>(loop.getCount()) <= 0) {
    bind(op->getResults(), inits);
    release(op);
    return success();
  }
  enter(op);
  bindIteration(op, 0, inits);
  return success();
}

void Interpreter::bindIteration(Operation *microbatch, int64_t iteration,
                                ArrayRef<TensorRef> carried) {
  auto loop = cast<MicrobatchOp>(microbatch);
  Block &body = microbatch->getRegion(0).front();
  size_t streams = loop.getStreams().size();
  for (size_t s = 0; s < streams; ++s)
    values[body.getArgument(s)] =
        sliceLeading(*values.at(loop.getStreams()[s]), iteration);
  bind(ValueRange(body.getArguments()).drop_front(streams), carried);
  context.firstSample =
      context.rankFirstSample + iteration * samplesPerMicroBatch(program);
}

LogicalResult Interpreter::leave(Operation *terminator) {
  SmallVector<TensorRef> results = lookup(terminator->getOperands());
  Frame &frame = frames.back();
  Operation *owner = frame.owner;
  if (owner == program.getOperation()) {
    outputs = std::move(results);
    for (const auto &[name, value] : writes)
      context.symbols[name] = value;
    frames.clear();
    values.clear();
    return success();
  }
  release(terminator);
  if (auto loop = dyn_cast<MicrobatchOp>(owner)) {
    if (++frame.iteration < static_cast<int64_t>(loop.getCount())) {
      frame.next = owner->getRegion(0).front().begin();
      bindIteration(owner, frame.iteration, results);
      return success();
    }
    context.firstSample = context.rankFirstSample;
  }
  frames.pop_back();
  bind(owner->getResults(), results);
  release(owner);
  return success();
}

void Interpreter::bind(ValueRange range, ArrayRef<TensorRef> tensors) {
  for (auto [value, tensor] : llvm::zip_equal(range, tensors))
    values[value] = tensor;
}

SmallVector<TensorRef> Interpreter::lookup(ValueRange range) const {
  SmallVector<TensorRef> tensors;
  for (Value value : range)
    tensors.push_back(values.at(value));
  return tensors;
}

void Interpreter::release(Operation *op) {
  auto found = releases.find(op);
  if (found == releases.end())
    return;
  for (Value value : found->second)
    values.erase(value);
}

void Interpreter::planReleases(Block &block) {
  if (!planned.try_emplace(&block, true).second)
    return;
  auto plan = [&](Value value, Operation *definition) {
    // A use inside a nested region keeps the value until the op that holds the region is
    // done.
    Operation *last = definition;
    for (Operation *user : value.getUsers()) {
      Operation *here = block.findAncestorOpInBlock(*user);
      if (here && (!last || last->isBeforeInBlock(here)))
        last = here;
    }
    if (last)
      releases[last].push_back(value);
  };
  for (BlockArgument argument : block.getArguments())
    plan(argument, nullptr);
  for (Operation &op : block)
    for (Value result : op.getResults())
      plan(result, &op);
}

} // namespace train::reference
