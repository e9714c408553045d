//===- CostModel.cpp - costs from interfaces --------------------------------===//
//
// Sums over regions; nothing here knows an op's arithmetic.
//
//===----------------------------------------------------------------------===//
#include "train/Analysis/CostModel.h"
#include "LibraryWork.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace train;

namespace {

int64_t getBytes(ValueRange values) {
  int64_t bytes = 0;
  for (Value value : values)
    bytes += getByteSize(value.getType());
  return bytes;
}

// Commands that the op becomes. The partial kernels of a row program count as one.
int64_t countLaunches(Operation *op) {
  if (matchPattern(op, m_Constant()))
    return 0;
  if (auto library = dyn_cast<LibraryOpInterface>(op))
    return library.getLibraryCalls().size();
  return isa<RowProgramOpInterface, FusionOp>(op);
}

int64_t getPricedFlops(Operation *op) {
  auto priced = dyn_cast<RecomputableOpInterface>(op);
  return priced ? priced.getFlops() : 0;
}

// A slice or a look-up touches of its operands what it delivers, not all there is; what
// adds to some places of an operand reads and writes as much of it as it is given.
int64_t getMovedBytes(Operation *op) {
  int64_t written = getBytes(op->getResults()), read = 0;
  for (OpResult result : op->getResults()) {
    ResultStorage storage = getResultStorage(result);
    if (storage.kind != ResultStorage::Kind::MustAlias)
      continue;
    int64_t given = 0;
    for (auto [i, operand] : llvm::enumerate(op->getOperands()))
      if (i != storage.operand)
        given += getByteSize(operand.getType());
    return 3 * given;
  }
  for (Value operand : op->getOperands())
    read += std::min(getByteSize(operand.getType()), written);
  return read + written;
}

// A line of memory that is written without having been read is read first.
int64_t getFreshBytes(Operation *op) {
  int64_t bytes = 0;
  for (OpResult result : op->getResults())
    if (getResultStorage(result).kind == ResultStorage::Kind::Fresh)
      bytes += getByteSize(result.getType());
  return bytes;
}

// Seconds of arithmetic alone.
double getComputeSeconds(Operation *op, int64_t flops, const MachineModel &machine) {
  double seconds = 0;
  if (auto library = dyn_cast<LibraryOpInterface>(op))
    for (const LibraryCall &call : library.getLibraryCalls())
      if (std::optional<LibraryWork> work = getLibraryWork(call))
        seconds += work->products / machine.libraryFlopsPerSecond +
                   work->vectors / machine.kernelFlopsPerSecond;
  return seconds ? seconds : static_cast<double>(flops) / machine.kernelFlopsPerSecond;
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
  cost.flops = getPricedFlops(op);
  for (Region &region : op->getRegions())
    for (Operation &inner : region.getOps())
      cost.flops += getOpCost(&inner).flops;
  if (countLaunches(op) == 0)
    return cost;
  bool isMovement = isa<LibraryOpInterface>(op) && cost.flops == 0;
  cost.bytes = isMovement ? getMovedBytes(op)
                          : getBytes(op->getOperands()) + getBytes(op->getResults());
  return cost;
}

MachineModel train::getMachineModel(int threads) {
  // Memory serves so many threads at full speed; more share it.
  constexpr int memoryThreads = 8;
  MachineModel machine;
  machine.libraryFlopsPerSecond = 92e9 * threads;
  machine.kernelFlopsPerSecond = 20e9 * threads;
  machine.bytesPerSecond = 25.5e9 * std::min(threads, memoryThreads);
  machine.secondsPerLaunch = 50e-9 + 30e-9 * threads;
  return machine;
}

double train::getSeconds(Operation *op, const MachineModel &machine) {
  if (auto loop = dyn_cast<MicrobatchOp>(op)) {
    double seconds = 0;
    for (Operation &inner : loop.getBody().front())
      seconds += getSeconds(&inner, machine);
    return seconds * static_cast<double>(loop.getCount());
  }
  int64_t launches = countLaunches(op);
  if (launches == 0)
    return 0;
  OpCost cost = getOpCost(op);
  return std::max(getComputeSeconds(op, cost.flops, machine),
                  static_cast<double>(cost.bytes + getFreshBytes(op)) /
                      machine.bytesPerSecond) +
         static_cast<double>(launches) * machine.secondsPerLaunch;
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
