// A planned module as one object file for a CPU.
#ifndef TRAIN_CONVERSION_CPUOBJECT_H
#define TRAIN_CONVERSION_CPUOBJECT_H

#include "train/Conversion/CpuKernels.h"

namespace train {

/// What the executable says about its making; recorded, not interpreted.
struct ObjectOptions {
  std::string optionsJson = "{}";
  std::string libraryVersions;
};

enum class ObjectKind { Object, Llvm, Assembly };

/// Emits the kernels, the command lists and the tables of a module at stage planned,
/// defining `train_executable` of Abi.h. Errors are diagnostics on the module.
mlir::LogicalResult emitCpuObject(mlir::ModuleOp module, const CpuTarget &target,
                                  const ObjectOptions &options, ObjectKind kind,
                                  llvm::raw_pwrite_stream &os);

/// Fails with the diagnostic that emitCpuObject would fail with for an op that has no
/// kernel, without generating code.
mlir::LogicalResult checkCpuLowering(mlir::ModuleOp module);

} // namespace train

#endif // TRAIN_CONVERSION_CPUOBJECT_H
