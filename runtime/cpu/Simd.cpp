// Chooses the instruction set, once: the widest that was built and that runs here.
#include "SimdKernels.h"

namespace train::cpu {

#if defined(__x86_64__)

namespace avx2 {
extern const SimdKernels kernels;
}
namespace avx512 {
extern const SimdKernels kernels;
}

namespace {

const SimdKernels *choose() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd"))
    return &avx512::kernels;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("bmi2"))
    return &avx2::kernels;
  return nullptr;
}

} // namespace

const SimdKernels *simdKernels() {
  static const SimdKernels *const chosen = choose();
  return chosen;
}

#else

namespace portable {
extern const SimdKernels kernels;
}

const SimdKernels *simdKernels() { return &portable::kernels; }

#endif

} // namespace train::cpu
