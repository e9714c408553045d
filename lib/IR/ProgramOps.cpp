// Symbols, programs and structure: their syntax and what holds between them.
#include "ShapeInference.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace train;

#define GET_OP_CLASSES
#include "train/IR/ProgramOps.cpp.inc"

//===-- param and state
//---------------------------------------------------------------------===//

static LogicalResult verifyInitializer(Operation *op, Type type, Attribute init) {
  if (isa<ZerosAttr, FillAttr, NormalAttr, UniformAttr>(init)) {
    if (isa<NormalAttr, UniformAttr>(init) &&
        !isa<FloatType>(cast<RankedTensorType>(type).getElementType()))
      return op->emitOpError("random initial values are floats, the type is ") << type;
    return success();
  }
  if (auto elements = dyn_cast<ElementsAttr>(init)) {
    if (elements.getType() != type)
      return op->emitOpError("initial value has type ")
             << elements.getType() << ", the symbol " << type;
    return inference::verifyLiteral(op, elements);
  }
  return op->emitOpError(
             "initial value must be #train.zeros, #train.constant, #train.normal, "
             "#train.uniform or an elements attribute, got ")
         << init;
}

// More elements than this, and byte sizes no longer fit an int64_t.
static constexpr int64_t kMaxElements = int64_t(1) << 57;

static bool isTooLarge(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape() &&
         inference::getProduct(tensor.getShape()) > kMaxElements;
}

// The element types of TrainBase.td.
static bool isElementType(Type type) {
  return type.isSignlessIntOrFloat() &&
         (getRuntimeType(type) ||
          isa<Float8E4M3FNType, Float8E5M2Type, Float4E2M1FNType, Float8E8M0FNUType>(
              type));
}

static LogicalResult verifySymbolType(Operation *op, Type type, bool floatsOnly) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return op->emitOpError("needs a ranked tensor type, got ") << type;
  if (!tensor.hasStaticShape())
    return op->emitOpError("needs a static shape, got ") << type;
  if (tensor.getRank() > TRAIN_MAX_RANK)
    return op->emitOpError("has rank ")
           << tensor.getRank() << ", at most " << TRAIN_MAX_RANK;
  if (floatsOnly && !isa<FloatType>(tensor.getElementType()))
    return op->emitOpError("needs a float element type, got ") << tensor.getElementType();
  if (!isElementType(tensor.getElementType()))
    return op->emitOpError("needs a number element type, got ")
           << tensor.getElementType();
  if (isTooLarge(tensor))
    return op->emitOpError("has more than 2^57 elements: ") << tensor;
  return success();
}

LogicalResult ParamOp::verify() {
  if (failed(verifySymbolType(*this, getType(), /*floatsOnly=*/true)))
    return failure();
  return verifyInitializer(*this, getType(), getInit());
}

LogicalResult StateOp::verify() {
  if (failed(verifySymbolType(*this, getType(), /*floatsOnly=*/false)))
    return failure();
  return verifyInitializer(*this, getType(), getInit());
}

LogicalResult StateOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto owner = getOwnerAttr();
  if (owner && !tables.lookupNearestSymbolFrom<ParamOp>(*this, owner))
    return emitOpError("owner ") << owner << " names no train.param";
  return success();
}

//===-- read and write
//----------------------------------------------------------------------===//

// The declared type of the param or state that a symbol names, or null.
static Type lookupSymbolType(SymbolTableCollection &tables, Operation *op,
                             FlatSymbolRefAttr name) {
  Operation *symbol = tables.lookupNearestSymbolFrom(op, name);
  if (auto param = dyn_cast_or_null<ParamOp>(symbol))
    return param.getType();
  if (auto state = dyn_cast_or_null<StateOp>(symbol))
    return state.getType();
  return nullptr;
}

static LogicalResult verifyAccess(SymbolTableCollection &tables, Operation *op,
                                  FlatSymbolRefAttr name, Type type) {
  Type declared = lookupSymbolType(tables, op, name);
  if (!declared)
    return op->emitOpError("symbol ") << name << " names no train.param or train.state";
  if (declared == type)
    return success();
  InFlightDiagnostic diag = op->emitOpError("has type ")
                            << type << ", the symbol has " << declared;
  diag.attachNote(tables.lookupNearestSymbolFrom(op, name)->getLoc())
      << name << " is declared here";
  return diag;
}

LogicalResult ReadOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyAccess(tables, *this, getSymbolAttr(), getResult().getType());
}

LogicalResult WriteOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (isa_and_nonnull<GraphOp>((*this)->getParentOp()))
    return emitOpError(
        "has no place in a train.graph; the passes build the step that writes");
  auto param = tables.lookupNearestSymbolFrom<ParamOp>(*this, getSymbolAttr());
  if (param && param.getFrozen()) {
    InFlightDiagnostic diag = emitOpError("writes frozen parameter ") << getSymbolAttr();
    diag.attachNote(param.getLoc()) << "declared frozen here";
    return diag;
  }
  return verifyAccess(tables, *this, getSymbolAttr(), getValue().getType());
}

//===-- programs
//----------------------------------------------------------------------------===//

// (%name: type [batch(d)] [learning_rate], ...) -> (name: type, ...) [micro_batches(N)] {
// body }
static ParseResult parseProgram(OpAsmParser &parser, OperationState &state) {
  Builder &b = parser.getBuilder();
  StringAttr name;
  if (parser.parseSymbolName(name, SymbolTable::getSymbolAttrName(), state.attributes))
    return failure();

  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<Attribute> inputNames;
  SmallVector<int64_t> roles, batchDims;
  auto parseInput = [&]() -> ParseResult {
    OpAsmParser::Argument &argument = arguments.emplace_back();
    if (parser.parseArgument(argument, /*allowType=*/false) ||
        parser.parseColonType(argument.type) ||
        parser.parseOptionalLocationSpecifier(argument.sourceLoc))
      return failure();
    inputNames.push_back(b.getStringAttr(argument.ssaName.name.drop_front()));
    roles.push_back(static_cast<int64_t>(InputRole::Data));
    batchDims.push_back(-1);
    if (succeeded(parser.parseOptionalKeyword("batch")) &&
        (parser.parseLParen() || parser.parseInteger(batchDims.back()) ||
         parser.parseRParen()))
      return failure();
    if (succeeded(parser.parseOptionalKeyword("learning_rate")))
      roles.back() = static_cast<int64_t>(InputRole::LearningRate);
    return success();
  };
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren, parseInput))
    return failure();

  SmallVector<Attribute> outputNames;
  SmallVector<Type> outputTypes;
  auto parseOutput = [&]() -> ParseResult {
    std::string output;
    if (parser.parseKeywordOrString(&output) ||
        parser.parseColonType(outputTypes.emplace_back()))
      return failure();
    outputNames.push_back(b.getStringAttr(output));
    return success();
  };
  if (succeeded(parser.parseOptionalArrow()) &&
      parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren, parseOutput))
    return failure();

  if (succeeded(parser.parseOptionalKeyword("micro_batches"))) {
    int64_t count;
    if (parser.parseLParen() || parser.parseInteger(count) || parser.parseRParen())
      return failure();
    state.addAttribute("micro_batches", b.getI64IntegerAttr(count));
  }
  if (parser.parseOptionalAttrDictWithKeyword(state.attributes))
    return failure();
  SMLoc bodyLoc = parser.getCurrentLocation();
  Region *body = state.addRegion();
  if (parser.parseRegion(*body, arguments))
    return failure();
  if (body->empty())
    return parser.emitError(bodyLoc, "expected a body that ends in train.return");

  // The types stand in the signature for the reader; the body's return decides, so they
  // must agree.
  Operation *last = body->front().empty() ? nullptr : &body->front().back();
  if (!isa_and_nonnull<ReturnOp>(last))
    return parser.emitError(bodyLoc, "body must end in train.return");
  if (!llvm::equal(last->getOperandTypes(), outputTypes)) {
    InFlightDiagnostic diag = mlir::emitError(last->getLoc(), "returns (");
    llvm::interleaveComma(last->getOperandTypes(), diag);
    diag << "), the signature says (";
    llvm::interleaveComma(outputTypes, diag);
    return diag << ")";
  }
  state.addAttribute("input_names", b.getArrayAttr(inputNames));
  state.addAttribute("input_roles", b.getDenseI64ArrayAttr(roles));
  state.addAttribute("batch_dims", b.getDenseI64ArrayAttr(batchDims));
  state.addAttribute("output_names", b.getArrayAttr(outputNames));
  return success();
}

static void printProgram(OpAsmPrinter &printer, ProgramOpInterface program) {
  Operation *op = program;
  printer << ' ';
  printer.printSymbolName(SymbolTable::getSymbolName(op).getValue());
  printer << '(';
  Block *block = program.getBodyBlock();
  for (BlockArgument argument : block->getArguments()) {
    unsigned i = argument.getArgNumber();
    if (i)
      printer << ", ";
    // With the location, if any, behind the type: only this function prints it no more
    // than asked for.
    printer.printRegionArgument(argument);
    if (program.getBatchDim(i) >= 0)
      printer << " batch(" << program.getBatchDim(i) << ')';
    if (program.getInputRole(i) == InputRole::LearningRate)
      printer << " learning_rate";
  }
  printer << ')';
  Operation *terminator = block->getTerminator();
  if (program.getNumOutputs()) {
    printer << " -> (";
    for (unsigned i = 0, e = program.getNumOutputs(); i < e; ++i) {
      if (i)
        printer << ", ";
      printer.printKeywordOrString(program.getOutputName(i));
      printer << ": " << terminator->getOperand(i).getType();
    }
    printer << ')';
  }
  auto count = op->getAttrOfType<IntegerAttr>("micro_batches");
  if (count && count.getInt() != 1)
    printer << " micro_batches(" << count.getInt() << ')';
  printer.printOptionalAttrDictWithKeyword(
      op->getAttrs(), {"sym_name", "input_names", "input_roles", "batch_dims",
                       "output_names", "micro_batches"});
  printer << ' ';
  printer.printRegion(op->getRegion(0), /*printEntryBlockArgs=*/false);
}

static LogicalResult verifyDistinct(Operation *op, ArrayAttr names, StringRef what) {
  llvm::StringSet<> seen;
  for (Attribute attr : names) {
    auto name = dyn_cast<StringAttr>(attr);
    if (!name)
      return op->emitOpError() << what << " names must be strings, got " << attr;
    if (!seen.insert(name.getValue()).second)
      return op->emitOpError() << "has two " << what << "s named '" << name.getValue()
                               << "'";
  }
  return success();
}

// Runs before the verifiers of the ops inside, whose arithmetic relies on it.
static LogicalResult verifySizes(Operation *program) {
  WalkResult result = program->walk<WalkOrder::PreOrder>([](Operation *op) {
    SmallVector<Type> types(op->getResultTypes());
    for (Region &region : op->getRegions())
      for (Block &block : region)
        llvm::append_range(types, block.getArgumentTypes());
    for (Type type : types) {
      if (isTooLarge(type)) {
        op->emitOpError("has a value of more than 2^57 elements: ") << type;
        return WalkResult::interrupt();
      }
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

template <typename ProgramTy> static LogicalResult verifyProgram(ProgramTy program) {
  Block &block = program.getBody().front();
  unsigned inputs = block.getNumArguments();
  if (program.getInputNames().size() != inputs ||
      program.getInputRoles().size() != inputs || program.getBatchDims().size() != inputs)
    return program.emitOpError("has ")
           << inputs << " inputs, but " << program.getInputNames().size() << " names, "
           << program.getInputRoles().size() << " roles and "
           << program.getBatchDims().size() << " batch dimensions";
  auto ret = dyn_cast<ReturnOp>(block.getTerminator());
  if (!ret || ret.getNumOperands() != program.getOutputNames().size())
    return program.emitOpError("must end in train.return of ")
           << program.getOutputNames().size() << " outputs";
  if (failed(verifyDistinct(program, program.getInputNames(), "input")) ||
      failed(verifyDistinct(program, program.getOutputNames(), "output")))
    return failure();

  int64_t batch = -1;
  for (auto [i, dim] : llvm::enumerate(program.getBatchDims())) {
    auto type = dyn_cast<RankedTensorType>(block.getArgument(i).getType());
    if (!type || !type.hasStaticShape())
      return program.emitOpError("input ")
             << program.getInputNames()[i] << " needs a static shape, got "
             << block.getArgument(i).getType();
    if (type.getRank() > TRAIN_MAX_RANK)
      return program.emitOpError("input ")
             << program.getInputNames()[i] << " has rank " << type.getRank()
             << ", at most " << TRAIN_MAX_RANK;
    auto role = static_cast<InputRole>(program.getInputRoles()[i]);
    if (role != InputRole::Data && role != InputRole::LearningRate)
      return program.emitOpError("input ")
             << program.getInputNames()[i] << " has an unknown role, "
             << program.getInputRoles()[i];
    if (role == InputRole::LearningRate &&
        (type.getRank() != 0 || !type.getElementType().isF32()))
      return program.emitOpError("input ")
             << program.getInputNames()[i]
             << " is a learning rate and must be tensor<f32>, got " << type;
    if (dim == -1)
      continue;
    if (dim < 0 || dim >= type.getRank())
      return program.emitOpError("input ")
             << program.getInputNames()[i] << " has rank " << type.getRank()
             << " and no batch dimension " << dim;
    if (batch >= 0 && type.getDimSize(dim) != batch)
      return program.emitOpError("inputs have batch sizes ")
             << batch << " and " << type.getDimSize(dim);
    batch = type.getDimSize(dim);
  }
  if (program.getMicroBatches() < 1)
    return program.emitOpError("needs at least one micro-batch, got ")
           << program.getMicroBatches();

  if (failed(verifySizes(program)))
    return failure();

  llvm::StringMap<Operation *> writers;
  for (WriteOp write : block.getOps<WriteOp>()) {
    auto [it, inserted] = writers.try_emplace(write.getSymbol(), write);
    if (!inserted) {
      InFlightDiagnostic diag = write.emitOpError("is the second write of ")
                                << write.getSymbolAttr();
      diag.attachNote(it->second->getLoc()) << "the first is here";
      return diag;
    }
  }
  return success();
}

#define TRAIN_PROGRAM(Op)                                                                \
  ParseResult Op::parse(OpAsmParser &parser, OperationState &state) {                    \
    return parseProgram(parser, state);                                                  \
  }                                                                                      \
  void Op::print(OpAsmPrinter &printer) {                                                \
    printProgram(printer, cast<ProgramOpInterface>(getOperation()));                     \
  }                                                                                      \
  void Op::getAsmBlockArgumentNames(Region &, OpAsmSetValueNameFn setName) {             \
    for (auto [argument, name] : llvm::zip(getBody().getArguments(), getInputNames()))   \
      if (auto text = dyn_cast<StringAttr>(name))                                        \
        setName(argument, text.getValue());                                              \
  }
TRAIN_PROGRAM(GraphOp)
TRAIN_PROGRAM(StepOp)
TRAIN_PROGRAM(EvalOp)
TRAIN_PROGRAM(PredictOp)
#undef TRAIN_PROGRAM

LogicalResult GraphOp::verify() {
  if (failed(verifyProgram(*this)))
    return failure();
  Operation *ret = getBody().front().getTerminator();
  for (auto [name, value] : llvm::zip(getOutputNames(), ret->getOperands())) {
    auto type = cast<RankedTensorType>(value.getType());
    if (cast<StringAttr>(name).getValue() == "loss" &&
        (type.getRank() != 0 || !isa<FloatType>(type.getElementType())))
      return emitOpError("output 'loss' must be a float scalar, got ") << type;
  }
  return success();
}
LogicalResult StepOp::verify() { return verifyProgram(*this); }
LogicalResult EvalOp::verify() { return verifyProgram(*this); }
LogicalResult PredictOp::verify() { return verifyProgram(*this); }

//===-- layer and checkpoint
//----------------------------------------------------------------===//

static LogicalResult verifyYield(Operation *op, TypeRange types) {
  auto yield = dyn_cast<YieldOp>(op->getRegion(0).front().getTerminator());
  if (!yield)
    return op->emitOpError("body must end in train.yield");
  if (yield.getOperandTypes() != types) {
    InFlightDiagnostic diag = op->emitOpError("body yields (");
    llvm::interleaveComma(yield.getOperandTypes(), diag);
    diag << "), expected (";
    llvm::interleaveComma(types, diag);
    return diag << ")";
  }
  return success();
}

LogicalResult LayerOp::verify() { return verifyYield(*this, getResultTypes()); }
LogicalResult CheckpointOp::verify() { return verifyYield(*this, getResultTypes()); }

//===-- microbatch
//--------------------------------------------------------------------------===//

// train.microbatch 4 streams(%x = %xs : t, ...) carry(%a = %i : t, ...) { body }
static ParseResult
parseBindings(OpAsmParser &parser, StringRef keyword,
              SmallVectorImpl<OpAsmParser::Argument> &arguments,
              SmallVectorImpl<OpAsmParser::UnresolvedOperand> &operands) {
  if (failed(parser.parseOptionalKeyword(keyword)))
    return success();
  return parser.parseCommaSeparatedList(
      OpAsmParser::Delimiter::Paren, [&]() -> ParseResult {
        OpAsmParser::Argument &argument = arguments.emplace_back();
        return failure(parser.parseArgument(argument) || parser.parseEqual() ||
                       parser.parseOperand(operands.emplace_back()) ||
                       parser.parseColonType(argument.type));
      });
}

static void printBindings(OpAsmPrinter &printer, StringRef keyword, ValueRange arguments,
                          ValueRange operands) {
  if (operands.empty())
    return;
  printer << ' ' << keyword << '(';
  llvm::interleaveComma(llvm::zip(arguments, operands), printer, [&](auto pair) {
    printer << std::get<0>(pair) << " = " << std::get<1>(pair) << " : "
            << std::get<0>(pair).getType();
  });
  printer << ')';
}

ParseResult MicrobatchOp::parse(OpAsmParser &parser, OperationState &state) {
  Builder &b = parser.getBuilder();
  int64_t count;
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> streams, inits;
  if (parser.parseInteger(count) ||
      parseBindings(parser, "streams", arguments, streams) ||
      parseBindings(parser, "carry", arguments, inits))
    return failure();
  SmallVector<Type> streamTypes, carried;
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    if (i >= streams.size()) {
      carried.push_back(argument.type);
      continue;
    }
    auto slice = dyn_cast<RankedTensorType>(argument.type);
    if (!slice)
      return parser.emitError(loc, "streams are ranked tensors");
    SmallVector<int64_t> shape{count};
    llvm::append_range(shape, slice.getShape());
    streamTypes.push_back(RankedTensorType::get(shape, slice.getElementType()));
  }
  if (parser.resolveOperands(streams, streamTypes, loc, state.operands) ||
      parser.resolveOperands(inits, carried, loc, state.operands) ||
      parser.parseOptionalAttrDictWithKeyword(state.attributes) ||
      parser.parseRegion(*state.addRegion(), arguments))
    return failure();
  state.addTypes(carried);
  state.addAttribute("count", b.getI64IntegerAttr(count));
  state.addAttribute("operandSegmentSizes",
                     b.getDenseI32ArrayAttr({static_cast<int32_t>(streams.size()),
                                             static_cast<int32_t>(inits.size())}));
  return success();
}

void MicrobatchOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getCount();
  Block::BlockArgListType arguments = getBody().front().getArguments();
  SmallVector<Value> values(arguments.begin(), arguments.end());
  size_t streams = getStreams().size();
  printBindings(printer, "streams", ValueRange(values).take_front(streams), getStreams());
  printBindings(printer, "carry", ValueRange(values).drop_front(streams), getInits());
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(),
                                           {"count", "operandSegmentSizes"});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

LogicalResult MicrobatchOp::verify() {
  Block &block = getBody().front();
  size_t streams = getStreams().size();
  if (block.getNumArguments() != streams + getInits().size())
    return emitOpError("body takes ")
           << block.getNumArguments() << " arguments, expected "
           << streams + getInits().size();
  for (auto [i, stream] : llvm::enumerate(getStreams())) {
    auto type = cast<RankedTensorType>(stream.getType());
    auto slice = dyn_cast<RankedTensorType>(block.getArgument(i).getType());
    if (type.getRank() == 0 || type.getDimSize(0) != static_cast<int64_t>(getCount()) ||
        !slice || slice.getShape() != type.getShape().drop_front() ||
        slice.getElementType() != type.getElementType())
      return emitOpError("stream ")
             << i << " of type " << type << " does not hold " << getCount()
             << " micro-batches of " << block.getArgument(i).getType();
  }
  auto carried = TypeRange(block.getArgumentTypes()).drop_front(streams);
  if (carried != getInits().getTypes() || carried != getResultTypes())
    return emitOpError(
        "carries values whose types differ between init, argument and result");
  return verifyYield(*this, getResultTypes());
}

ResultStorage MicrobatchOp::getResultStorage(unsigned result) {
  return ResultStorage::alias(getStreams().size() + result);
}

//===-- fusion
//------------------------------------------------------------------------------===//

// train.fusion (%a = %x : t, ...) -> (t, ...) [aliases [..]] { body }
ParseResult FusionOp::parse(OpAsmParser &parser, OperationState &state) {
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SMLoc loc = parser.getCurrentLocation();
  auto parseBinding = [&]() -> ParseResult {
    OpAsmParser::Argument &argument = arguments.emplace_back();
    return failure(parser.parseArgument(argument) || parser.parseEqual() ||
                   parser.parseOperand(operands.emplace_back()) ||
                   parser.parseColonType(argument.type));
  };
  SmallVector<Type> results;
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren, parseBinding) ||
      parser.parseArrowTypeList(results))
    return failure();
  SmallVector<int64_t> aliases(results.size(), -1);
  if (succeeded(parser.parseOptionalKeyword("aliases"))) {
    aliases.clear();
    auto parseAlias = [&] { return parser.parseInteger(aliases.emplace_back()); };
    if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Square, parseAlias))
      return failure();
  }
  SmallVector<Type> types;
  for (OpAsmParser::Argument &argument : arguments)
    types.push_back(argument.type);
  if (parser.resolveOperands(operands, types, loc, state.operands) ||
      parser.parseOptionalAttrDictWithKeyword(state.attributes) ||
      parser.parseRegion(*state.addRegion(), arguments))
    return failure();
  state.addTypes(results);
  state.addAttribute("aliases", parser.getBuilder().getDenseI64ArrayAttr(aliases));
  return success();
}

void FusionOp::print(OpAsmPrinter &printer) {
  printer << " (";
  llvm::interleaveComma(llvm::zip(getBody().getArguments(), getOperands()), printer,
                        [&](auto pair) {
                          printer << std::get<0>(pair) << " = " << std::get<1>(pair)
                                  << " : " << std::get<0>(pair).getType();
                        });
  printer << ")";
  printer.printArrowTypeList(getResultTypes());
  if (llvm::any_of(getAliases(), [](int64_t alias) { return alias >= 0; })) {
    printer << " aliases [";
    llvm::interleaveComma(getAliases(), printer);
    printer << "]";
  }
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(), {"aliases"});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

LogicalResult FusionOp::verify() {
  Block &block = getBody().front();
  if (block.getArgumentTypes() != getOperandTypes())
    return emitOpError("body's arguments do not have the operands' types");
  for (Operation &op : block.without_terminator()) {
    if (isa<RowProgramOpInterface>(op))
      continue;
    InFlightDiagnostic diag = emitOpError("holds an op that no row program can compute: ")
                              << op.getName();
    diag.attachNote(op.getLoc()) << "the op is here";
    return diag;
  }
  if (getAliases().size() != getNumResults())
    return emitOpError("has ") << getNumResults() << " results and "
                               << getAliases().size() << " aliases";
  llvm::SmallDenseSet<int64_t> used;
  for (auto [result, alias] : llvm::zip(getResults(), getAliases())) {
    if (alias < 0)
      continue;
    if (alias >= static_cast<int64_t>(getNumOperands()) || !used.insert(alias).second)
      return emitOpError("alias ") << alias << " names no operand, or one twice";
    if (getByteSize(getOperand(alias).getType()) != getByteSize(result.getType()))
      return emitOpError("result of type ")
             << result.getType() << " cannot lie in operand " << alias << " of type "
             << getOperand(alias).getType();
  }
  return verifyYield(*this, getResultTypes());
}

ResultStorage FusionOp::getResultStorage(unsigned result) {
  int64_t alias = getAliases()[result];
  return alias < 0 ? ResultStorage::fresh() : ResultStorage::alias(alias);
}
