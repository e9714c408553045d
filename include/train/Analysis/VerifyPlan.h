//===- VerifyPlan.h - whether a memory plan can be read ---------------------===//
//
// Plans come in files too. Whoever reads one checks it first, and may then take the
// attributes of PlanAttributes.h for granted.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_ANALYSIS_VERIFYPLAN_H
#define TRAIN_ANALYSIS_VERIFYPLAN_H

#include "mlir/IR/BuiltinOps.h"

namespace train {

/// Fails with a diagnostic unless `module` has every attribute of a memory plan, of the
/// right type, with one entry per argument or result, and with offsets within the arena
/// that are multiples of TRAIN_ALIGNMENT, views into the middle of a storage excepted.
/// That no two storages share bytes is the planner's own promise. The order has to be
/// executable already.
llvm::LogicalResult verifyMemoryPlan(mlir::ModuleOp module);

} // namespace train

#endif // TRAIN_ANALYSIS_VERIFYPLAN_H
