// Table lookup and its adjoint.
#include "Models.h"

using namespace mlir;

namespace train::reference {
namespace {

/// Fails at the op for the first id outside [0, size).
LogicalResult checkIds(const Tensor &ids, int64_t size, EvalContext &context) {
  for (auto [position, id] : llvm::enumerate(ids.i))
    if (id < 0 || id >= size)
      return context.emitError() << "reads row " << id << " of a table of " << size
                                 << " rows (id at position " << position << ")";
  return success();
}

LogicalResult evaluateEmbedding(EmbeddingOp, Operands operands, Results results,
                                EvalContext &context) {
  const Tensor &table = *operands[0], &ids = *operands[1];
  if (failed(checkIds(ids, table.shape[0], context)))
    return failure();
  int64_t width = table.shape[1];
  for (auto [position, id] : llvm::enumerate(ids.i))
    std::copy_n(table.f.begin() + id * width, width,
                results[0].f.begin() + position * width);
  return success();
}

LogicalResult evaluateEmbeddingGrad(EmbeddingGradOp op, Operands operands,
                                    Results results, EvalContext &context) {
  const Tensor &ids = *operands[0], &dy = *operands[1];
  if (failed(checkIds(ids, op.getVocabulary(), context)))
    return failure();
  if (const Tensor *accumulator = declaredOperand(op, 2, operands))
    results[0].f = accumulator->f;
  int64_t width = results[0].shape[1];
  for (auto [position, id] : llvm::enumerate(ids.i))
    for (int64_t c = 0; c < width; ++c)
      results[0].f[id * width + c] += dy.f[position * width + c];
  return success();
}

} // namespace

void attachIndex(MLIRContext *context) {
  attach<EmbeddingOp, evaluateEmbedding>(context);
  attach<EmbeddingGradOp, evaluateEmbeddingGrad>(context);
}

} // namespace train::reference
