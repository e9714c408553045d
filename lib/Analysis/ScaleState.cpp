//===- ScaleState.cpp - which values carry the loss scale -------------------===//
//
// One sweep in program order; the body of a micro-batch loop is swept until its
// accumulators carry the same twice.
//
//===----------------------------------------------------------------------===//
#include "train/Analysis/ScaleState.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace train;

/// The value that a fusion's argument stands for.
static Value getOutside(Value value) {
  while (auto argument = dyn_cast<BlockArgument>(value)) {
    auto fusion = dyn_cast<FusionOp>(argument.getOwner()->getParentOp());
    if (!fusion)
      break;
    value = fusion.getOperands()[argument.getArgNumber()];
  }
  return value;
}

/// What two uses of one loss scale have in common.
static const void *getScaleId(Value scale) {
  if (auto read = scale.getDefiningOp<ReadOp>())
    return read.getSymbolAttr().getAsOpaquePointer();
  if (auto constant = scale.getDefiningOp<ConstantOp>())
    return constant.getValueAttr().getAsOpaquePointer();
  return scale.getAsOpaquePointer();
}

static bool isZero(Operation &op) {
  auto constant = dyn_cast<ConstantOp>(op);
  return constant && constant.getSplatValue() && *constant.getSplatValue() == 0;
}

/// As in "values that still carry the loss scale".
static std::string describe(const ValueScale &scale) {
  switch (scale.degree) {
  case 0:
    return "carry no loss scale";
  case 1:
    return "still carry the loss scale";
  case -1:
    return "were divided by the loss scale once too often";
  default:
    return ("carry the loss scale to the power of " + Twine(scale.degree)).str();
  }
}

static std::string describeOrigin(const ValueScale &scale) {
  return scale.degree < 0 ? "it is divided by the scale here" : "the scale comes in here";
}

static bool isSame(const ValueScale &one, const ValueScale &other) {
  return one.degree == other.degree && (one.degree == 0 || one.id == other.id);
}

ScaleState::ScaleState(ProgramOpInterface program) {
  collectRoots(program);
  visitBlock(*program.getBodyBlock());
}

void ScaleState::collectRoots(ProgramOpInterface program) {
  auto add = [&](Operation *op, Value scale) {
    scale = getOutside(scale);
    rootValues.insert(scale);
    if (auto read = scale.getDefiningOp<ReadOp>())
      if (rootSymbols.insert(read.getSymbolAttr()).second)
        symbols.push_back({read.getSymbolAttr(), op});
  };
  program->walk([&](Operation *op) {
    if (auto scaled = dyn_cast<ScaleLossOp>(op)) {
      scaledLosses.push_back(scaled);
      add(op, scaled.getScale());
    } else if (auto unscale = dyn_cast<UnscaleOp>(op)) {
      add(op, unscale.getScale());
    } else if (auto update = dyn_cast<UpdateScaleOp>(op)) {
      add(op, update.getScale());
    }
  });
}

ValueScale ScaleState::getRootScale(Value value) const {
  auto read = value.getDefiningOp<ReadOp>();
  if (!rootValues.contains(value) &&
      !(read && rootSymbols.contains(read.getSymbolAttr())))
    return {};
  return {false, 1, getScaleId(value), value.getDefiningOp()};
}

void ScaleState::visitBlock(Block &block) {
  for (Operation &op : block.without_terminator())
    visit(op);
}

void ScaleState::visit(Operation &op) {
  if (auto loop = dyn_cast<MicrobatchOp>(op))
    return visitLoop(loop);
  if (auto fusion = dyn_cast<FusionOp>(op))
    return visitFusion(fusion);
  if (auto write = dyn_cast<WriteOp>(op))
    return checkWrite(write);
  if (isZero(op))
    return setResults(&op, {true});
  if (op.getNumOperands() == 0) {
    for (Value result : op.getResults())
      scales[result] = getRootScale(result);
    return;
  }
  if (auto linear = dyn_cast<LossScaleOpInterface>(op)) {
    visitLinear(linear);
  } else {
    for (Value operand : op.getOperands())
      if (ValueScale scale = lookup(operand); scale.carries()) {
        report(&op, "is not linear in values that " + describe(scale), scale.origin,
               describeOrigin(scale));
        return setResults(&op, {true});
      }
    setResults(&op, {});
  }
  // A scale that is computed, by whatever means.
  for (Value result : op.getResults())
    if (rootValues.contains(result))
      scales[result] = getRootScale(result);
}

void ScaleState::visitLoop(MicrobatchOp loop) {
  Block &body = loop.getBody().front();
  for (auto [argument, operand] : llvm::zip(body.getArguments(), loop->getOperands()))
    scales[argument] = lookup(operand);
  size_t streams = loop.getStreams().size();
  Operation *yield = body.getTerminator();
  // An accumulator of zeros takes on what is added to it; nothing else changes, so that
  // the second sweep is the last.
  for (int sweep = 0; sweep < 2; ++sweep) {
    visitBlock(body);
    bool changed = false;
    for (auto [i, value] : llvm::enumerate(yield->getOperands())) {
      ValueScale &carried = scales[body.getArgument(streams + i)];
      ValueScale next = lookup(value);
      if (carried.any && !next.any) {
        carried = next;
        changed = true;
      } else if (!next.any && !isSame(carried, next)) {
        ValueScale scaled = next.degree != 0 ? next : carried;
        report(loop,
               "carries values that " + describe(carried) +
                   " into micro-batches whose successors get values that " +
                   describe(next),
               scaled.origin, describeOrigin(scaled));
      }
    }
    if (!changed)
      break;
  }
  for (auto [result, value] : llvm::zip(loop.getResults(), yield->getOperands()))
    scales[result] = lookup(value);
}

void ScaleState::visitFusion(FusionOp fusion) {
  Block &body = fusion.getBody().front();
  for (auto [argument, operand] : llvm::zip(body.getArguments(), fusion.getOperands()))
    scales[argument] = lookup(operand);
  visitBlock(body);
  for (auto [result, value] :
       llvm::zip(fusion.getResults(), body.getTerminator()->getOperands()))
    scales[result] = lookup(value);
}

void ScaleState::visitLinear(LossScaleOpInterface op) {
  bool hasFactor = false, hasOrigin = false;
  ValueScale product;
  std::optional<ValueScale> term;
  StringRef misuse = op.getScaleMisuse();
  auto subject = [&](const char *plain) {
    return misuse.empty() ? std::string(plain) : misuse.str();
  };
  for (OpOperand &operand : op->getOpOperands()) {
    ValueScale scale = lookup(operand.get());
    ScaleRole role = op.getScaleRole(operand.getOperandNumber());
    switch (role) {
    case ScaleRole::Ignored:
      break;
    case ScaleRole::Plain:
      if (!scale.carries())
        break;
      report(op, subject("is not linear in values that") + " " + describe(scale),
             scale.origin, describeOrigin(scale));
      return setResults(op, {true});
    case ScaleRole::Term:
      if (!term || term->any) {
        term = scale;
      } else if (!scale.any && !isSame(*term, scale)) {
        ValueScale one = term->degree != 0 ? *term : scale,
                   other = term->degree != 0 ? scale : *term;
        std::string second = other.degree != 0 && one.degree == other.degree
                                 ? "carry another one"
                                 : describe(other);
        report(op, "mixes values that " + describe(one) + " with values that " + second,
               one.origin, describeOrigin(one));
        return setResults(op, {true});
      } else if (!term->origin) {
        term->origin = scale.origin;
      }
      break;
    case ScaleRole::Divisor:
    case ScaleRole::Square:
    case ScaleRole::Factor:
      hasFactor = true;
      product.any |= scale.any && role != ScaleRole::Divisor;
      if (scale.degree != 0 && product.degree != 0 && product.id != scale.id) {
        report(op, "combines values that carry two different loss scales", scale.origin,
               describeOrigin(scale));
        return setResults(op, {true});
      }
      product.degree += scale.degree * (role == ScaleRole::Divisor  ? -1
                                        : role == ScaleRole::Square ? 2
                                                                    : 1);
      if (scale.degree != 0)
        product.id = scale.id;
      // The first that carries a scale tells where it came in.
      if (scale.origin && (!product.origin || (scale.degree != 0 && !hasOrigin))) {
        product.origin = scale.origin;
        hasOrigin = scale.degree != 0;
      }
      break;
    }
  }
  if (hasFactor && !misuse.empty() && product.carries()) {
    report(op, misuse.str() + " " + describe(product), product.origin,
           describeOrigin(product));
    return setResults(op, {true});
  }
  // Where it comes in or is taken away; a product of scaled values only passes it on.
  bool divides =
      product.degree < 0 &&
      llvm::none_of(
          op->getOperands(),
          [&](Value operand) { return lookup(operand).degree == product.degree; });
  bool takesAway = isa<UnscaleOp>(op.getOperation()) && product.degree == 0;
  if (divides || takesAway || isa<ScaleLossOp>(op.getOperation()))
    product.origin = op;
  if (hasFactor && term && !term->any && !product.any && !isSame(*term, product)) {
    ValueScale one = product.degree != 0 ? product : *term,
               other = product.degree != 0 ? *term : product;
    report(op,
           "mixes values that " + describe(one) + " with values that " + describe(other),
           one.origin, describeOrigin(one));
    return setResults(op, {true});
  }
  if (!hasFactor)
    return setResults(op, term ? *term : ValueScale());
  setResults(op, product);
}

void ScaleState::checkWrite(WriteOp op) {
  ValueScale scale = lookup(op.getValue());
  if (!scale.carries() || scale.id == op.getSymbolAttr().getAsOpaquePointer())
    return;
  report(op,
         "writes values to @" + op.getSymbol().str() + " that " + describe(scale) +
             ", and will be read under another one",
         scale.origin, describeOrigin(scale));
}

void ScaleState::setResults(Operation *op, ValueScale scale) {
  for (Value result : op->getResults())
    scales[result] = scale;
}

void ScaleState::report(Operation *op, std::string message, Operation *other,
                        std::string note) {
  // A loop's body is swept twice.
  if (!reported.try_emplace(op, misuses.size()).second)
    return;
  misuses.push_back({op, std::move(message), other, std::move(note)});
}
