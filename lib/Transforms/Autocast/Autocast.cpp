//===- Autocast.cpp - train-autocast ----------------------------------------===//
//
// One walk over the graph in order: each op gets operands of the types that its class
// asks for, and its results follow by type inference. Passes.td describes what comes out.
//
//===----------------------------------------------------------------------===//
#include "Overrides.h"
#include "mlir/IR/IRMapping.h"
#include "train/Transforms/Passes.h"
#include "train/Transforms/StepOutputs.h"

namespace train {
#define GEN_PASS_DEF_TRAINAUTOCAST
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

Type getElement(Value value) {
  return cast<RankedTensorType>(value.getType()).getElementType();
}

/// Whether autocast may change the type: f64, integers and quantized types are the
/// user's.
bool isCastable(Type element) {
  return element.isF32() || element.isF16() || element.isBF16();
}

/// The narrowest of f32, f16 and bf16 that holds the values of both.
Type getWider(Type a, Type b) {
  if (a == b || CastOp::isExact(b, a))
    return a;
  return CastOp::isExact(a, b) ? b : Type(Float32Type::get(a.getContext()));
}

class Autocaster {
public:
  Autocaster(GraphOp graph, Precision precision, Overrides overrides)
      : graph(graph), wide(Float32Type::get(graph.getContext())),
        format(precision.format), overrides(std::move(overrides)) {
    if (!precision.type.isF32())
      low = precision.type;
  }

  LogicalResult run() {
    Block &body = *graph.getBodyBlock();
    SmallVector<Type> declared(body.getTerminator()->getOperandTypes());
    for (BlockArgument input : body.getArguments())
      inputDependent.insert(input);
    if (!format.empty())
      findHead();
    visit(body);
    for (auto [operand, type] :
         llvm::zip_equal(body.getTerminator()->getOpOperands(), declared))
      convertOperand(operand, cast<RankedTensorType>(type).getElementType());
    eraseDead();
    if (!format.empty() && !hasMarked)
      graph.emitWarning(
          "has no product of a matrix with a parameter before the last one, "
          "which stays in bf16: nothing is stored in ")
          << format;
    return overrides.checkAllMet(graph);
  }

private:
  void visit(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(block.without_terminator()))
      visit(op);
  }

  void visit(Operation &op) {
    if (op.getNumRegions()) {
      Block &body = op.getRegion(0).front();
      visit(body);
      for (auto [result, yielded] :
           llvm::zip_equal(op.getResults(), body.getTerminator()->getOperands())) {
        setType(result, yielded.getType());
        if (inputDependent.contains(yielded))
          inputDependent.insert(result);
      }
      return;
    }
    if (llvm::any_of(op.getOperands(),
                     [&](Value operand) { return inputDependent.contains(operand); }))
      inputDependent.insert(op.result_begin(), op.result_end());
    if (auto cast = dyn_cast<CastOp>(op)) {
      followCast(cast);
      return;
    }
    SmallVector<OpOperand *> operands;
    auto precision = dyn_cast<PrecisionOpInterface>(op);
    for (OpOperand &operand : op.getOpOperands())
      if (isCastable(getElement(operand.get())) &&
          !(precision && precision.mustStayWide(operand.getOperandNumber())))
        operands.push_back(&operand);
    for (OpOperand &operand : op.getOpOperands())
      if (precision && precision.mustStayWide(operand.getOperandNumber()))
        convertOperand(operand, getOriginalElement(operand.get()));
    if (operands.empty())
      return;

    PrecisionClass kind =
        precision ? precision.getPrecisionClass() : PrecisionClass::PassThrough;
    std::optional<LinearWeight> weight = findLinearWeight(&op);
    Choice choice;
    if (weight && !format.empty() && weight->parameter != head)
      choice.formats.fill(format);
    choice = overrides.apply(&op, weight.has_value(), choice);
    Type type = low;
    if (choice.type) {
      kind = choice.type.isF32() ? PrecisionClass::Full : PrecisionClass::Low;
      type = choice.type;
    } else if (kind == PrecisionClass::Low && !low) {
      kind = PrecisionClass::Promote;
    }
    Type narrowResult;
    switch (kind) {
    case PrecisionClass::Low:
      for (OpOperand *operand : operands)
        convertOperand(*operand, type);
      break;
    case PrecisionClass::Full:
      if (!hasWideResults(op))
        for (OpOperand *operand : operands)
          convertOperand(*operand, wide);
      break;
    case PrecisionClass::Promote:
    case PrecisionClass::PassThrough:
      narrowResult = agree(operands, kind == PrecisionClass::Promote);
      break;
    }
    inferResults(op);
    if (narrowResult)
      for (Value result : op.getResults())
        narrow(result, narrowResult);
    bool isMarked = llvm::any_of(choice.formats, [](StringRef f) { return !f.empty(); });
    if (weight && isMarked && getElement(op.getOperand(weight->operand)).isBF16()) {
      markProduct(&op, *weight, choice.formats);
      hasMarked = true;
    }
  }

  /// The parameter of the last product before the loss: a head makes little of the work
  /// and much of the error, so that it is quantized only where it is asked for by name.
  void findHead() {
    Operation *terminator = graph.getBodyBlock()->getTerminator();
    SmallVector<Value> open;
    for (auto [name, value] :
         llvm::zip_equal(graph.getOutputNames(), terminator->getOperands()))
      if (cast<StringAttr>(name).getValue() == kLossOutput)
        open.push_back(value);
    DenseSet<Value> reached(open.begin(), open.end());
    while (!open.empty()) {
      auto result = dyn_cast<OpResult>(open.pop_back_val());
      if (!result)
        continue;
      Operation *op = result.getOwner();
      auto reach = [&](Value value) {
        if (reached.insert(value).second)
          open.push_back(value);
      };
      if (op->getNumRegions())
        reach(op->getRegion(0).front().getTerminator()->getOperand(
            result.getResultNumber()));
      else
        llvm::for_each(op->getOperands(), reach);
    }
    graph.walk([&](Operation *op) {
      if (op->getNumResults() == 0 || !reached.contains(op->getResult(0)))
        return;
      if (std::optional<LinearWeight> weight = findLinearWeight(op))
        head = weight->parameter;
    });
  }

  /// Gives operands that had one type one type again. Returns the type that the results
  /// are to be narrowed to where what is no function of the inputs would widen them.
  Type agree(ArrayRef<OpOperand *> operands, bool isArithmetic) {
    llvm::MapVector<Type, SmallVector<OpOperand *>> groups;
    for (OpOperand *operand : operands)
      groups[getOriginalElement(operand->get())].push_back(operand);
    Type narrowed;
    for (auto &[original, group] : groups) {
      Type common, strongest;
      for (OpOperand *operand : group) {
        Type element = getElement(operand->get());
        common = common ? getWider(common, element) : element;
        if (inputDependent.contains(operand->get()))
          strongest = strongest ? getWider(strongest, element) : element;
      }
      if (strongest && strongest != common) {
        // Data movement takes the operand's type; arithmetic is done in the wide one.
        if (isArithmetic)
          narrowed = strongest;
        else
          common = strongest;
      }
      for (OpOperand *operand : group)
        convertOperand(*operand, common);
    }
    return narrowed;
  }

  /// Whether the op computes wide results of its operands as they are, so that a cast
  /// before it would change nothing.
  bool hasWideResults(Operation &op) {
    SmallVector<Type> types;
    if (failed(infer(op, types)))
      return false;
    return llvm::all_of(types, [&](Type type) {
      Type element = cast<RankedTensorType>(type).getElementType();
      return !isCastable(element) || element == wide;
    });
  }

  static LogicalResult infer(Operation &op, SmallVectorImpl<Type> &types) {
    auto inferring = dyn_cast<InferTypeOpInterface>(op);
    if (!inferring)
      return failure();
    return inferring.inferReturnTypes(op.getContext(), /*location=*/std::nullopt,
                                      op.getOperands(), op.getDiscardableAttrDictionary(),
                                      op.getPropertiesStorage(), op.getRegions(), types);
  }

  /// Results follow the operands. An op that can't tell its results' types, or not for
  /// these operands, gets the operands that it was written for.
  void inferResults(Operation &op) {
    SmallVector<Type> types;
    if (failed(infer(op, types))) {
      for (OpOperand &operand : op.getOpOperands())
        convertOperand(operand, getOriginalElement(operand.get()));
      return;
    }
    for (auto [result, type] : llvm::zip_equal(op.getResults(), types))
      setType(result, type);
  }

  /// A cast that stood in the graph keeps its type; one to the type that its operand has
  /// now, or had before an exact cast, is no cast any more.
  void followCast(CastOp op) {
    OpBuilder builder(op);
    Value source = op.getX();
    while (auto inner = source.getDefiningOp<CastOp>()) {
      if (!inner.isExact())
        break;
      source = inner.getX();
    }
    if (isa<FloatType>(getElement(op.getY())) &&
        getElement(source) == getElement(op.getY()))
      op.getY().replaceAllUsesWith(source);
  }

  /// Rounds a result for all who read it.
  void narrow(Value result, Type element) {
    if (getElement(result) != wide)
      return;
    OpBuilder builder(graph.getContext());
    builder.setInsertionPointAfterValue(result);
    auto cast = CastOp::create(
        builder, result.getLoc(),
        llvm::cast<RankedTensorType>(result.getType()).clone(element), result);
    markLike(cast, result.getDefiningOp());
    result.replaceAllUsesExcept(cast.getY(), cast);
    original[cast.getY()] = wide;
    if (inputDependent.contains(result))
      inputDependent.insert(cast.getY());
  }

  void convertOperand(OpOperand &operand, Type element) {
    Value value = operand.get();
    if (getElement(value) == element)
      return;
    operand.set(getCast(value, element, operand.getOwner()));
  }

  /// `value` in another element type, where `user` reads it. A parameter is cast where it
  /// is read; anything else where it is first needed, so that a layer's input stays the
  /// one value that enters the layer.
  Value getCast(Value value, Type element, Operation *user) {
    while (auto inner = value.getDefiningOp<CastOp>()) {
      if (!inner.isExact())
        break;
      value = inner.getX();
      if (getElement(value) == element)
        return value;
    }
    for (auto [block, cast] : casts.lookup({value, element}))
      if (block->findAncestorOpInBlock(*user))
        return cast;
    OpBuilder builder(user);
    Value cast = getCastBelowView(value, element);
    if (!cast) {
      if (value.getDefiningOp<ReadOp>())
        builder.setInsertionPointAfterValue(value);
      cast = CastOp::convert(builder, value.getLoc(), value, element);
      markLike(cast, user);
    }
    casts[{value, element}].push_back({cast.getParentBlock(), cast});
    original[cast] = getOriginalElement(value);
    if (inputDependent.contains(value))
      inputDependent.insert(cast);
    return cast;
  }

  /// Where all that is read of a value are views, as of the rows that a loss reads chunk
  /// by chunk, the value is cast and not each view: then nobody stores it wide. So is a
  /// parameter. Null where `value` is no such view.
  Value getCastBelowView(Value value, Type element) {
    auto result = dyn_cast<OpResult>(value);
    if (!result || getResultStorage(result).kind != ResultStorage::Kind::View)
      return {};
    Operation *view = result.getOwner();
    if (view->getNumOperands() != 1 || view->getNumResults() != 1)
      return {};
    Value source = view->getOperand(0);
    bool isParameter = source.getDefiningOp<ReadOp>() != nullptr;
    if (!isParameter && !llvm::all_of(source.getUsers(), isView))
      return {};
    OpBuilder builder(view);
    IRMapping mapping;
    mapping.map(source, getCast(source, element, view));
    Value narrow = builder.clone(*view, mapping)->getResult(0);
    narrow.setType(cast<RankedTensorType>(narrow.getType()).clone(element));
    return narrow;
  }

  static bool isView(Operation *op) {
    return op->getNumResults() == 1 &&
           (getResultStorage(op->getResult(0)).kind == ResultStorage::Kind::View ||
            isa<CastOp>(op));
  }

  /// What an op of one chunk of the loss reads or gives is of that chunk.
  static void markLike(Value value, Operation *op) {
    if (Attribute chunk = op->getAttr(kChunkAttr))
      if (Operation *made = value.getDefiningOp(); isa_and_nonnull<CastOp>(made))
        made->setAttr(kChunkAttr, chunk);
  }

  void setType(Value value, Type type) {
    if (value.getType() == type)
      return;
    original.try_emplace(value, getElement(value));
    value.setType(type);
  }

  Type getOriginalElement(Value value) const {
    Type element = original.lookup(value);
    return element ? element : getElement(value);
  }

  /// Casts that nobody reads, and views that were only read to be cast.
  void eraseDead() {
    SmallVector<Operation *> all;
    graph.walk([&](Operation *op) {
      if (isView(op))
        all.push_back(op);
    });
    for (Operation *op : llvm::reverse(all))
      if (op->use_empty())
        op->erase();
  }

  GraphOp graph;
  Type low; ///< null where only overrides make anything narrow
  Type wide;
  StringRef format; ///< of products with a parameter; empty for none
  FlatSymbolRefAttr head;
  bool hasMarked = false;
  Overrides overrides;
  /// What depends on the program's inputs: activations, and nothing else.
  DenseSet<Value> inputDependent;
  /// The element types that values had before.
  DenseMap<Value, Type> original;
  DenseMap<std::pair<Value, Type>, SmallVector<std::pair<Block *, Value>>> casts;
};

struct Autocast : train::impl::TrainAutocastBase<Autocast> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

  LogicalResult run() {
    ModuleOp module = getOperation();
    Precision precision = getPrecision(&getContext(), type);
    if (!precision.type)
      return module.emitError("autocast is to f32, f16, bf16, fp8 or fp4, not to '")
             << type << "'";
    auto graphs = llvm::to_vector(module.getOps<GraphOp>());
    if (graphs.size() != 1)
      return module.emitError("autocast needs exactly one train.graph, found ")
             << graphs.size();
    for (auto program : module.getOps<ProgramOpInterface>())
      if (program != graphs.front())
        return program->emitOpError("has its types already: train-autocast comes before "
                                    "programs are derived");
    FailureOr<Overrides> parsed = Overrides::parse(
        graphs.front(), std::vector<std::string>(overrides.begin(), overrides.end()));
    if (failed(parsed))
      return failure();
    return Autocaster(graphs.front(), precision, std::move(*parsed)).run();
  }
};

} // namespace
