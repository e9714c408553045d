// The constant tables of an executable, in the layout of Abi.h.
#ifndef TRAIN_LIB_CONVERSION_CPU_TABLES_H
#define TRAIN_LIB_CONVERSION_CPU_TABLES_H

#include "CommandList.h"
#include "train/Conversion/CpuObject.h"
#include "llvm/IR/Module.h"

namespace train {

struct ProgramCommands {
  ProgramOpInterface program;
  CommandList commands;
};

/// Defines `train_executable` and all it points to in `target`, which holds the kernels
/// as functions "kernel.0", "kernel.1", ...
mlir::LogicalResult emitTables(llvm::Module &target, mlir::ModuleOp module,
                               const CpuTarget &cpu, const ObjectOptions &options,
                               llvm::ArrayRef<ProgramCommands> programs, unsigned kernels,
                               const TextTable &texts);

} // namespace train

#endif // TRAIN_LIB_CONVERSION_CPU_TABLES_H
