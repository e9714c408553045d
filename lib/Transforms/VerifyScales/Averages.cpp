//===- Averages.cpp - whether micro-batches are averaged --------------------===//
//
// A walk from an update backwards along what it is linear in (LossScaleOpInterface
// knows), through the loop, collecting the constants it passes.
//
//===----------------------------------------------------------------------===//
#include "Averages.h"

#include <cmath>

using namespace mlir;
using namespace train;

namespace {

class FactorWalk {
public:
  FactorWalk(MicrobatchOp loop) : loop(loop), count(loop.getCount()) {}

  /// Whether the update reads the loop's sums, and nothing contains 1/N.
  bool isUnaveraged(Operation *update) {
    visitOperands(update);
    while (!open.empty())
      visit(open.pop_back_val());
    return reachesLoop && !isAveraged;
  }

private:
  void add(Value value) {
    if (seen.insert(value).second)
      open.push_back(value);
  }

  void visit(Value value) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      if (auto fusion = dyn_cast<FusionOp>(argument.getOwner()->getParentOp()))
        return add(fusion.getOperands()[argument.getArgNumber()]);
      size_t streams = loop.getStreams().size();
      if (argument.getOwner() == &loop.getBody().front() &&
          argument.getArgNumber() >= streams)
        add(loop.getInits()[argument.getArgNumber() - streams]);
      return;
    }
    auto result = cast<OpResult>(value);
    if (result.getOwner() == loop) {
      reachesLoop = true;
      return add(
          loop.getBody().front().getTerminator()->getOperand(result.getResultNumber()));
    }
    if (auto fusion = dyn_cast<FusionOp>(result.getOwner()))
      return add(
          fusion.getBody().front().getTerminator()->getOperand(result.getResultNumber()));
    visitOperands(result.getOwner());
  }

  void visitOperands(Operation *op) {
    auto linear = dyn_cast<LossScaleOpInterface>(op);
    if (!linear)
      return;
    for (OpOperand &operand : op->getOpOperands()) {
      ScaleRole role = linear.getScaleRole(operand.getOperandNumber());
      if (role != ScaleRole::Term && role != ScaleRole::Factor &&
          role != ScaleRole::Divisor)
        continue;
      if (auto constant = operand.get().getDefiningOp<ConstantOp>())
        isAveraged |= containsCount(constant, role == ScaleRole::Divisor);
      else
        add(operand.get());
    }
  }

  /// Whether a factor is 1/(kN), or a divisor kN.
  bool containsCount(ConstantOp constant, bool isDivisor) {
    std::optional<double> value = constant.getSplatValue();
    if (!value || *value == 0)
      return false;
    double times = std::abs(isDivisor ? *value : 1 / *value) / count;
    return times >= 1 - 1e-3 && std::abs(times - std::round(times)) < 1e-3 * times;
  }

  MicrobatchOp loop;
  double count;
  SmallVector<Value> open;
  DenseSet<Value> seen;
  bool reachesLoop = false, isAveraged = false;
};

} // namespace

Operation *train::findUnaveragedUpdate(MicrobatchOp loop,
                                       function_ref<bool(Operation *)> isUpdate) {
  if (loop.getCount() < 2)
    return nullptr;
  for (Operation *op = loop->getNextNode(); op; op = op->getNextNode())
    if (isUpdate(op) && FactorWalk(loop).isUnaveraged(op))
      return op;
  return nullptr;
}
