// Executes planned programs on labels; see PlanSimulator.h.
#include "PlanSimulator.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace train;
using namespace train::test;

PlanSimulator::PlanSimulator(ModuleOp module)
    : module(module),
      threads(module->getAttrOfType<IntegerAttr>("train.threads").getInt()),
      arena(module->getAttrOfType<IntegerAttr>("train.arena_bytes").getInt() / 64) {}

std::vector<std::string> PlanSimulator::run(ProgramOpInterface program) {
  std::fill(arena.begin(), arena.end(), 0);
  for (Operation &op : module.getOps()) {
    if (!isa<ParamOp, StateOp>(op))
      continue;
    Label label = nextLabel++;
    symbols[SymbolTable::getSymbolName(&op)] = label;
    write(op.getAttrOfType<IntegerAttr>("offset").getInt(),
          getByteSize(op.getAttrOfType<TypeAttr>("type").getValue()), label);
  }
  // Literals are laid down once, before any program runs; the key before each
  // micro-batch.
  program.getBodyBlock()->walk([&](Operation *op) {
    DenseElementsAttr value;
    if (isa<RandomKeyOp>(op) ||
        (matchPattern(op, m_Constant(&value)) && !value.isSplat()))
      define(op->getResult(0), getOffset(op->getResult(0)));
  });
  for (BlockArgument input : program.getBodyBlock()->getArguments())
    define(input, getOffset(input));
  visitBlock(*program.getBodyBlock());

  DenseSet<Attribute> written;
  program.getBodyBlock()->walk(
      [&](WriteOp op) { written.insert(op.getSymbolAttr().getAttr()); });
  for (Operation &op : module.getOps())
    if (isa<ParamOp, StateOp>(op) && !written.contains(SymbolTable::getSymbolName(&op)) &&
        arena[op.getAttrOfType<IntegerAttr>("offset").getInt() / 64] !=
            symbols[SymbolTable::getSymbolName(&op)])
      complain(&op, "changed although the program does not write it");
  return std::move(wrong);
}

void PlanSimulator::visitBlock(Block &block) {
  for (Operation &op : block)
    visitOp(op);
}

void PlanSimulator::visitOp(Operation &op) {
  if (auto loop = dyn_cast<MicrobatchOp>(op))
    return visitLoop(loop);
  // Workspace is scratch from before the operands are read until after the results are
  // written.
  Label scratch = 0;
  int64_t scratchBegin = 0, scratchEnd = 0;
  int64_t bytes = 0;
  if (auto library = dyn_cast<LibraryOpInterface>(op))
    for (const LibraryCall &call : library.getLibraryCalls())
      if (llvm::is_contained(call.operands, Value()))
        bytes = std::max(
            bytes, trainLibraryWorkspaceBytes(call.entry, call.params.data(), threads));
  if (auto kernels = dyn_cast<WorkspaceOpInterface>(op))
    bytes = std::max(bytes, kernels.getWorkspaceBytes());
  if (bytes > 0) {
    auto offset = op.getAttrOfType<IntegerAttr>("train.workspace");
    if (!offset) {
      complain(&op, "lacks a workspace of " + std::to_string(bytes) + " bytes");
    } else {
      scratch = nextLabel++;
      scratchBegin = offset.getInt() / 64;
      scratchEnd = llvm::divideCeil(offset.getInt() + bytes, 64);
      write(offset.getInt(), bytes, scratch);
    }
  }
  for (Value operand : op.getOperands())
    read(operand, getOffset(operand), &op);

  if (auto symbolRead = dyn_cast<ReadOp>(op)) {
    labels[op.getResult(0)] = symbols[symbolRead.getSymbolAttr().getAttr()];
    read(op.getResult(0), getOffset(op.getResult(0)), &op);
    return;
  }
  DenseElementsAttr value;
  if (isa<RandomKeyOp>(op) || (matchPattern(&op, m_Constant(&value)) && !value.isSplat()))
    return read(op.getResult(0), getOffset(op.getResult(0)), &op);

  for (OpResult result : op.getResults()) {
    ResultStorage storage = getResultStorage(result);
    if (storage.kind == ResultStorage::Kind::View) {
      labels[result] = labels[op.getOperand(storage.operand)];
      continue;
    }
    if (storage.kind == ResultStorage::Kind::MustAlias &&
        getOffset(result) != getOffset(op.getOperand(storage.operand)))
      complain(&op, "has a result that is not in its operand's place");
    define(result, getOffset(result));
  }
  // A fresh result that took an operand's bytes would have destroyed it while it is read.
  for (Value operand : op.getOperands()) {
    bool overwritten = llvm::any_of(op.getResults(), [&](OpResult result) {
      ResultStorage storage = getResultStorage(result);
      return storage.kind == ResultStorage::Kind::MustAlias &&
             getOffset(op.getOperand(storage.operand)) == getOffset(operand);
    });
    if (!overwritten)
      read(operand, getOffset(operand), &op);
  }
  for (int64_t i = scratchBegin; i < scratchEnd; ++i)
    if (arena[i] != scratch)
      return complain(&op, "has results in its workspace");
}

void PlanSimulator::visitLoop(MicrobatchOp loop) {
  Block &body = loop.getBody().front();
  unsigned numStreams = loop.getStreams().size();
  auto carried = body.getArguments().drop_front(numStreams);
  for (Value init : loop.getInits())
    read(init, getOffset(init), loop);
  for (BlockArgument argument : carried)
    define(argument, getOffset(argument));
  for (int round = 0; round < 2; ++round) {
    for (BlockArgument stream : body.getArguments().take_front(numStreams))
      define(stream, getOffset(stream));
    visitBlock(body);
    // Copies to the accumulators, where a value is computed elsewhere.
    for (auto [argument, value] :
         llvm::zip_equal(carried, body.getTerminator()->getOperands()))
      define(argument, getOffset(argument));
  }
  for (auto [result, argument] : llvm::zip_equal(loop.getResults(), carried)) {
    if (getOffset(result) != getOffset(argument))
      complain(loop, "has a result that is not in its accumulator's place");
    labels[result] = labels[argument];
  }
}

void PlanSimulator::read(Value value, int64_t offset, Operation *reader) {
  if (offset < 0)
    return;
  int64_t end = llvm::divideCeil(offset + getByteSize(value.getType()), 64);
  for (int64_t i = offset / 64; i < end; ++i)
    if (i >= static_cast<int64_t>(arena.size()) || arena[i] != labels.lookup(value))
      return complain(reader, "reads byte " + std::to_string(i * 64) +
                                  ", which holds something else");
}

void PlanSimulator::write(int64_t offset, int64_t bytes, Label label) {
  if (offset % 64 != 0 || offset < 0 ||
      offset + bytes > static_cast<int64_t>(arena.size()) * 64) {
    wrong.push_back("offset " + std::to_string(offset) + " is outside or not aligned");
    return;
  }
  for (int64_t i = offset / 64, end = llvm::divideCeil(offset + bytes, 64); i < end; ++i)
    arena[i] = label;
}

void PlanSimulator::define(Value value, int64_t offset) {
  labels[value] = nextLabel++;
  if (offset >= 0)
    write(offset, getByteSize(value.getType()), labels[value]);
}

int64_t PlanSimulator::getOffset(Value value) const {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return argument.getOwner()->getParentOp()->getAttrOfType<DenseI64ArrayAttr>(
        "train.arg_offsets")[argument.getArgNumber()];
  auto result = cast<OpResult>(value);
  return result.getOwner()->getAttrOfType<DenseI64ArrayAttr>(
      "train.offsets")[result.getResultNumber()];
}

void PlanSimulator::complain(Operation *op, const std::string &what) {
  std::string text;
  llvm::raw_string_ostream(text) << op->getName() << " " << what;
  wrong.push_back(text);
}
