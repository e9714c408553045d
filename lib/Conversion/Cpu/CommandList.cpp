// A planned module as command lists. One pass in issue order; all decisions were made
// before.
#include "CommandList.h"
#include "train/Analysis/OpText.h"
#include "train/Analysis/PlanAttributes.h"

using namespace mlir;
using namespace train;

unsigned KernelTable::add(rows::Program program) {
  auto [it, inserted] = indices.try_emplace(program.key, programs.size());
  if (inserted)
    programs.push_back(std::move(program));
  return it->second;
}

unsigned TextTable::add(StringRef text) {
  auto [it, inserted] = indices.try_emplace(text, texts.size());
  if (inserted)
    texts.push_back(text.str());
  return it->second;
}

namespace {

class CommandBuilder {
public:
  CommandBuilder(KernelTable &kernels, TextTable &texts)
      : kernels(kernels), texts(texts) {}

  LogicalResult addBlock(Block &block) {
    for (Operation &op : block) {
      unsigned first = list.count;
      if (failed(addOp(op)))
        return failure();
      // Loops note what they carry themselves; views and literals take no command.
      if (list.count > first && !isa<MicrobatchOp>(op))
        for (Value result : op.getResults())
          note(result, getArenaOffset(result), first);
    }
    return success();
  }

  void addLoad(Operation *op) { append(op, TRAIN_COMMAND_LOAD_INPUTS, 0, 0, 0, {}, {}); }

  CommandList take() { return std::move(list); }

private:
  LogicalResult addOp(Operation &op) {
    if (auto loop = dyn_cast<MicrobatchOp>(op))
      return addLoop(loop);
    if (auto write = dyn_cast<WriteOp>(op)) {
      addCopy(&op, write.getValue(), getSymbolOffset(write));
      return success();
    }
    if (auto library = dyn_cast<LibraryOpInterface>(op)) {
      bool placed = op.getNumResults() == 0 || getArenaOffset(op.getResult(0)) >= 0;
      bool literal =
          op.hasTrait<OpTrait::ConstantLike>() && library.getLibraryCalls().empty();
      if (!placed || literal)
        return success();
      for (const LibraryCall &call : library.getLibraryCalls())
        if (failed(addCall(&op, call)))
          return failure();
      return success();
    }
    if (isa<FusionOp, RowProgramOpInterface>(op)) {
      addLabelCheck(op);
      return addRows(&op);
    }
    return success();
  }

  /// Whether a library entry works with elements of this type.
  static bool takes(TrainLibrary entry, Type element) {
    if (!isa<FloatType>(element) || element.isF32())
      return true;
    switch (entry) {
    case TRAIN_LIBRARY_COPY:
    case TRAIN_LIBRARY_FILL:
    case TRAIN_LIBRARY_EMBEDDING:
      // They move whole bytes.
      return element.getIntOrFloatBitWidth() >= 8;
    default:
      return element.isF16() || element.isBF16();
    }
  }

  /// The entries that compute on a matrix unit where there is one.
  static bool isProduct(TrainLibrary entry) {
    return entry == TRAIN_LIBRARY_MATMUL || entry == TRAIN_LIBRARY_CONV2D ||
           entry == TRAIN_LIBRARY_CONV2D_TRANSPOSE ||
           entry == TRAIN_LIBRARY_CONV2D_FILTER_GRAD;
  }

  LogicalResult addCall(Operation *op, const LibraryCall &call) {
    SmallVector<int64_t> offsets;
    for (Value operand : call.operands) {
      Type element = operand ? getElementTypeOrSelf(operand.getType()) : Type();
      if (element && !takes(call.entry, element))
        return op->emitOpError("has element type ")
               << element << ", for which the CPU has no kernel yet";
      int64_t offset = operand ? getArenaOffset(operand) : getWorkspace(op);
      if (offset < 0 && operand)
        return op->emitOpError("has an operand or result without a place in the arena");
      // A library entry that needs no workspace after all gets an address it never reads.
      offsets.push_back(std::max<int64_t>(offset, 0));
    }
    append(op, TRAIN_COMMAND_LIBRARY, call.entry, 0, 0, offsets, call.params);
    list.hasBf16Products |=
        isProduct(call.entry) && getElementTypeOrSelf(call.operands[0]).isBF16();
    return success();
  }

  // A loss whose labels are in memory looks at them first: its kernel cannot fail.
  void addLabelCheck(Operation &op) {
    auto check = [&](Value labels, Value logits, uint64_t ignored) {
      auto type = cast<RankedTensorType>(labels.getType());
      int64_t classes = cast<RankedTensorType>(logits.getType()).getShape().back();
      if (int64_t offset = getArenaOffset(labels); offset >= 0)
        append(&op, TRAIN_COMMAND_LIBRARY, TRAIN_LIBRARY_CHECK_LABELS, 0, 0, {offset},
               {type.getNumElements(), *getRuntimeType(type.getElementType()), classes,
                static_cast<int64_t>(ignored)});
    };
    if (auto loss = dyn_cast<CrossEntropyOp>(op))
      check(loss.getLabels(), loss.getLogits(), loss.getIgnoreIndex());
    else if (auto adjoint = dyn_cast<CrossEntropyBackwardOp>(op))
      check(adjoint.getLabels(), adjoint.getLogits(), adjoint.getIgnoreIndex());
  }

  LogicalResult addRows(Operation *op) {
    FailureOr<rows::Sequence> sequence = rows::buildRowPrograms(op);
    if (failed(sequence))
      return failure();
    for (rows::Program &program : sequence->programs) {
      SmallVector<int64_t> offsets;
      for (const rows::Buffer &buffer : program.buffers) {
        int64_t offset;
        if (buffer.value) {
          offset = getArenaOffset(buffer.value);
          if (offset < 0)
            return op->emitOpError(
                "has an operand or result without a place in the arena");
          offset += buffer.start * getElementBytes(buffer.element);
        } else {
          offset = getWorkspace(op) + buffer.temporary;
        }
        offsets.push_back(offset);
      }
      int64_t extent = program.getExtent(), grain = program.getGrain();
      SmallVector<int64_t> parameters = llvm::to_vector<6>(program.parameters);
      unsigned kernel = kernels.add(std::move(program));
      append(op, TRAIN_COMMAND_KERNEL, kernel, extent, grain, offsets, parameters);
    }
    return success();
  }

  LogicalResult addLoop(MicrobatchOp loop) {
    Block &body = loop.getBody().front();
    unsigned streams = loop.getStreams().size();
    for (auto [init, argument] :
         llvm::zip(loop.getInits(), body.getArguments().drop_front(streams))) {
      int64_t target = getArenaOffset(argument);
      auto constant = init.getDefiningOp<ConstantOp>();
      if (getArenaOffset(init) >= 0) {
        addCopy(loop, init, target);
        continue;
      }
      if (!constant)
        return loop.emitOpError("has an init without a place in the arena");
      unsigned first = list.count;
      for (const LibraryCall &call : constant.getLibraryCalls())
        append(loop, TRAIN_COMMAND_LIBRARY, call.entry, 0, 0, {target}, call.params);
      note(init, target, first);
    }
    append(loop, TRAIN_COMMAND_LOOP_BEGIN, 0, loop.getCount(), 0, {}, {});
    addLoad(loop);
    if (failed(addBlock(body)))
      return failure();
    for (auto [value, argument] : llvm::zip(body.getTerminator()->getOperands(),
                                            body.getArguments().drop_front(streams)))
      addCopy(loop, value, getArenaOffset(argument));
    append(loop, TRAIN_COMMAND_LOOP_END, 0, 0, 0, {}, {});
    return success();
  }

  // The bytes of a value to another place; nothing to do where they are there already.
  void addCopy(Operation *op, Value value, int64_t target) {
    int64_t source = getArenaOffset(value);
    if (source == target)
      return;
    int64_t bytes = getByteSize(value.getType());
    append(op, TRAIN_COMMAND_LIBRARY, TRAIN_LIBRARY_COPY, 0, 0, {source, target},
           {1, 1, 0, 0, bytes, 1, 1});
    note(value, target, list.count - 1);
  }

  // The commands from `first` to the newest put `value` at `offset`.
  void note(Value value, int64_t offset, unsigned first) {
    auto type = cast<RankedTensorType>(value.getType());
    if (offset >= 0 && list.count > first && getRuntimeType(type.getElementType()))
      list.writes.push_back({first, list.count - 1, type, offset});
  }

  static int64_t getWorkspace(Operation *op) {
    auto workspace = op->getAttrOfType<IntegerAttr>(kWorkspaceAttr);
    return workspace ? workspace.getInt() : -1;
  }

  int64_t getSymbolOffset(WriteOp write) {
    Operation *symbol = symbols.lookupNearestSymbolFrom(write, write.getSymbolAttr());
    if (auto param = dyn_cast_or_null<ParamOp>(symbol))
      return param.getOffset().value_or(0);
    return cast<StateOp>(symbol).getOffset().value_or(0);
  }

  void append(Operation *op, unsigned kind, unsigned entry, int64_t extent, int64_t grain,
              ArrayRef<int64_t> offsets, ArrayRef<int64_t> params) {
    TrainCommand command = {};
    command.kind = kind;
    command.entry = entry;
    command.operand_count = offsets.size();
    command.param_count = params.size();
    command.extent = extent;
    command.grain = grain;
    command.location = texts.add(getLocationText(op->getLoc()));
    command.name = texts.add(getOpText(op));
    list.bytes.append(reinterpret_cast<const char *>(&command), sizeof(command));
    list.bytes.append(reinterpret_cast<const char *>(offsets.data()), offsets.size() * 8);
    list.bytes.append(reinterpret_cast<const char *>(params.data()), params.size() * 8);
    ++list.count;
  }

  KernelTable &kernels;
  TextTable &texts;
  SymbolTableCollection symbols;
  CommandList list;
};

} // namespace

// What an executable shares with the outside has types that its runtime knows; those of 8
// bits and fewer live within a step.
static LogicalResult checkInterface(ProgramOpInterface program) {
  auto check = [](Operation *op, Type type) -> LogicalResult {
    Type element = getElementTypeOrSelf(type);
    if (getRuntimeType(element))
      return success();
    return op->emitOpError("has element type ")
           << element << ", which executables neither read nor write yet";
  };
  for (BlockArgument input : program.getBodyBlock()->getArguments())
    if (failed(check(program, input.getType())))
      return failure();
  Operation *ret = program.getBodyBlock()->getTerminator();
  for (Value output : ret->getOperands())
    if (failed(check(ret, output.getType())))
      return failure();
  for (Operation &op : *program->getParentOfType<ModuleOp>().getBody()) {
    auto type = isa<ParamOp, StateOp>(op) ? op.getAttrOfType<TypeAttr>("type") : nullptr;
    if (type && failed(check(&op, type.getValue())))
      return failure();
  }
  WalkResult literals = program.walk([&](ConstantOp constant) {
    bool literal = constant.getLibraryCalls().empty();
    return literal && failed(check(constant, constant.getType()))
               ? WalkResult::interrupt()
               : WalkResult::advance();
  });
  return failure(literals.wasInterrupted());
}

FailureOr<CommandList> train::buildCommands(ProgramOpInterface program,
                                            KernelTable &kernels, TextTable &texts) {
  if (failed(checkInterface(program)))
    return failure();
  CommandBuilder builder(kernels, texts);
  Block *block = program.getBodyBlock();
  // A loop loads each micro-batch itself; without one the program's inputs are loaded
  // once. Its random key too, so this is needed even without data.
  if (block->getOps<MicrobatchOp>().empty())
    builder.addLoad(program);
  if (failed(builder.addBlock(*block)))
    return failure();
  return builder.take();
}
