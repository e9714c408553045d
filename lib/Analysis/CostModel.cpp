//===- CostModel.cpp - costs from interfaces --------------------------------===//
//
// Sums over regions; nothing here knows an op's arithmetic.
//
//===----------------------------------------------------------------------===//
#include "train/Analysis/CostModel.h"

using namespace mlir;
using namespace train;

namespace {

int64_t getBytes(ValueRange values) {
  int64_t bytes = 0;
  for (Value value : values)
    bytes += getByteSize(value.getType());
  return bytes;
}

bool issuesCommand(Operation *op) {
  return isa<LibraryOpInterface, RowProgramOpInterface, FusionOp>(op);
}

} // namespace

OpCost train::getOpCost(Operation *op) {
  OpCost cost;
  if (auto loop = dyn_cast<MicrobatchOp>(op)) {
    for (Operation &inner : loop.getBody().front()) {
      OpCost each = getOpCost(&inner);
      cost.flops += each.flops * static_cast<int64_t>(loop.getCount());
      cost.bytes += each.bytes * static_cast<int64_t>(loop.getCount());
    }
    return cost;
  }
  if (auto priced = dyn_cast<RecomputableOpInterface>(op))
    cost.flops = priced.getFlops();
  for (Region &region : op->getRegions())
    for (Operation &inner : region.getOps())
      cost.flops += getOpCost(&inner).flops;
  if (issuesCommand(op))
    cost.bytes = getBytes(op->getOperands()) + getBytes(op->getResults());
  return cost;
}

double train::getLibraryFlops(ProgramOpInterface program) {
  double flops = 0;
  program.getBodyBlock()->walk([&](Operation *op) {
    auto priced = dyn_cast<RecomputableOpInterface>(op);
    if (!priced || !isa<LibraryOpInterface>(op))
      return;
    auto loop = op->getParentOfType<MicrobatchOp>();
    flops += static_cast<double>(priced.getFlops()) * (loop ? loop.getCount() : 1);
  });
  return flops;
}
