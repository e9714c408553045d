// Writes the structs of Abi.h as LLVM constants. Field order here is the header's; the
// static asserts there and the check of sizes here keep the two together.
#include "Tables.h"
#include "train/Analysis/CostModel.h"
#include "train/Analysis/MemoryReport.h"
#include "train/Analysis/PersistentMemory.h"
#include "train/Analysis/PlanAttributes.h"
#include "llvm/ADT/StableHashing.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace train;

namespace {

class TableEmitter {
public:
  explicit TableEmitter(llvm::Module &module)
      : module(module), context(module.getContext()),
        pointer(llvm::PointerType::get(context, 0)) {}

  llvm::Constant *word(uint64_t value) {
    return llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), value);
  }
  llvm::Constant *half(uint32_t value) {
    return llvm::ConstantInt::get(llvm::Type::getInt32Ty(context), value);
  }
  llvm::Constant *real(double value) {
    return llvm::ConstantFP::get(llvm::Type::getDoubleTy(context), value);
  }
  llvm::Constant *null() { return llvm::ConstantPointerNull::get(pointer); }
  llvm::Constant *record(ArrayRef<llvm::Constant *> fields) {
    return llvm::ConstantStruct::getAnon(
        context, ArrayRef<llvm::Constant *>(fields.data(), fields.size()));
  }

  llvm::Constant *text(StringRef value) {
    llvm::Constant *&known = texts[value];
    if (!known)
      known =
          define(llvm::ConstantDataArray::getString(context, value, /*AddNull=*/true), 1);
    return known;
  }
  llvm::Constant *bytes(StringRef value, unsigned alignment) {
    return define(llvm::ConstantDataArray::getString(context, value, /*AddNull=*/false),
                  alignment);
  }
  // An array of equal records, or null if there are none.
  llvm::Constant *array(ArrayRef<llvm::Constant *> elements) {
    if (elements.empty())
      return null();
    auto *type = llvm::ArrayType::get(elements[0]->getType(), elements.size());
    return define(llvm::ConstantArray::get(type, elements), 8);
  }

  llvm::Constant *tensor(StringRef name, RankedTensorType type, int64_t offset) {
    SmallVector<llvm::Constant *> shape;
    for (unsigned i = 0; i < TRAIN_MAX_RANK; ++i)
      shape.push_back(word(i < type.getRank() ? type.getDimSize(i) : 0));
    auto *shapeType =
        llvm::ArrayType::get(llvm::Type::getInt64Ty(context), TRAIN_MAX_RANK);
    return record({text(name), half(*getRuntimeType(type.getElementType())),
                   half(type.getRank()), llvm::ConstantArray::get(shapeType, shape),
                   word(offset), word(getByteSize(type))});
  }

  llvm::GlobalVariable *define(llvm::Constant *value, unsigned alignment) {
    auto *global =
        new llvm::GlobalVariable(module, value->getType(), /*isConstant=*/true,
                                 llvm::GlobalValue::PrivateLinkage, value, "table");
    global->setAlignment(llvm::Align(alignment));
    return global;
  }

  llvm::Module &module;
  llvm::LLVMContext &context;
  llvm::PointerType *pointer;
  llvm::StringMap<llvm::Constant *> texts;
};

} // namespace

//===-- Symbols ---------------------------------------------------------------===//

// The bytes of a literal as they lie in the arena.
static std::string literalBytes(ElementsAttr elements) {
  auto dense = cast<DenseElementsAttr>(elements);
  auto type = cast<RankedTensorType>(dense.getType());
  std::string bytes;
  int64_t size = getElementBytes(type.getElementType());
  auto put = [&](uint64_t bits) {
    bytes.append(reinterpret_cast<const char *>(&bits), size);
  };
  if (isa<FloatType>(type.getElementType()))
    for (APFloat value : dense.getValues<APFloat>())
      put(value.bitcastToAPInt().getZExtValue());
  else
    for (APInt value : dense.getValues<APInt>())
      put(value.getZExtValue());
  return bytes;
}

static llvm::Constant *emitSymbol(TableEmitter &e, StringRef name, Type type,
                                  int64_t offset, uint32_t role, Attribute init,
                                  StringRef owner) {
  uint32_t kind = TRAIN_INIT_ZEROS;
  double a = 0, b = 0;
  llvm::Constant *data = e.null();
  if (auto fill = dyn_cast<FillAttr>(init)) {
    kind = TRAIN_INIT_CONSTANT;
    a = fill.getValue();
  } else if (auto normal = dyn_cast<NormalAttr>(init)) {
    kind = TRAIN_INIT_NORMAL;
    a = normal.getMean();
    b = normal.getStddev();
  } else if (auto uniform = dyn_cast<UniformAttr>(init)) {
    kind = TRAIN_INIT_UNIFORM;
    a = uniform.getLow();
    b = uniform.getHigh();
  } else if (auto elements = dyn_cast<ElementsAttr>(init)) {
    kind = TRAIN_INIT_LITERAL;
    data = e.bytes(literalBytes(elements), TRAIN_ALIGNMENT);
  } else if (isa<CopyOfAttr>(init)) {
    kind = TRAIN_INIT_COPY;
  }
  return e.record({e.tensor(name, cast<RankedTensorType>(type), offset), e.half(role),
                   e.half(kind), e.real(a), e.real(b), data,
                   owner.empty() ? e.null() : e.text(owner)});
}

static uint32_t runtimeRole(StateRole role) {
  switch (role) {
  case StateRole::Optimizer:
    return TRAIN_ROLE_OPTIMIZER;
  case StateRole::Statistic:
    return TRAIN_ROLE_STATISTIC;
  case StateRole::Counter:
    return TRAIN_ROLE_COUNTER;
  case StateRole::Other:
    return TRAIN_ROLE_STATE;
  case StateRole::Copy:
    return TRAIN_ROLE_COPY;
  }
  return TRAIN_ROLE_STATE;
}

static SmallVector<llvm::Constant *> emitSymbols(TableEmitter &e, ModuleOp module) {
  SmallVector<llvm::Constant *> symbols;
  for (Operation &op : *module.getBody()) {
    if (auto param = dyn_cast<ParamOp>(op))
      symbols.push_back(
          emitSymbol(e, param.getSymName(), param.getType(), *param.getOffset(),
                     param.getFrozen() ? TRAIN_ROLE_FROZEN : TRAIN_ROLE_PARAMETER,
                     param.getInit(), ""));
    else if (auto state = dyn_cast<StateOp>(op))
      symbols.push_back(emitSymbol(e, state.getSymName(), state.getType(),
                                   *state.getOffset(), runtimeRole(state.getRole()),
                                   state.getInit(), state.getOwner().value_or("")));
  }
  // Literals are copied in like frozen parameters, under names that no symbol can have.
  PersistentMemory persistent(module);
  for (auto [i, storage] : llvm::enumerate(persistent.getStorages()))
    if (auto elements = dyn_cast_or_null<ElementsAttr>(storage.op ? getLiteral(storage.op)
                                                                  : Attribute()))
      symbols.push_back(emitSymbol(e, ("#literal." + Twine(i)).str(), elements.getType(),
                                   persistent.getOffset(i), TRAIN_ROLE_LITERAL, elements,
                                   ""));
  return symbols;
}

//===-- Programs --------------------------------------------------------------===//

// What is asked of integers that index: to be in [0, bound), or to be `ignored`, unless
// that is 0.
struct IndexRange {
  int64_t bound;
  int64_t ignored = 0;
};

// What one use asks; only a loss has a label that it ignores.
static std::optional<IndexRange> getIndexRange(IndexingOpInterface op, unsigned operand) {
  std::optional<int64_t> bound = op.getIndexBound(operand);
  if (!bound)
    return std::nullopt;
  uint64_t ignored = 0;
  if (auto loss = dyn_cast<CrossEntropyOp>(*op))
    ignored = loss.getIgnoreIndex();
  else if (auto adjoint = dyn_cast<CrossEntropyBackwardOp>(*op))
    ignored = adjoint.getIgnoreIndex();
  return IndexRange{*bound, static_cast<int64_t>(ignored)};
}

// What all uses allow of integers that come from `value`; views and micro-batches pass it
// on.
static std::optional<IndexRange> findIndexRange(Value value) {
  std::optional<IndexRange> range;
  auto meet = [&](std::optional<IndexRange> other) {
    if (!other)
      return;
    if (!range)
      range = other;
    range->bound = std::min(range->bound, other->bound);
    if (range->ignored != other->ignored)
      range->ignored = 0;
  };
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    if (auto indexing = dyn_cast<IndexingOpInterface>(user))
      meet(getIndexRange(indexing, use.getOperandNumber()));
    else if (auto loop = dyn_cast<MicrobatchOp>(user))
      meet(findIndexRange(loop.getBody().getArgument(use.getOperandNumber())));
    else if (auto fusion = dyn_cast<FusionOp>(user))
      meet(findIndexRange(fusion.getBody().getArgument(use.getOperandNumber())));
    else
      for (OpResult result : user->getResults())
        if (getResultStorage(result).kind == ResultStorage::Kind::View)
          meet(findIndexRange(result));
  }
  return range;
}

// Where a data input of a micro-batch is: the program's own argument, or the loop's.
static Value findMicroBatch(BlockArgument input) {
  for (OpOperand &use : input.getUses())
    if (auto loop = dyn_cast<MicrobatchOp>(use.getOwner()))
      if (use.getOperandNumber() < loop.getStreams().size())
        return loop.getBody().getArgument(use.getOperandNumber());
  return input;
}

static llvm::Constant *emitProgram(TableEmitter &e, ProgramOpInterface program,
                                   const CommandList &commands, ModuleOp module) {
  SmallVector<llvm::Constant *> inputs, outputs, writes;
  int64_t samples = 1;
  for (BlockArgument input : program.getBodyBlock()->getArguments()) {
    unsigned i = input.getArgNumber();
    Value batch = findMicroBatch(input);
    auto type = cast<RankedTensorType>(batch.getType());
    bool data = program.getInputRole(i) == InputRole::Data;
    if (data && program.getBatchDim(i) >= 0)
      samples = type.getDimSize(0);
    // An input that nothing reads has no place and needs none.
    int64_t offset = getArenaOffset(batch);
    if (offset < 0)
      continue;
    IndexRange range = findIndexRange(batch).value_or(IndexRange{-1});
    inputs.push_back(
        e.record({e.tensor(program.getInputName(i), type, offset),
                  e.half(data ? TRAIN_INPUT_DATA : TRAIN_INPUT_LEARNING_RATE),
                  e.half(static_cast<uint32_t>(range.bound)), e.word(range.ignored)}));
  }
  if (auto key = module->getAttrOfType<IntegerAttr>(kRandomKeyOffsetAttr)) {
    auto type = RankedTensorType::get({3}, IntegerType::get(module.getContext(), 64));
    inputs.push_back(e.record({e.tensor("random_key", type, key.getInt()),
                               e.half(TRAIN_INPUT_RANDOM_KEY), e.half(-1), e.word(0)}));
  }
  Operation *ret = program.getBodyBlock()->getTerminator();
  for (auto [i, value] : llvm::enumerate(ret->getOperands()))
    outputs.push_back(e.tensor(program.getOutputName(i),
                               cast<RankedTensorType>(value.getType()),
                               getArenaOffset(value)));
  for (const CommandWrite &write : commands.writes)
    writes.push_back(
        e.record({e.half(write.first), e.half(write.last),
                  e.half(*getRuntimeType(write.type.getElementType())), e.half(0),
                  e.word(write.offset), e.word(getByteSize(write.type))}));
  uint32_t kind = isa<StepOp>(program)   ? TRAIN_PROGRAM_STEP
                  : isa<EvalOp>(program) ? TRAIN_PROGRAM_EVAL
                                         : TRAIN_PROGRAM_PREDICT;
  int64_t microBatches = 1;
  if (auto count = program->getAttrOfType<IntegerAttr>("micro_batches"))
    microBatches = count.getInt();
  return e.record({e.text(SymbolTable::getSymbolName(program).getValue()), e.half(kind),
                   e.half(commands.count), e.bytes(commands.bytes, 8),
                   e.word(commands.bytes.size()), e.array(inputs), e.half(inputs.size()),
                   e.half(outputs.size()), e.array(outputs), e.word(microBatches),
                   e.word(samples), e.array(writes), e.word(writes.size())});
}

//===-- The executable --------------------------------------------------------===//

LogicalResult train::emitTables(llvm::Module &target, ModuleOp module,
                                const CpuTarget &cpu, const ObjectOptions &options,
                                ArrayRef<ProgramCommands> programs, unsigned kernels,
                                const TextTable &texts) {
  TableEmitter e(target);
  FailureOr<llvm::json::Object> report = buildMemoryReport(module);
  if (failed(report))
    return failure();
  std::string reportText = llvm::formatv("{0}", llvm::json::Value(std::move(*report)));

  SmallVector<llvm::Constant *> kernelTable, locations, programTable;
  for (unsigned i = 0; i < kernels; ++i)
    kernelTable.push_back(target.getFunction(("kernel." + Twine(i)).str()));
  for (const std::string &text : texts.getTexts())
    locations.push_back(e.text(text));
  double flops = 0;
  bool hasBf16Products = false;
  std::string fingerprint, features = cpu.required;
  for (const ProgramCommands &entry : programs) {
    programTable.push_back(emitProgram(e, entry.program, entry.commands, module));
    fingerprint += entry.commands.bytes;
    hasBf16Products |= entry.commands.hasBf16Products;
    if (isa<StepOp>(entry.program))
      flops = getLibraryFlops(entry.program);
  }
  // The runtime computes products of bf16 on tiles where these are named, so that no
  // bits depend on the machine that runs it.
  if (cpu.bf16Tiles && hasBf16Products)
    features += ",amx_bf16,amx_tile";
  SmallVector<llvm::Constant *> symbols = emitSymbols(e, module);
  auto moduleInt = [&](StringRef name) -> int64_t {
    auto attr = module->getAttrOfType<IntegerAttr>(name);
    return attr ? attr.getInt() : 0;
  };
  llvm::Constant *executable = e.record({e.half(TRAIN_ABI_VERSION),
                                         e.half(moduleInt(kThreadsAttr)),
                                         e.text(module.getName().value_or("model")),
                                         e.text(cpu.name),
                                         e.text(features),
                                         e.text(options.libraryVersions),
                                         e.word(moduleInt(kArenaBytesAttr)),
                                         e.word(moduleInt(kLowerBoundAttr)),
                                         e.word(llvm::xxh3_64bits(fingerprint)),
                                         e.real(flops),
                                         e.text(reportText),
                                         e.text(options.optionsJson),
                                         e.array(kernelTable),
                                         e.half(kernelTable.size()),
                                         e.half(symbols.size()),
                                         e.array(symbols),
                                         e.array(programTable),
                                         e.half(programTable.size()),
                                         e.half(locations.size()),
                                         e.array(locations)});
  if (target.getDataLayout().getTypeAllocSize(executable->getType()) !=
      sizeof(TrainExecutable))
    return module.emitError("internal error: tables of ")
           << target.getDataLayout()
                  .getTypeAllocSize(executable->getType())
                  .getFixedValue()
           << " bytes where the ABI says " << sizeof(TrainExecutable);
  auto *global = new llvm::GlobalVariable(
      target, executable->getType(), /*isConstant=*/true,
      llvm::GlobalValue::ExternalLinkage, executable, TRAIN_SYMBOL_EXECUTABLE);
  global->setAlignment(llvm::Align(8));
  return success();
}
