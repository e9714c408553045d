// Reductions over chosen dimensions, and the softmaxes.
#include "Indexing.h"
#include "Models.h"

#include <cmath>

using namespace mlir;

namespace train::reference {
namespace {

/// Strides into a reduction's result for each dimension of its operand: 0 where it is
/// reduced.
Strides reducedStrides(ArrayRef<int64_t> shape, ArrayRef<int64_t> dims) {
  Strides strides(shape.size(), 0);
  int64_t stride = 1;
  for (size_t d = shape.size(); d-- > 0;) {
    if (llvm::is_contained(dims, static_cast<int64_t>(d)))
      continue;
    strides[d] = stride;
    stride *= shape[d];
  }
  return strides;
}

/// Calls combine(accumulated, element) over all of x.
template <typename OpT, typename Combine>
void reduce(OpT op, const Tensor &x, Tensor &result, double initial, Combine combine) {
  std::fill(result.f.begin(), result.f.end(), initial);
  walkStrided<2>(
      x.shape, {denseStrides(x.shape), reducedStrides(x.shape, op.getDims())},
      [&](auto at) { result.f[at[1]] = combine(result.f[at[1]], x.f[at[0]]); });
}

double add(double sum, double value) { return sum + value; }
double larger(double best, double value) {
  return value > best || std::isnan(value) ? value : best;
}

LogicalResult evaluateReduceSum(ReduceSumOp op, Operands operands, Results results,
                                EvalContext &) {
  reduce(op, *operands[0], results[0], 0, add);
  return success();
}

LogicalResult evaluateReduceMean(ReduceMeanOp op, Operands operands, Results results,
                                 EvalContext &) {
  reduce(op, *operands[0], results[0], 0, add);
  double count = 1;
  for (int64_t dim : op.getDims())
    count *= static_cast<double>(operands[0]->shape[dim]);
  for (double &value : results[0].f)
    value /= count;
  return success();
}

LogicalResult evaluateReduceMax(ReduceMaxOp op, Operands operands, Results results,
                                EvalContext &) {
  reduce(op, *operands[0], results[0], -INFINITY, larger);
  return success();
}

/// Calls visit(row of x, row of y, size, largest, sum of exp(x - largest)) per row.
template <typename Visit> void walkRows(const Tensor &x, Tensor &y, Visit visit) {
  int64_t size = x.rowSize();
  for (int64_t begin = 0; begin < x.size(); begin += size) {
    const double *row = x.f.data() + begin;
    double largest = -INFINITY, sum = 0;
    for (int64_t c = 0; c < size; ++c)
      largest = larger(largest, row[c]);
    for (int64_t c = 0; c < size; ++c)
      sum += std::exp(row[c] - largest);
    visit(row, y.f.data() + begin, size, largest, sum);
  }
}

LogicalResult evaluateSoftmax(SoftmaxOp, Operands operands, Results results,
                              EvalContext &) {
  walkRows(*operands[0], results[0],
           [](const double *x, double *y, int64_t size, double largest, double sum) {
             for (int64_t c = 0; c < size; ++c)
               y[c] = std::exp(x[c] - largest) / sum;
           });
  return success();
}

LogicalResult evaluateLogSoftmax(LogSoftmaxOp, Operands operands, Results results,
                                 EvalContext &) {
  walkRows(*operands[0], results[0],
           [](const double *x, double *y, int64_t size, double largest, double sum) {
             for (int64_t c = 0; c < size; ++c)
               y[c] = (x[c] - largest) - std::log(sum);
           });
  return success();
}

} // namespace

void attachReduction(MLIRContext *context) {
  attach<ReduceSumOp, evaluateReduceSum>(context);
  attach<ReduceMeanOp, evaluateReduceMean>(context);
  attach<ReduceMaxOp, evaluateReduceMax>(context);
  attach<SoftmaxOp, evaluateSoftmax>(context);
  attach<LogSoftmaxOp, evaluateLogSoftmax>(context);
}

} // namespace train::reference
