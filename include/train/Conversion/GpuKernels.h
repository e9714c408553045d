// From row programs to PTX for one NVIDIA GPU.
#ifndef TRAIN_CONVERSION_GPUKERNELS_H
#define TRAIN_CONVERSION_GPUKERNELS_H

#include "train/Conversion/RowProgram.h"

namespace train {

/// What kernels are compiled for.
struct GpuTarget {
  std::string name;     ///< LLVM's name of the architecture, "sm_90"
  std::string features; ///< the PTX version, "+ptx80"

  /// The architecture named `name`, sm_80 or newer. Fails with a message for others.
  static llvm::Expected<GpuTarget> get(llvm::StringRef name);
};

/// How a kernel is launched and how its threads share the columns. It follows from the
/// program alone, so that the tree of a reduction is fixed by the row's length.
struct GpuShape {
  int threads; ///< per block, exactly; a power of two
  int width;   ///< neighbouring columns per thread and access: 4, or 1
  /// Accesses that cover a row, if few enough that the row stays in registers; 0: a
  /// thread walks the row once per stage.
  int residentSteps;
  int64_t items; ///< the kernel's last argument: elements of a flat range, rows, or tiles
                 ///< of sums
  /// Blocks that cover all items at once. Fewer are as right: blocks stride over the
  /// items.
  int64_t blocks;

  static GpuShape get(const rows::Program &program);
};

/// The alignment in bytes that an access of 4 elements needs: at most 16.
int64_t getGpuAlignment(const rows::Buffer &buffer);

/// Emits `program` as the kernel `name(ptr<1> buffers..., i64 parameters..., i64 items)`
/// into `module`, in arith, math, scf, LLVM and NVVM ops. `aligned`: each buffer that the
/// columns walk starts at a multiple of getGpuAlignment; without it the same columns of a
/// thread are accessed one by one, with the same bits.
void emitGpuKernel(mlir::ModuleOp module, llvm::StringRef name,
                   const rows::Program &program, bool aligned);

/// Writes each distinct kernel of a module at stage planned as PTX, after a comment line
/// per kernel with its launch shape. Library calls have no PTX and are skipped. Errors
/// are diagnostics.
mlir::LogicalResult emitPtx(mlir::ModuleOp module, const GpuTarget &target,
                            llvm::raw_pwrite_stream &os);

} // namespace train

#endif // TRAIN_CONVERSION_GPUKERNELS_H
