// Chooses the instruction set: the widest that was built and that runs here, or the one
// that the executable was compiled for where that decides about bits.
#include "SimdKernels.h"
#include "train/rt/Backend.h"

#include <cstring>

#if defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#endif

namespace train::cpu {

#if defined(__x86_64__)

namespace avx2 {
extern const SimdKernels kernels;
}
namespace avx512 {
extern const SimdKernels kernels;
}
namespace amx {
void addMatrixUnit(SimdKernels &kernels);
}

namespace {

bool hasAvx512() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd");
}

const SimdKernels *choose() {
  if (hasAvx512())
    return &avx512::kernels;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("bmi2"))
    return &avx2::kernels;
  return nullptr;
}

/// The table that computes products of bf16 on AMX tiles. Linux saves the tiles of a
/// process only once it has asked for that (Documentation/arch/x86/xstate.rst); until
/// then each of their instructions ends it.
rt::Status chooseTiles(const SimdKernels *&kernels) {
  constexpr int kRequestPermission = 0x1023, kTileData = 18;
  if (!hasAvx512() || !__builtin_cpu_supports("amx-tile") ||
      !__builtin_cpu_supports("amx-bf16"))
    return rt::Status::error(rt::ErrorKind::Incompatible,
                             "the CPU lacks AVX-512 or the AMX tiles of bf16 that this "
                             "executable was compiled for");
  if (syscall(SYS_arch_prctl, kRequestPermission, kTileData) != 0)
    return rt::Status::error(
        rt::ErrorKind::Incompatible,
        std::string("the system refuses the AMX tiles that this executable was compiled "
                    "for (arch_prctl: ") +
            std::strerror(errno) + "); compile it with --cpu=x86-64-v4");
  static const SimdKernels table = [] {
    SimdKernels kernels = avx512::kernels;
    amx::addMatrixUnit(kernels);
    return kernels;
  }();
  kernels = &table;
  return rt::Status::success();
}

} // namespace

#else

namespace portable {
extern const SimdKernels kernels;
}

namespace {

const SimdKernels *choose() { return &portable::kernels; }

rt::Status chooseTiles(const SimdKernels *&) {
  return rt::Status::error(rt::ErrorKind::Incompatible, "AMX tiles are x86's");
}

} // namespace

#endif

namespace {

const SimdKernels *&table() {
  static const SimdKernels *chosen = choose();
  return chosen;
}

/// Whether `name` is one of the comma-separated names.
bool contains(const char *names, const char *name) {
  const size_t length = std::strlen(name);
  for (const char *at = names; at; at = std::strchr(at, ',')) {
    at += *at == ',';
    if (!std::strncmp(at, name, length) && (at[length] == ',' || !at[length]))
      return true;
  }
  return false;
}

} // namespace

const SimdKernels *simdKernels() { return table(); }

void useSimdKernels(const SimdKernels *kernels) {
  table() = kernels ? kernels : choose();
}

} // namespace train::cpu

namespace train::rt {

Status prepareBackend(const char *cpuFeatures) {
  const cpu::SimdKernels *kernels = nullptr;
  if (cpu::contains(cpuFeatures, "amx_bf16"))
    TRAIN_RT_RETURN_IF_ERROR(cpu::chooseTiles(kernels));
  cpu::useSimdKernels(kernels);
  return Status::success();
}

} // namespace train::rt
