// Randomness that is a function of counters.
#include "Models.h"
#include "train/Reference/Philox.h"

using namespace mlir;

namespace train::reference {
namespace {

LogicalResult evaluateRandomKey(RandomKeyOp, Operands, Results results,
                                EvalContext &context) {
  results[0].i = {context.seed, context.step, context.firstSample};
  return success();
}

LogicalResult evaluateDropout(DropoutOp op, Operands operands, Results results,
                              EvalContext &) {
  const Tensor &x = *operands[0], &key = *operands[1];
  double rate = op.getRate().convertToDouble();
  int64_t samples = op.getSamples(), perSample = samples == 0 ? 0 : x.size() / samples;
  for (int64_t sample = 0; sample < samples; ++sample)
    for (int64_t element = 0; element < perSample; ++element) {
      double u =
          dropoutUniform(key.i[0], op.getSite(), key.i[1], key.i[2] + sample, element);
      int64_t at = sample * perSample + element;
      results[0].f[at] = u >= rate ? x.f[at] / (1 - rate) : 0.0;
    }
  return success();
}

} // namespace

void attachRandom(MLIRContext *context) {
  attach<RandomKeyOp, evaluateRandomKey>(context);
  attach<DropoutOp, evaluateDropout>(context);
}

} // namespace train::reference
