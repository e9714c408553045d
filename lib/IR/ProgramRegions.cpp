// What structures the body of a program: layers, checkpoints, micro-batch loops and
// fusions.
#include "train/IR/TrainDialect.h"

using namespace mlir;
using namespace train;

//===-- layer and checkpoint --------------------------------------------------===//

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

//===-- Block arguments and what they stand for -------------------------------===//

// (%argument = %operand : type, ...)
static ParseResult
parseBindings(OpAsmParser &parser, SmallVectorImpl<OpAsmParser::Argument> &arguments,
              SmallVectorImpl<OpAsmParser::UnresolvedOperand> &operands) {
  return parser.parseCommaSeparatedList(
      OpAsmParser::Delimiter::Paren, [&]() -> ParseResult {
        OpAsmParser::Argument &argument = arguments.emplace_back();
        return failure(parser.parseArgument(argument) || parser.parseEqual() ||
                       parser.parseOperand(operands.emplace_back()) ||
                       parser.parseColonType(argument.type));
      });
}

static void printBindings(OpAsmPrinter &printer, ValueRange arguments,
                          ValueRange operands) {
  printer << '(';
  llvm::interleaveComma(llvm::zip(arguments, operands), printer, [&](auto pair) {
    printer << std::get<0>(pair) << " = " << std::get<1>(pair) << " : "
            << std::get<0>(pair).getType();
  });
  printer << ')';
}

//===-- microbatch ------------------------------------------------------------===//

// train.microbatch 4 streams(%x = %xs : t, ...) carry(%a = %i : t, ...) { body }
static ParseResult
parseKeywordBindings(OpAsmParser &parser, StringRef keyword,
                     SmallVectorImpl<OpAsmParser::Argument> &arguments,
                     SmallVectorImpl<OpAsmParser::UnresolvedOperand> &operands) {
  if (failed(parser.parseOptionalKeyword(keyword)))
    return success();
  return parseBindings(parser, arguments, operands);
}

static void printKeywordBindings(OpAsmPrinter &printer, StringRef keyword,
                                 ValueRange arguments, ValueRange operands) {
  if (operands.empty())
    return;
  printer << ' ' << keyword;
  printBindings(printer, arguments, operands);
}

ParseResult MicrobatchOp::parse(OpAsmParser &parser, OperationState &state) {
  Builder &b = parser.getBuilder();
  int64_t count;
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> streams, inits;
  if (parser.parseInteger(count) ||
      parseKeywordBindings(parser, "streams", arguments, streams) ||
      parseKeywordBindings(parser, "carry", arguments, inits))
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
  printKeywordBindings(printer, "streams", ValueRange(values).take_front(streams),
                       getStreams());
  printKeywordBindings(printer, "carry", ValueRange(values).drop_front(streams),
                       getInits());
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

//===-- fusion ----------------------------------------------------------------===//

// train.fusion (%a = %x : t, ...) -> (t, ...) [aliases [..]] { body }
ParseResult FusionOp::parse(OpAsmParser &parser, OperationState &state) {
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<Type> results;
  if (parseBindings(parser, arguments, operands) || parser.parseArrowTypeList(results))
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
  printer << ' ';
  SmallVector<Value> arguments(getBody().args_begin(), getBody().args_end());
  printBindings(printer, arguments, getOperands());
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
