// Which programs of a module run, and where their ops stand.
#ifndef TRAIN_IR_PROGRAMS_H
#define TRAIN_IR_PROGRAMS_H

#include "train/IR/TrainDialect.h"

namespace train {

/// The programs that are executed, in the order of the module: all but the graph, which
/// they are derived from.
llvm::SmallVector<ProgramOpInterface> getExecutedPrograms(mlir::ModuleOp module);

/// The blocks of a program whose ops are executed one by one, innermost first: the bodies
/// of its micro-batch loops, then its own. Fusions and scopes are ops like others.
llvm::SmallVector<mlir::Block *> getExecutedBlocks(ProgramOpInterface program);

} // namespace train

#endif // TRAIN_IR_PROGRAMS_H
