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

// Sums over all rows of the terms, one tensor of `columns` elements each.
static void
sumColumns(Sequence &sequence, Value x,
           function_ref<SmallVector<int>(rows::Builder &, ArrayRef<int64_t> full,
                                         ArrayRef<int64_t> perRow)>
               terms,
           ValueRange results) {
  int64_t columns = shapeOf(x).back();
  int64_t rows = columns ? countOf(x) / columns : 0;
  reduceRows(
      sequence, x.getContext(), Reduction::Sum, 1, rows, columns,
      getComputeType(elementOf(x)),
      [&](rows::Builder &b) { return terms(b, {1, rows, columns}, {1, rows, 1}); },
      [&](rows::Builder &b, ArrayRef<int> sums) {
        for (auto [node, result] : llvm::zip(sums, results))
          b.store(node, result, {1, 1, columns});
      });
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
  table.sequence<LayerNormParamGradOp>([](Sequence &sequence, LayerNormParamGradOp op) {
    sumColumns(sequence, op.getX(),
               [&](rows::Builder &b, ArrayRef<int64_t> full,
                   ArrayRef<int64_t> perRow) -> SmallVector<int> {
                 int dy = b.load(op.getDy(), full);
                 int centered =
                     b.sub(b.load(op.getX(), full), b.load(op.getMean(), perRow));
                 return {b.mul(dy, b.mul(centered, b.load(op.getRstd(), perRow))), dy};
               },
               {op.getDgamma(), op.getDbeta()});
  });

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
  table.sequence<RmsNormParamGradOp>([](Sequence &sequence, RmsNormParamGradOp op) {
    sumColumns(sequence, op.getX(),
               [&](rows::Builder &b, ArrayRef<int64_t> full,
                   ArrayRef<int64_t> perRow) -> SmallVector<int> {
                 int xhat = b.mul(b.load(op.getX(), full), b.load(op.getRstd(), perRow));
                 return {b.mul(b.load(op.getDy(), full), xhat)};
               },
               {op.getDgamma()});
  });
}
