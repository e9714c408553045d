//===- MemoryReport.h - a planned module's memory as JSON -------------------===//
//
// The account that users, tests and the executable get: what the arena holds, where,
// from when to when.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_ANALYSIS_MEMORYREPORT_H
#define TRAIN_ANALYSIS_MEMORYREPORT_H

#include "train/IR/TrainDialect.h"
#include "llvm/Support/JSON.h"

namespace train {

/// The memory report of a module at stage planned, whose arena lies in `space` ("host" or
/// "device"):
///
/// - `spaces`: for device, host and file `peak_bytes` (the allocation) and
/// `lower_bound_bytes`;
/// - `peak_bytes`, `lower_bound_bytes`: those of `space`; `outside_arena_bytes`: null,
/// since it can only be measured;
/// - `peak`: the `program`, `position` and `op` with the most live bytes, its `location`,
/// the `live_bytes` there;
/// - `by_category`: bytes alive there by category; they add up to `live_bytes`;
/// - `buffers`: what that program keeps in the arena: `name`, `location`, `category`,
/// `bytes`, `offset`, and the positions
///   `first_use` and `last_use`, both included; what lives across steps is alive at all
///   positions;
/// - `steps`: bytes alive at each position of that program;
/// - `programs`: `name` and `live_bytes` at the peak of each program.
///
/// All numbers are bytes or positions. Fails with a diagnostic if the module isn't
/// planned.
mlir::FailureOr<llvm::json::Object> buildMemoryReport(mlir::ModuleOp module,
                                                      llvm::StringRef space = "host");

} // namespace train

#endif // TRAIN_ANALYSIS_MEMORYREPORT_H
