// From row programs to machine code for one CPU.
#ifndef TRAIN_CONVERSION_CPUKERNELS_H
#define TRAIN_CONVERSION_CPUKERNELS_H

#include "train/Conversion/RowProgram.h"

namespace train {

/// What kernels are compiled for.
struct CpuTarget {
  std::string name;     ///< LLVM's name of the CPU, "znver3"
  std::string features; ///< LLVM's feature string
  /// The features that generated code may use and that the executable checks at start, in
  /// the spelling of /proc/cpuinfo, comma-separated.
  std::string required;
  int64_t vectorBits = 256; ///< the widest vectors worth using
  /// Whether it multiplies bf16 on AMX tiles: products of bf16 then run there.
  bool bf16Tiles = false;

  /// The CPU named `name`; "native" is this machine. Fails with a message for names that
  /// LLVM does not know.
  static llvm::Expected<CpuTarget> get(llvm::StringRef name);
};

/// Emits `program` as `func @name(ptr buffers, ptr params, i64 begin, i64 end)`
/// (TrainKernel of Abi.h) into `module`, in arith, math, scf, vector and LLVM pointer
/// ops.
void emitCpuKernel(mlir::ModuleOp module, llvm::StringRef name,
                   const rows::Program &program, const CpuTarget &target);

} // namespace train

#endif // TRAIN_CONVERSION_CPUKERNELS_H
