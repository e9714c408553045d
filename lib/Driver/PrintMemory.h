//===- PrintMemory.h - plans and advice as text ------------------------------===//
//
// What train-compile prints about memory besides the explanation: on standard output what
// was asked for, on standard error what follows a refusal.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_DRIVER_PRINTMEMORY_H
#define TRAIN_LIB_DRIVER_PRINTMEMORY_H

#include "Advice.h"
#include "train/Analysis/MemoryReport.h"

namespace train {

/// The arena, its lower bound, and the bytes at the peak by category.
void printMemory(const MemoryReport &memory);

/// What the planned module computes again, in percent of the time without.
void printRecomputation(mlir::ModuleOp module);

/// The table of arenas and times of `--pareto`.
void printPareto(mlir::ModuleOp module);

/// What single changes of options would need instead of `arena` bytes.
void printSmallerOptions(const std::vector<Advice> &all, int64_t arena);

/// How far each size goes within `budget` bytes; also which sizes are not known.
void printLargestSizes(const std::vector<SizeLimit> &limits, int64_t budget);

/// After a refusal.
void printAdvice(const std::vector<Advice> &all);

} // namespace train

#endif // TRAIN_LIB_DRIVER_PRINTMEMORY_H
