// Row programs of layer_norm and rms_norm.
#include "Expansion.h"
#include "train/Conversion/VectorMath.h"

using namespace mlir;
using namespace train;
using namespace train::rows;

// The mean over the columns.
static int meanOf(rows::Builder &b, int x, int64_t columns) {
  return b.mul(b.reduce(Reduction::Sum, x), b.constant(b.typeOf(x), 1.0 / columns));
}

void rows::addNormalizationExpansions(ExpansionTable &table) {
  table.alongRows<LayerNormOp>([](Context &context, LayerNormOp op) {
    rows::Builder &b = context.b;
    int64_t columns = shapeOf(op.getX()).back();
    int x = context.operand(op.getX());
    int mean = meanOf(b, x, columns);
    int centered = b.sub(x, mean);
    int variance = meanOf(b, b.mul(centered, centered), columns);
    int eps = b.constant(b.typeOf(x), op.getEps().convertToDouble());
    int rstd = b.apply("rsqrt", vmath::rsqrt, b.add(variance, eps));
    int y = b.add(b.mul(b.mul(centered, rstd), context.operand(op.getGamma())),
                  context.operand(op.getBeta()));
    context.result(op.getY(), y);
    context.result(op.getMean(), mean, /*perRow=*/true);
    context.result(op.getRstd(), rstd, /*perRow=*/true);
  });
  // dx = rstd * (h - mean(h) - xhat * mean(h * xhat)), h = dy * gamma
  table.alongRows<LayerNormBackwardOp>([](Context &context, LayerNormBackwardOp op) {
    rows::Builder &b = context.b;
    int64_t columns = shapeOf(op.getX()).back();
    int rstd = context.operand(op.getRstd(), /*perRow=*/true);
    int xhat = b.mul(
        b.sub(context.operand(op.getX()), context.operand(op.getMean(), true)), rstd);
    int h = b.mul(context.operand(op.getDy()), context.operand(op.getGamma()));
    int inner = b.sub(b.sub(h, meanOf(b, h, columns)),
                      b.mul(xhat, meanOf(b, b.mul(h, xhat), columns)));
    context.result(op.getDx(), b.mul(rstd, inner));
  });
  table.downColumns<LayerNormParamGradOp>(
      [](Context &context, LayerNormParamGradOp op) -> SmallVector<int> {
        rows::Builder &b = context.b;
        int dy = context.operand(op.getDy());
        int centered = b.sub(context.operand(op.getX()),
                             context.operand(op.getMean(), /*perRow=*/true));
        return {b.mul(dy, b.mul(centered, context.operand(op.getRstd(), true))), dy};
      },
      /*x=*/1);

  table.alongRows<RmsNormOp>([](Context &context, RmsNormOp op) {
    rows::Builder &b = context.b;
    int x = context.operand(op.getX());
    int square = meanOf(b, b.mul(x, x), shapeOf(op.getX()).back());
    int eps = b.constant(b.typeOf(x), op.getEps().convertToDouble());
    int rstd = b.apply("rsqrt", vmath::rsqrt, b.add(square, eps));
    context.result(op.getY(), b.mul(b.mul(x, rstd), context.operand(op.getGamma())));
    context.result(op.getRstd(), rstd, /*perRow=*/true);
  });
  // dx = rstd * (h - xhat * mean(h * xhat)), h = dy * gamma
  table.alongRows<RmsNormBackwardOp>([](Context &context, RmsNormBackwardOp op) {
    rows::Builder &b = context.b;
    int rstd = context.operand(op.getRstd(), /*perRow=*/true);
    int xhat = b.mul(context.operand(op.getX()), rstd);
    int h = b.mul(context.operand(op.getDy()), context.operand(op.getGamma()));
    int shared = meanOf(b, b.mul(h, xhat), shapeOf(op.getX()).back());
    context.result(op.getDx(), b.mul(rstd, b.sub(h, b.mul(xhat, shared))));
  });
  table.downColumns<RmsNormParamGradOp>(
      [](Context &context, RmsNormParamGradOp op) -> SmallVector<int> {
        rows::Builder &b = context.b;
        int xhat = b.mul(context.operand(op.getX()),
                         context.operand(op.getRstd(), /*perRow=*/true));
        return {b.mul(context.operand(op.getDy()), xhat)};
      },
      /*x=*/1);
}
