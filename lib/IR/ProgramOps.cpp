// Programs: their syntax and what holds of them. The symbols that they read and write are
// in ProgramSymbols.cpp, what structures their bodies in ProgramRegions.cpp.
#include "AttributeNames.h"
#include "ShapeInference.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringSet.h"

#include <map>

using namespace mlir;
using namespace train;

#define GET_OP_CLASSES
#include "train/IR/ProgramOps.cpp.inc"

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

// Runs before the verifiers of the ops inside, whose arithmetic relies on sizes.
static LogicalResult verifyContents(Operation *program) {
  WalkResult result = program->walk<WalkOrder::PreOrder>([](Operation *op) {
    if (failed(verifyAttributeNames(op)))
      return WalkResult::interrupt();
    SmallVector<Type> types(op->getResultTypes());
    for (Region &region : op->getRegions())
      for (Block &block : region)
        llvm::append_range(types, block.getArgumentTypes());
    for (Type type : types) {
      if (inference::isTooLarge(type)) {
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

  if (failed(verifyContents(program)))
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

// Two uses with one site would drop the same elements. In programs derived from the graph
// a site is met again in backward, on purpose.
static LogicalResult verifyDistinctSites(GraphOp graph) {
  std::map<uint64_t, DropoutOp> sites;
  WalkResult walked = graph.walk([&](DropoutOp op) {
    auto [first, isNew] = sites.try_emplace(op.getSite(), op);
    if (isNew)
      return WalkResult::advance();
    InFlightDiagnostic diag = op.emitOpError("has site ")
                              << op.getSite() << ", which another use has already";
    diag.attachNote(first->second.getLoc()) << "the other use is here";
    return WalkResult::interrupt();
  });
  return failure(walked.wasInterrupted());
}

LogicalResult GraphOp::verify() {
  if (failed(verifyProgram(*this)) || failed(verifyDistinctSites(*this)))
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
