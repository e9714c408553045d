// The last stretch, the same for all targets: kernels in MLIR to LLVM IR, and LLVM IR to
// a file.
#ifndef TRAIN_LIB_CONVERSION_CODEGEN_CODEGEN_H
#define TRAIN_LIB_CONVERSION_CODEGEN_CODEGEN_H

#include "train/Conversion/CpuObject.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

namespace train {

/// The kernels as LLVM IR; null after a diagnostic.
std::unique_ptr<llvm::Module> translateKernels(mlir::ModuleOp kernels,
                                               llvm::LLVMContext &context);

/// Optimizes the module and writes it as `kind`.
llvm::Error writeModule(llvm::Module &module, llvm::TargetMachine &machine,
                        ObjectKind kind, llvm::raw_pwrite_stream &os);

} // namespace train

#endif // TRAIN_LIB_CONVERSION_CODEGEN_CODEGEN_H
