//===- WorkingCopies.cpp - train-working-copies ------------------------------===//
//
// Turns roundings of parameters into states that follow them. Passes.td describes what
// comes out; who writes the states is train-optimizer's business.
//
//===----------------------------------------------------------------------===//
#include "../FlatBody.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/TypeUtilities.h"
#include "train/Transforms/Passes.h"
#include "train/Transforms/StepOutputs.h"

namespace train {
#define GEN_PASS_DEF_TRAINWORKINGCOPIES
#include "train/Transforms/Passes.h.inc"
} // namespace train

using namespace mlir;
using namespace train;

namespace {

/// A parameter read, views of it, and the cast at their end.
struct RoundedRead {
  ReadOp read;
  SmallVector<Operation *> views;
  CastOp cast;
};

std::optional<RoundedRead> findRoundedRead(CastOp cast) {
  if (!cast.isNarrowing())
    return std::nullopt;
  RoundedRead found{nullptr, {}, cast};
  Value value = cast.getX();
  while (auto result = dyn_cast<OpResult>(value)) {
    Operation *op = result.getOwner();
    if (auto read = dyn_cast<ReadOp>(op)) {
      found.read = read;
      std::reverse(found.views.begin(), found.views.end());
      return found;
    }
    if (getResultStorage(result).kind != ResultStorage::Kind::View ||
        op->getNumOperands() != 1 || op->getNumResults() != 1)
      return std::nullopt;
    found.views.push_back(op);
    value = op->getOperand(0);
  }
  return std::nullopt;
}

struct WorkingCopies : train::impl::TrainWorkingCopiesBase<WorkingCopies> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (auto program : getOperation().getOps<ProgramOpInterface>()) {
      if (isa<GraphOp>(program))
        continue;
      SmallVector<CastOp> casts;
      program.walk([&](CastOp cast) { casts.push_back(cast); });
      for (CastOp cast : casts)
        if (std::optional<RoundedRead> found = findRoundedRead(cast))
          if (failed(replace(*found, symbols)))
            return signalPassFailure();
      eraseDeadOps(*program.getBodyBlock());
    }
  }

  LogicalResult replace(RoundedRead &found, SymbolTable &symbols) {
    auto param = symbols.lookup<ParamOp>(found.read.getSymbol());
    if (!param)
      return success();
    Type element = getElementTypeOrSelf(found.cast.getType());
    FailureOr<StateOp> copy = getCopy(param, element, symbols);
    if (failed(copy))
      return failure();
    // A second narrow type of one parameter is rounded where it is used.
    if (getElementTypeOrSelf(copy->getType()) != element)
      return success();
    OpBuilder builder(found.cast);
    Value value = ReadOp::create(builder, found.read.getLoc(), copy->getType(),
                                 FlatSymbolRefAttr::get(copy->getSymNameAttr()));
    for (Operation *view : found.views) {
      IRMapping mapping;
      mapping.map(view->getOperand(0), value);
      Operation *clone = builder.clone(*view, mapping);
      value = clone->getResult(0);
      value.setType(cast<RankedTensorType>(value.getType()).clone(element));
    }
    found.cast.getY().replaceAllUsesWith(value);
    return success();
  }

  /// The copy of a parameter, made for `element` where there is none yet.
  FailureOr<StateOp> getCopy(ParamOp param, Type element, SymbolTable &symbols) {
    StateOp &copy = copies[param];
    if (copy)
      return copy;
    std::string name = (param.getSymName() + ".copy").str();
    if (Operation *existing = symbols.lookup(name)) {
      InFlightDiagnostic diagnostic =
          existing->emitOpError("has the name of a working copy, '") << name << "'";
      diagnostic.attachNote(param.getLoc()) << "the copy is of what is defined here";
      return failure();
    }
    auto owner = FlatSymbolRefAttr::get(param.getSymNameAttr());
    OpBuilder builder(&getContext());
    builder.setInsertionPointAfter(last ? last : lastParam());
    copy = StateOp::create(builder, param.getLoc(), name,
                           cast<RankedTensorType>(param.getType()).clone(element),
                           CopyOfAttr::get(&getContext(), owner), StateRole::Copy, owner,
                           /*offset=*/nullptr);
    symbols.insert(copy);
    last = copy;
    return copy;
  }

  Operation *lastParam() {
    Operation *found = nullptr;
    for (auto param : getOperation().getOps<ParamOp>())
      found = param;
    return found;
  }

  DenseMap<Operation *, StateOp> copies;
  Operation *last = nullptr;
};

} // namespace
