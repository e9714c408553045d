// The matrix product of one thread, for this instruction set.
#include "Gemm.h"

namespace train::cpu::TRAIN_SIMD {

void gemmTask(const GemmTask &task, float *scratch) {
  // With few rows each element of B is used so seldom that packing it would cost more
  // than the product: read it in place, but for the columns that do not fill a vector.
  if (task.m <= 2 * kTileRows && !task.transposeB && task.k > 0) {
    int64_t direct = task.n / kLanes * kLanes;
    for (int64_t j = 0; j < direct; j += kTileColumns)
      for (int64_t i = 0; i < task.m; i += kTileRows) {
        int64_t rows = min(kTileRows, task.m - i),
                columns = min(kTileColumns, direct - j);
        float *c = task.c + i * task.ldc + j;
        if (task.transposeA)
          tile<Left::Columns>(rows, columns, task.k, task.a + i, task.lda, task.b + j,
                              task.ldb, c, task.ldc, task.accumulate);
        else
          tile<Left::Rows>(rows, columns, task.k, task.a + i * task.lda, task.lda,
                           task.b + j, task.ldb, c, task.ldc, task.accumulate);
      }
    if (direct < task.n)
      gemm(DenseLeft{task.a, task.lda, task.transposeA},
           DenseRight{task.b + direct, task.ldb, false},
           DenseOut{task.c + direct, task.ldc}, task.m, task.n - direct, task.k,
           task.accumulate, scratch);
    return;
  }
  gemm(DenseLeft{task.a, task.lda, task.transposeA},
       DenseRight{task.b, task.ldb, task.transposeB}, DenseOut{task.c, task.ldc}, task.m,
       task.n, task.k, task.accumulate, scratch);
}

} // namespace train::cpu::TRAIN_SIMD
