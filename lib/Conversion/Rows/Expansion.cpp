// From ops to row programs: looks expansions up, runs them over one op or a fusion's
// body, and holds the two patterns of sums that several families share.
#include "Expansion.h"
#include <numeric>

using namespace mlir;
using namespace train;
using namespace train::rows;

const ExpansionTable &rows::getExpansionTable() {
  static const ExpansionTable table = [] {
    ExpansionTable all;
    addElementwiseExpansions(all);
    addReductionExpansions(all);
    addNormalizationExpansions(all);
    addBatchNormExpansions(all);
    addLossExpansions(all);
    addOptimizerExpansions(all);
    addPrecisionExpansions(all);
    addBlockExpansions(all);
    addRandomExpansions(all);
    return all;
  }();
  return table;
}

const ExpansionTable::Entry *rows::lookupExpansion(Operation *op) {
  if (const ExpansionTable::Entry *entry = getExpansionTable().lookup(op))
    return entry;
  Dialect *dialect = op->getDialect();
  auto *other =
      dialect ? dialect->getRegisteredInterface<ExpansionDialectInterface>() : nullptr;
  return other ? other->getExpansions().lookup(op) : nullptr;
}

//===-- Context ---------------------------------------------------------------===//

Value Context::resolve(Value value) const {
  Value outer = outerValues.lookup(value);
  return outer ? outer : value;
}

// Shape of a value in the domain: per-row values get a column of size 1.
SmallVector<int64_t> Context::getShape(Value value, bool perRow) const {
  SmallVector<int64_t> shape(shapeOf(value));
  if (perRow)
    shape.push_back(1);
  if (!flattensRows)
    return shape;
  if (shape.empty())
    shape.push_back(1);
  int64_t columns = shape.pop_back_val(), rows = 1;
  for (int64_t size : shape)
    rows *= size;
  return {1, rows, columns};
}

int Context::operand(Value value, bool perRow) {
  if (auto it = nodes[perRow].find(value); it != nodes[perRow].end())
    return it->second;
  int &node = nodes[perRow][value];
  Value source = resolve(value);
  if (auto constant = source.getDefiningOp<ConstantOp>();
      constant && constant.getSplatValue()) {
    Type type = elementOf(value);
    if (isa<FloatType>(type))
      return node = b.constant(type, *constant.getSplatValue());
    APInt integer = cast<DenseElementsAttr>(constant.getValue()).getSplatValue<APInt>();
    return node = b.integerConstant(type, type.isInteger(1) ? integer.getZExtValue()
                                                            : integer.getSExtValue());
  }
  return node = b.load(source, getShape(source, perRow));
}

void Context::result(Value value, int node, bool perRow) {
  nodes[perRow][value] = b.roundTo(node, elementOf(value));
  if (perRow)
    perRowValues.insert(value);
}

void Context::storeResult(Value value, Value target) {
  bool perRow = perRowValues.contains(value);
  b.store(operand(value, perRow), target, getShape(target, perRow));
}

//===-- Sums ------------------------------------------------------------------===//

std::pair<int64_t, int64_t> rows::splitForReduction(int64_t count) {
  constexpr int64_t widest = 16384, narrowest = 64;
  for (int64_t columns = std::min(widest, count); columns >= narrowest; --columns)
    if (count % columns == 0)
      return {count / columns, columns};
  return {1, count};
}

void rows::reduceAll(Sequence &sequence, Value x, Reduction reduction,
                     function_ref<int(Builder &)> term,
                     function_ref<void(Builder &, int)> finish, Type type) {
  MLIRContext *context = x.getContext();
  auto [rows, columns] = splitForReduction(countOf(x));
  Builder first(context, {rows, columns}, /*keepsRows=*/true);
  int partial = first.reduce(reduction, term(first));
  if (rows == 1) {
    finish(first, partial);
    sequence.programs.push_back(first.finish());
    return;
  }
  int64_t temporary = sequence.reserve(rows * getElementBytes(type));
  first.storeTemporary(partial, temporary, type, {rows, 1});
  sequence.programs.push_back(first.finish());
  Builder second(context, {1, rows}, /*keepsRows=*/true);
  finish(second,
         second.reduce(reduction, second.loadTemporary(temporary, type, {1, rows})));
  sequence.programs.push_back(second.finish());
}

void rows::reduceRows(Sequence &sequence, MLIRContext *context, Reduction reduction,
                      int64_t outer, int64_t reduced, int64_t columns, Type type,
                      function_ref<SmallVector<int>(Builder &)> terms,
                      function_ref<void(Builder &, ArrayRef<int>)> finish) {
  int64_t partials = getNumPartials(reduced);
  Builder first(context, {outer, reduced, columns}, /*keepsRows=*/true);
  SmallVector<int> nodes = terms(first);
  SmallVector<int64_t> temporaries;
  for (int node : nodes) {
    temporaries.push_back(
        sequence.reserve(outer * partials * columns * getElementBytes(type)));
    // The store's dimension 1 counts partials; the emitter steps it by partial, not by
    // row.
    first.storeTemporary(node, temporaries.back(), type, {outer, partials, columns});
  }
  first.setPartials(partials, reduction);
  sequence.programs.push_back(first.finish());

  Builder second(context, {outer, 1, columns}, /*keepsRows=*/false);
  SmallVector<int> results;
  for (int64_t temporary : temporaries) {
    int result = -1;
    for (int64_t p = 0; p < partials; ++p) {
      int part =
          second.loadTemporary(temporary, type, {outer, partials, columns}, p * columns);
      result = p ? second.combine(reduction, result, part) : part;
    }
    results.push_back(result);
  }
  finish(second, results);
  sequence.programs.push_back(second.finish());
}

void rows::sumColumns(Sequence &sequence, FusionOp fusion, ArrayRef<Operation *> before,
                      Operation *op, unsigned x, const Terms &terms) {
  Value summed = op->getOperand(x);
  int64_t columns = shapeOf(summed).back();
  int64_t rows = columns ? countOf(summed) / columns : 0;
  reduceRows(
      sequence, op->getContext(), Reduction::Sum, 1, rows, columns,
      getComputeType(elementOf(summed)),
      [&](rows::Builder &b) {
        Context context(b, /*flattensRows=*/true);
        if (fusion)
          for (auto [argument, operand] :
               llvm::zip(fusion.getBody().getArguments(), fusion->getOperands()))
            context.bind(argument, operand);
        for (Operation *inner : before)
          lookupExpansion(inner)->expand(context, inner);
        return terms(context, op);
      },
      [&](rows::Builder &b, ArrayRef<int> sums) {
        if (!fusion) {
          for (auto [node, result] : llvm::zip(sums, op->getResults()))
            b.store(node, result, {1, 1, columns});
          return;
        }
        for (auto [value, target] :
             llvm::zip(fusion.getBody().front().getTerminator()->getOperands(),
                       fusion->getResults()))
          b.store(sums[cast<OpResult>(value).getResultNumber()], target, {1, 1, columns});
      });
}

//===-- Ops -------------------------------------------------------------------===//

bool rows::takesProducers(Operation *op) {
  const ExpansionTable::Entry *entry = lookupExpansion(op);
  return entry && entry->terms;
}

SmallVector<int64_t> rows::getSummedShape(Operation *op) {
  return SmallVector<int64_t>(shapeOf(op->getOperand(lookupExpansion(op)->x)));
}

static LogicalResult checkTypes(Operation *op) {
  auto check = [&](Type type) {
    Type element = getElementTypeOrSelf(type);
    bool code =
        isa<Float8E4M3FNType, Float8E5M2Type, Float8E8M0FNUType, Float4E2M1FNType>(
            element);
    if (getRuntimeType(element) || code)
      return true;
    op->emitOpError("has element type ")
        << element << ", for which no CPU kernel is generated";
    return false;
  };
  return success(llvm::all_of(op->getOperandTypes(), check) &&
                 llvm::all_of(op->getResultTypes(), check));
}

/// Whether an op of `fusion` sums over rows what the ops before it compute, and nothing
/// else leaves the fusion.
static bool isEndOfFusion(FusionOp fusion, Operation *op) {
  Operation *yield = fusion.getBody().front().getTerminator();
  return takesProducers(op) && op->getNextNode() == yield &&
         llvm::all_of(yield->getOperands(),
                      [&](Value value) { return value.getDefiningOp() == op; });
}

FailureOr<Sequence> rows::buildRowPrograms(Operation *op) {
  auto fusion = dyn_cast<FusionOp>(op);
  SmallVector<Operation *> body;
  if (fusion) {
    for (Operation &inner : fusion.getBody().front().without_terminator())
      if (!inner.hasTrait<OpTrait::ConstantLike>())
        body.push_back(&inner);
  } else {
    body.push_back(op);
  }

  Sequence sequence;
  DomainNeed domain;
  for (Operation *inner : body) {
    // Inside of a fusion a value can have a type that no buffer has.
    if (failed(checkTypes(inner)))
      return failure();
    const ExpansionTable::Entry *entry = lookupExpansion(inner);
    if (!entry)
      return inner->emitOpError("has no row program");
    std::optional<DomainNeed> found = entry->getDomain(inner);
    if (!found) {
      if (fusion && isEndOfFusion(fusion, inner)) {
        ArrayRef<Operation *> before = ArrayRef(body).drop_back();
        sumColumns(sequence, fusion, before, inner, entry->x, entry->terms);
        return std::move(sequence);
      }
      if (fusion)
        return inner->emitOpError("takes several kernels and cannot be part of a fusion");
      if (!entry->sequence)
        return inner->emitOpError("has a row program for other shapes only");
      entry->sequence(sequence, inner);
      return std::move(sequence);
    }
    // The domain of a fusion is the largest of its ops'.
    DomainNeed need = *found;
    domain.keepsRows |= need.keepsRows;
    auto elements = [](ArrayRef<int64_t> shape) {
      return std::accumulate(shape.begin(), shape.end(), int64_t(1),
                             std::multiplies<int64_t>());
    };
    if (domain.shape.size() < need.shape.size() ||
        elements(domain.shape) < elements(need.shape))
      domain.shape = need.shape;
  }
  if (domain.shape.empty())
    domain.shape.push_back(1);

  rows::Builder builder(op->getContext(), domain.shape, domain.keepsRows);
  Context context(builder);
  if (fusion)
    for (auto [argument, operand] :
         llvm::zip(fusion.getBody().getArguments(), op->getOperands()))
      context.bind(argument, operand);
  for (Operation *inner : body)
    lookupExpansion(inner)->expand(context, inner);
  ValueRange values =
      fusion ? ValueRange(fusion.getBody().front().getTerminator()->getOperands())
             : ValueRange(op->getResults());
  for (auto [value, target] : llvm::zip(values, op->getResults()))
    context.storeResult(value, target);
  sequence.programs.push_back(builder.finish());
  return std::move(sequence);
}

int64_t rows::getSequenceWorkspace(Operation *op) {
  const ExpansionTable::Entry *entry = lookupExpansion(op);
  if (!entry || !entry->sequence || entry->getDomain(op))
    return 0;
  Sequence sequence;
  entry->sequence(sequence, op);
  return sequence.workspaceBytes;
}

bool rows::fitsOneProgram(Operation *op) {
  const ExpansionTable::Entry *entry = lookupExpansion(op);
  return entry && entry->getDomain(op);
}

SmallVector<int64_t> rows::getDomain(Operation *op) {
  return lookupExpansion(op)->getDomain(op)->shape;
}

namespace {
/// That of the op that sums over rows, if there is one.
struct FusionWorkspace : WorkspaceOpInterface::ExternalModel<FusionWorkspace, FusionOp> {
  int64_t getWorkspaceBytes(Operation *op) const {
    Block &body = cast<FusionOp>(op).getBody().front();
    Operation *last = body.getTerminator()->getPrevNode();
    return last ? getSequenceWorkspace(last) : 0;
  }
};
} // namespace

void train::registerRowPrograms(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, TrainDialect *) {
    getExpansionTable().attach(context);
    FusionOp::attachInterface<FusionWorkspace>(*context);
  });
}
