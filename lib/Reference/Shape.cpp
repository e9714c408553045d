// Data movement: each op is one strided walk that copies elements unchanged.
#include "Indexing.h"
#include "Models.h"

using namespace mlir;

namespace train::reference {
namespace {

/// target[targetStart + index . targetStrides] = source[sourceStart + index .
/// sourceStrides] for every index of `shape`.
void copyStrided(ArrayRef<int64_t> shape, const Tensor &source, int64_t sourceStart,
                 const Strides &sourceStrides, Tensor &target, int64_t targetStart,
                 const Strides &targetStrides) {
  auto copy = [&](const auto &from, auto &to) {
    walkStrided<2>(shape, {sourceStrides, targetStrides},
                   [&](auto at) { to[at[1]] = from[at[0]]; }, {sourceStart, targetStart});
  };
  if (source.isFloat())
    copy(source.f, target.f);
  else
    copy(source.i, target.i);
}

LogicalResult evaluateReshape(ReshapeOp, Operands operands, Results results,
                              EvalContext &) {
  results[0].f = operands[0]->f;
  results[0].i = operands[0]->i;
  return success();
}

LogicalResult evaluateTranspose(TransposeOp op, Operands operands, Results results,
                                EvalContext &) {
  Strides dense = denseStrides(operands[0]->shape), permuted;
  for (int64_t dim : op.getPermutation())
    permuted.push_back(dense[dim]);
  copyStrided(results[0].shape, *operands[0], 0, permuted, results[0], 0,
              denseStrides(results[0].shape));
  return success();
}

LogicalResult evaluateSlice(SliceOp op, Operands operands, Results results,
                            EvalContext &) {
  Strides strides = denseStrides(operands[0]->shape);
  int64_t start = 0;
  for (size_t d = 0; d < strides.size(); ++d) {
    start += op.getOffsets()[d] * strides[d];
    strides[d] *= op.getStrides()[d];
  }
  copyStrided(results[0].shape, *operands[0], start, strides, results[0], 0,
              denseStrides(results[0].shape));
  return success();
}

LogicalResult evaluateConcat(ConcatOp op, Operands operands, Results results,
                             EvalContext &) {
  Strides strides = denseStrides(results[0].shape);
  int64_t start = 0;
  for (const Tensor *operand : operands) {
    copyStrided(operand->shape, *operand, 0, denseStrides(operand->shape), results[0],
                start, strides);
    start += operand->shape[op.getDim()] * strides[op.getDim()];
  }
  return success();
}

LogicalResult evaluatePad(PadOp op, Operands operands, Results results, EvalContext &) {
  Tensor &result = results[0];
  double value = op.getValue().convertToDouble();
  std::fill(result.f.begin(), result.f.end(), value);
  std::fill(result.i.begin(), result.i.end(), static_cast<int64_t>(value));
  Strides strides = denseStrides(result.shape);
  int64_t start = 0;
  for (size_t d = 0; d < strides.size(); ++d) {
    start += op.getLow()[d] * strides[d];
    strides[d] *= 1 + op.getInterior()[d];
  }
  copyStrided(operands[0]->shape, *operands[0], 0, denseStrides(operands[0]->shape),
              result, start, strides);
  return success();
}

LogicalResult evaluateBroadcast(BroadcastOp, Operands operands, Results results,
                                EvalContext &) {
  copyStrided(results[0].shape, *operands[0], 0,
              broadcastStrides(operands[0]->shape, results[0].shape), results[0], 0,
              denseStrides(results[0].shape));
  return success();
}

} // namespace

void attachShape(MLIRContext *context) {
  attach<ReshapeOp, evaluateReshape>(context);
  attach<TransposeOp, evaluateTranspose>(context);
  attach<SliceOp, evaluateSlice>(context);
  attach<ConcatOp, evaluateConcat>(context);
  attach<PadOp, evaluatePad>(context);
  attach<BroadcastOp, evaluateBroadcast>(context);
}

} // namespace train::reference
