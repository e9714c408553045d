// Pooling over windows of NCHW tensors, and its adjoints.
#include "Models.h"

#include <cmath>

using namespace mlir;

namespace train::reference {
namespace {

/// Calls visit(output element, plane's first input element, place in the H x W plane) for
/// each input element of each window, row-major within a window. `input` and `output` are
/// NCHW shapes.
template <typename OpT, typename Visit>
void walkWindows(OpT op, ArrayRef<int64_t> input, ArrayRef<int64_t> output, Visit visit) {
  int64_t planes = input[0] * input[1], h = input[2], w = input[3], oh = output[2],
          ow = output[3];
  for (int64_t plane = 0; plane < planes; ++plane)
    for (int64_t y = 0; y < oh; ++y)
      for (int64_t x = 0; x < ow; ++x)
        for (int64_t r = 0; r < op.getWindow()[0]; ++r)
          for (int64_t s = 0; s < op.getWindow()[1]; ++s) {
            int64_t inputY = y * op.getStrides()[0] - op.getPadding()[0] + r;
            int64_t inputX = x * op.getStrides()[1] - op.getPadding()[1] + s;
            if (inputY >= 0 && inputY < h && inputX >= 0 && inputX < w)
              visit((plane * oh + y) * ow + x, plane * h * w, inputY * w + inputX);
          }
}

LogicalResult evaluateMaxPool2d(MaxPool2dOp op, Operands operands, Results results,
                                EvalContext &) {
  const std::vector<double> &x = operands[0]->f;
  std::vector<double> &y = results[0].f;
  std::vector<int64_t> &indices = results[1].i;
  std::fill(indices.begin(), indices.end(), -1);
  walkWindows(op, operands[0]->shape, results[0].shape,
              [&](int64_t output, int64_t plane, int64_t place) {
                double value = x[plane + place];
                // The first element enters whatever it is, so a window of -inf has an
                // index too; a NaN stays.
                if (indices[output] < 0 || value > y[output] ||
                    (std::isnan(value) && !std::isnan(y[output]))) {
                  y[output] = value;
                  indices[output] = place;
                }
              });
  return success();
}

LogicalResult evaluateMaxPool2dBackward(MaxPool2dBackwardOp op, Operands operands,
                                        Results results, EvalContext &context) {
  const Tensor &dy = *operands[0], &indices = *operands[1];
  int64_t inputPlane = op.getSize()[0] * op.getSize()[1],
          outputPlane = dy.shape[2] * dy.shape[3];
  for (int64_t e = 0; e < dy.size(); ++e) {
    if (indices.i[e] < 0 || indices.i[e] >= inputPlane)
      return context.emitError() << "got index " << indices.i[e] << " into a plane of "
                                 << inputPlane << " elements";
    results[0].f[e / outputPlane * inputPlane + indices.i[e]] += dy.f[e];
  }
  return success();
}

template <typename OpT> double windowArea(OpT op) {
  return static_cast<double>(op.getWindow()[0] * op.getWindow()[1]);
}

LogicalResult evaluateAvgPool2d(AvgPool2dOp op, Operands operands, Results results,
                                EvalContext &) {
  walkWindows(op, operands[0]->shape, results[0].shape,
              [&](int64_t output, int64_t plane, int64_t place) {
                results[0].f[output] += operands[0]->f[plane + place];
              });
  for (double &value : results[0].f)
    value /= windowArea(op);
  return success();
}

LogicalResult evaluateAvgPool2dBackward(AvgPool2dBackwardOp op, Operands operands,
                                        Results results, EvalContext &) {
  walkWindows(op, results[0].shape, operands[0]->shape,
              [&](int64_t output, int64_t plane, int64_t place) {
                results[0].f[plane + place] += operands[0]->f[output] / windowArea(op);
              });
  return success();
}

} // namespace

void attachPooling(MLIRContext *context) {
  attach<MaxPool2dOp, evaluateMaxPool2d>(context);
  attach<MaxPool2dBackwardOp, evaluateMaxPool2dBackward>(context);
  attach<AvgPool2dOp, evaluateAvgPool2d>(context);
  attach<AvgPool2dBackwardOp, evaluateAvgPool2dBackward>(context);
}

} // namespace train::reference
