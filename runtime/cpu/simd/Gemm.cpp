// The matrix product of one thread, for this instruction set.
#include "Gemm.h"

namespace train::cpu::TRAIN_SIMD {

// B is packed even for a few rows: read in place, its rows stand a page or more apart
// and the product runs at half the speed (docs/rationale/cpu-libraries.md).
void gemmTask(const GemmTask &task, float *scratch) {
  gemm(DenseLeft{task.a, task.lda, task.transposeA},
       DenseRight{task.b, task.ldb, task.transposeB}, DenseOut{task.c, task.ldc}, task.m,
       task.n, task.k, task.accumulate, scratch);
}

} // namespace train::cpu::TRAIN_SIMD
