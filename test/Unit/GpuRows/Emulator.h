// Runs NVVM kernels on this CPU, so that the emitter's meaning is tested where there is
// no GPU. The kernel's LLVM IR is compiled for the host with the special registers, the
// shuffle and the barrier as calls; the threads of a block are fibers that switch there.
// Blocks run one after the other.
#ifndef TRAIN_TEST_UNIT_GPUROWS_EMULATOR_H
#define TRAIN_TEST_UNIT_GPUROWS_EMULATOR_H

#include "mlir/IR/BuiltinOps.h"

#include <memory>
#include <string>
#include <vector>

namespace llvm::orc {
class LLJIT;
}

namespace train::gpurows {

/// Kernels of both kinds, compiled for this machine.
class Emulator {
public:
  /// `kernels` holds functions of the CPU emitter and kernels of the GPU emitter. Null,
  /// with a message on stderr, if something in it has no emulation.
  static std::unique_ptr<Emulator> create(mlir::ModuleOp kernels);
  ~Emulator();

  /// Launches the kernel `name`. Warps run one after the other from barrier to barrier,
  /// and threads from shuffle to shuffle, in ascending or descending order: a result that
  /// depends on it is a race. Returns an error where not all threads meet at the same
  /// shuffle or barrier, which a GPU does not forgive.
  std::string launch(const std::string &name, std::vector<uint64_t> arguments,
                     int64_t blocks, int threads, bool descending);

  /// Calls a kernel of the CPU emitter.
  void call(const std::string &name, void *const *buffers, const int64_t *parameters,
            int64_t extent);

private:
  explicit Emulator(std::unique_ptr<llvm::orc::LLJIT> jit);
  void *lookup(const std::string &name);
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

} // namespace train::gpurows

#endif // TRAIN_TEST_UNIT_GPUROWS_EMULATOR_H
