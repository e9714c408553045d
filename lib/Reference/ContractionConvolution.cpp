// Two-dimensional convolution and its two adjoints: one walk over all products, of which
// each op sums another factor's place.
#include "Models.h"

using namespace mlir;

namespace train::reference {
namespace {

/// The sizes of a conv2d, in the letters of its description.
struct Geometry {
  int64_t n, c, h, w, o, kh, kw, oh, ow;
  int64_t strideH, strideW, top, left, dilationH, dilationW, groups;

  template <typename OpT>
  Geometry(OpT op, ArrayRef<int64_t> input, ArrayRef<int64_t> filter,
           ArrayRef<int64_t> output)
      : n(input[0]), c(input[1]), h(input[2]), w(input[3]), o(filter[0]), kh(filter[2]),
        kw(filter[3]), oh(output[2]), ow(output[3]), strideH(op.getStrides()[0]),
        strideW(op.getStrides()[1]), top(op.getPadding()[0]), left(op.getPadding()[1]),
        dilationH(op.getDilations()[0]), dilationW(op.getDilations()[1]),
        groups(static_cast<int64_t>(op.getGroups())) {}
};

/// Calls visit(place in input, place in filter, place in output) for every product of the
/// convolution. For one output element they come in ascending (channel, row, column) of
/// the filter.
template <typename Visit> void walkProducts(const Geometry &g, Visit visit) {
  int64_t channels = g.c / g.groups, outputs = g.o / g.groups;
  for (int64_t n = 0; n < g.n; ++n)
    for (int64_t o = 0; o < g.o; ++o)
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t r = 0; r < g.kh; ++r)
          for (int64_t s = 0; s < g.kw; ++s) {
            int64_t filter = ((o * channels + c) * g.kh + r) * g.kw + s;
            int64_t inputPlane = (n * g.c + o / outputs * channels + c) * g.h,
                    outputPlane = (n * g.o + o) * g.oh;
            for (int64_t y = 0; y < g.oh; ++y) {
              int64_t inputY = y * g.strideH - g.top + r * g.dilationH;
              if (inputY < 0 || inputY >= g.h)
                continue;
              for (int64_t x = 0; x < g.ow; ++x) {
                int64_t inputX = x * g.strideW - g.left + s * g.dilationW;
                if (inputX >= 0 && inputX < g.w)
                  visit((inputPlane + inputY) * g.w + inputX, filter,
                        (outputPlane + y) * g.ow + x);
              }
            }
          }
}

LogicalResult evaluateConv2d(Conv2dOp op, Operands operands, Results results,
                             EvalContext &) {
  const double *input = operands[0]->f.data(), *filter = operands[1]->f.data();
  double *output = results[0].f.data();
  walkProducts(
      Geometry(op, operands[0]->shape, operands[1]->shape, results[0].shape),
      [&](int64_t i, int64_t f, int64_t o) { output[o] += input[i] * filter[f]; });
  return success();
}

LogicalResult evaluateConv2dTranspose(Conv2dTransposeOp op, Operands operands,
                                      Results results, EvalContext &) {
  const double *dout = operands[0]->f.data(), *filter = operands[1]->f.data();
  double *din = results[0].f.data();
  walkProducts(Geometry(op, results[0].shape, operands[1]->shape, operands[0]->shape),
               [&](int64_t i, int64_t f, int64_t o) { din[i] += dout[o] * filter[f]; });
  return success();
}

LogicalResult evaluateConv2dFilterGrad(Conv2dFilterGradOp op, Operands operands,
                                       Results results, EvalContext &) {
  if (const Tensor *accumulator = declaredOperand(op, 2, operands))
    results[0].f = accumulator->f;
  const double *input = operands[0]->f.data(), *dout = operands[1]->f.data();
  double *dfilter = results[0].f.data();
  walkProducts(
      Geometry(op, operands[0]->shape, results[0].shape, operands[1]->shape),
      [&](int64_t i, int64_t f, int64_t o) { dfilter[f] += input[i] * dout[o]; });
  return success();
}

} // namespace

void attachConvolution(MLIRContext *context) {
  attach<Conv2dOp, evaluateConv2d>(context);
  attach<Conv2dTransposeOp, evaluateConv2dTranspose>(context);
  attach<Conv2dFilterGradOp, evaluateConv2dFilterGrad>(context);
}

} // namespace train::reference
