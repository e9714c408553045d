// Constants and index ramps.
#include "Indexing.h"
#include "Models.h"

using namespace mlir;

namespace train::reference {
namespace {

LogicalResult evaluateConstant(ConstantOp op, Operands, Results results,
                               EvalContext &context) {
  TensorRef value = tensorFromElements(op.getValue());
  if (!value)
    return context.emitError() << "holds elements that cannot be read";
  results[0] = *value;
  return success();
}

LogicalResult evaluateIota(IotaOp op, Operands, Results results, EvalContext &) {
  Tensor &result = results[0];
  // Two walks in step: the element's place, and its index along `dim` alone.
  Strides along(result.shape.size(), 0);
  along[op.getDim()] = 1;
  walkStrided<2>(result.shape, {denseStrides(result.shape), along}, [&](auto at) {
    if (result.isFloat())
      result.f[at[0]] = static_cast<double>(at[1]);
    else
      result.i[at[0]] = at[1];
  });
  return success();
}

} // namespace

void attachConstant(MLIRContext *context) {
  attach<ConstantOp, evaluateConstant>(context);
  attach<IotaOp, evaluateIota>(context);
}

} // namespace train::reference
