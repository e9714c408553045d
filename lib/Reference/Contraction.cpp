// Matrix products. Sums run over K in ascending order for every element, whatever the
// blocking, so that a result does not depend on the shape around it.
#include "Models.h"

using namespace mlir;

namespace train::reference {
namespace {

/// rows x columns, transposed.
std::vector<double> transposed(const double *matrix, int64_t rows, int64_t columns) {
  std::vector<double> result(rows * columns);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      result[c * rows + r] = matrix[r * columns + c];
  return result;
}

/// c[M, N] += a[M, K] b[K, N], all dense. Four rows of c share each row of b, and columns
/// go in blocks that keep those rows in the first-level cache.
void multiplyAdd(const double *a, const double *b, double *c, int64_t m, int64_t n,
                 int64_t k) {
  constexpr int64_t columnBlock = 512;
  for (int64_t begin = 0; begin < n; begin += columnBlock) {
    int64_t end = std::min(n, begin + columnBlock), row = 0;
    for (; row + 4 <= m; row += 4) {
      double *c0 = c + row * n, *c1 = c0 + n, *c2 = c1 + n, *c3 = c2 + n;
      for (int64_t p = 0; p < k; ++p) {
        const double *x = b + p * n;
        double a0 = a[row * k + p], a1 = a[(row + 1) * k + p], a2 = a[(row + 2) * k + p],
               a3 = a[(row + 3) * k + p];
        for (int64_t j = begin; j < end; ++j) {
          c0[j] += a0 * x[j];
          c1[j] += a1 * x[j];
          c2[j] += a2 * x[j];
          c3[j] += a3 * x[j];
        }
      }
    }
    for (; row < m; ++row)
      for (int64_t p = 0; p < k; ++p)
        for (int64_t j = begin; j < end; ++j)
          c[row * n + j] += a[row * k + p] * b[p * n + j];
  }
}

LogicalResult evaluateMatmul(MatmulOp op, Operands operands, Results results,
                             EvalContext &) {
  const Tensor &lhs = *operands[0], &rhs = *operands[1];
  Tensor &result = results[0];
  if (const Tensor *accumulator = declaredOperand(op, 2, operands))
    result.f = accumulator->f;
  size_t lhsRank = lhs.shape.size(), rhsRank = rhs.shape.size();
  int64_t lhsRows = lhs.shape[lhsRank - 2], lhsColumns = lhs.shape[lhsRank - 1];
  int64_t rhsRows = rhs.shape[rhsRank - 2], rhsColumns = rhs.shape[rhsRank - 1];
  int64_t m = op.getTransposeLhs() ? lhsColumns : lhsRows,
          k = op.getTransposeLhs() ? lhsRows : lhsColumns;
  int64_t n = op.getTransposeRhs() ? rhsRows : rhsColumns;
  int64_t batch = countElements(ArrayRef<int64_t>(result.shape).drop_back(2));
  // A plain matrix beside a batch is one matrix that every element of the batch shares.
  int64_t lhsStride = lhsRank > 2 ? m * k : 0, rhsStride = rhsRank > 2 ? k * n : 0;
  std::vector<double> lhsCopy, rhsCopy;
  for (int64_t element = 0; element < batch; ++element) {
    const double *a = lhs.f.data() + element * lhsStride,
                 *b = rhs.f.data() + element * rhsStride;
    if (op.getTransposeLhs()) {
      if (element == 0 || lhsStride != 0)
        lhsCopy = transposed(a, lhsRows, lhsColumns);
      a = lhsCopy.data();
    }
    if (op.getTransposeRhs()) {
      if (element == 0 || rhsStride != 0)
        rhsCopy = transposed(b, rhsRows, rhsColumns);
      b = rhsCopy.data();
    }
    multiplyAdd(a, b, result.f.data() + element * m * n, m, n, k);
  }
  return success();
}

} // namespace

void attachContraction(MLIRContext *context) {
  attach<MatmulOp, evaluateMatmul>(context);
}

} // namespace train::reference
