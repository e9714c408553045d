//===- Alternatives.cpp - what can become of a tensor between two uses ------===//
//
// Tries each alternative on scratch ops, with the code that obeys plans: what can't be
// obeyed is no alternative, and costs and operands are those of the op that would be.
//
//===----------------------------------------------------------------------===//
#include "Alternatives.h"
#include "../OneKernel.h"

using namespace mlir;
using namespace train;

Alternatives::Alternatives(Block &block, const NumberedOps &ops, int threads)
    : block(block), ops(ops), machine(getMachineModel(threads)) {
  for (auto [number, op] : llvm::enumerate(ops))
    if (op)
      numbers[op] = number;
}

static DenseI64ArrayAttr makeList(MLIRContext *context, ArrayRef<int64_t> list) {
  return list.empty() ? DenseI64ArrayAttr() : DenseI64ArrayAttr::get(context, list);
}

/// The results of `original` that `scratch` reads.
static SmallVector<int64_t> getSiblings(Operation *original, Operation *scratch) {
  SmallVector<int64_t> siblings;
  for (OpResult result : original->getResults())
    if (llvm::is_contained(scratch->getOperands(), result))
      siblings.push_back(result.getResultNumber());
  return siblings;
}

Operation *Alternatives::build(OpBuilder &builder, RecomputeAttr recipe) const {
  Refusal refusal;
  return executeAgain(
      builder, ops, recipe, ops.size(), [](Value value) { return value; },
      [](Value, Value) {}, refusal);
}

SmallVector<RecomputeAttr> Alternatives::getRecipes(OpResult result) const {
  Operation *op = result.getOwner();
  MLIRContext *context = op->getContext();
  int64_t number = numbers.lookup(op), own = result.getResultNumber();
  OpBuilder builder(context);
  builder.setInsertionPointAfter(op);
  SmallVector<RecomputeAttr> recipes;
  auto identity = [](Value value) { return value; };
  if (auto fusion = dyn_cast<FusionOp>(op); fusion && op->getNumResults() > 1) {
    SmallVector<int64_t> others;
    for (int64_t other = 0; other < op->getNumResults(); ++other)
      if (other != own)
        others.push_back(other);
    for (bool cut : {true, false}) {
      FusionOp scratch = cloneResults(
          builder, fusion, {own}, cut ? ArrayRef(others) : ArrayRef<int64_t>(), identity);
      SmallVector<int64_t> from = getSiblings(fusion, scratch);
      bool readsItself = llvm::is_contained(scratch->getOperands(), result);
      scratch->erase();
      if (!readsItself)
        recipes.push_back(RecomputeAttr::get(context, number, makeList(context, {own}),
                                             makeList(context, from), {}));
      // Without a sibling on the way the two are the same.
      if (from.empty())
        break;
    }
  } else if (op->getNumResults() == 1) {
    recipes.push_back(RecomputeAttr::get(context, number, {}, {}, {}));
  } else if (auto known = dyn_cast<ResidualFormOpInterface>(op); known && own == 0) {
    Operation *scratch = known.buildResidualForm(builder);
    SmallVector<int64_t> from = getSiblings(op, scratch);
    scratch->erase();
    recipes.push_back(RecomputeAttr::get(context, number, makeList(context, {own}),
                                         makeList(context, from), {}));
  }
  for (RecomputeAttr recipe : SmallVector<RecomputeAttr>(recipes))
    if (RecomputeAttr deeper = withResidualForms(recipe))
      recipes.push_back(deeper);
  return recipes;
}

RecomputeAttr Alternatives::withResidualForms(RecomputeAttr recipe) const {
  auto isKnown = [&](Value operand) {
    auto source = dyn_cast<OpResult>(operand);
    return source && source.getResultNumber() == 0 &&
           isa<ResidualFormOpInterface>(source.getOwner()) &&
           numbers.contains(source.getOwner());
  };
  if (llvm::none_of(ops[recipe.getOp()]->getOperands(), isKnown))
    return {};
  OpBuilder builder(block.getParentOp()->getContext());
  builder.setInsertionPointAfter(ops[recipe.getOp()]);
  Operation *scratch = build(builder, recipe);
  if (!scratch)
    return {};
  SmallVector<Attribute> inside;
  llvm::SetVector<Value> operands(scratch->operand_begin(), scratch->operand_end());
  for (Value operand : operands) {
    if (!isKnown(operand))
      continue;
    Operation *source = operand.getDefiningOp();
    Operation *form = cast<ResidualFormOpInterface>(source).buildResidualForm(builder);
    if (canShareKernel(form, scratch))
      inside.push_back(RecomputeAttr::get(
          builder.getContext(), numbers.lookup(source),
          makeList(builder.getContext(), {0}),
          makeList(builder.getContext(), getSiblings(source, form)), {}));
    form->erase();
  }
  scratch->erase();
  if (inside.empty())
    return {};
  return RecomputeAttr::get(builder.getContext(), recipe.getOp(), recipe.getResults(),
                            recipe.getFrom(), builder.getArrayAttr(inside));
}

void Alternatives::visitRecipes(OpResult result, Visitor visit) const {
  OpBuilder builder(result.getContext());
  for (RecomputeAttr recipe : getRecipes(result)) {
    // The op as it stands is in the plan already.
    if (!recipe.getResults() && !recipe.getSink())
      continue;
    builder.setInsertionPointAfter(result.getOwner());
    Operation *scratch = build(builder, recipe);
    if (!scratch)
      continue;
    visit({Residence::Recompute, recipe, getSeconds(scratch, machine)}, scratch);
    scratch->erase();
  }
}

/// Makes `user`, a scratch op, compute the recipe's result itself. Null if it can't, or
/// if it does not read that: a view of the result is another value, and needs the bytes.
Operation *Alternatives::absorb(Operation *user, RecomputeAttr recipe) const {
  OpBuilder builder(user);
  Operation *inner = build(builder, recipe);
  if (!inner) {
    user->erase();
    return nullptr;
  }
  int64_t own = recipe.getResults() ? recipe.getResults()[0] : 0;
  user->replaceUsesOfWith(ops[recipe.getOp()]->getResult(own), inner->getResult(0));
  if (!inner->use_empty() && canShareKernel(inner, user))
    return mergeIntoConsumer(inner, user);
  user->erase();
  inner->erase();
  return nullptr;
}

void Alternatives::visitSinks(OpResult result, int64_t user,
                              ArrayRef<RecomputeAttr> inside, Visitor visit) const {
  for (RecomputeAttr recipe : getRecipes(result)) {
    OpBuilder builder(ops[user]);
    Operation *scratch = builder.clone(*ops[user]);
    for (RecomputeAttr known : inside)
      scratch = scratch ? absorb(scratch, known) : nullptr;
    double before = scratch ? getSeconds(scratch, machine) : 0;
    scratch = scratch ? absorb(scratch, recipe) : nullptr;
    if (!scratch)
      continue;
    visit({Residence::Sink, recipe, getSeconds(scratch, machine) - before}, scratch);
    scratch->erase();
  }
}
