// Adjoints of the contractions: contractions again, so that backward runs in the same
// libraries.
#include "Adjoint.h"

using namespace mlir;
using namespace train;

/// Sums a product with batch dimensions down to the plain matrix that all batch elements
/// shared.
static Value sumBatches(Adjoint &d, Value product) {
  int64_t rank = tensorType(product).getRank();
  if (rank == 2)
    return product;
  return d.make<ReduceSumOp>(product, llvm::to_vector(llvm::seq<int64_t>(0, rank - 2)));
}

/// All rows of x as one matrix, [..., M, K] -> [B*M, K].
static Value flattenRows(Adjoint &d, Value x) {
  RankedTensorType type = tensorType(x);
  int64_t width = type.getShape().back();
  int64_t rows = llvm::product_of(type.getShape().drop_back());
  return d.reshape(x, {rows, width});
}

// y = a b:     da = dy b^T,   db = a^T dy
// y = a b^T:   da = dy b,     db = dy^T a
// y = a^T b:   da = b dy^T,   db = a dy
// y = a^T b^T: da = b^T dy^T, db = dy^T a^T
// A matrix that the batch shares gets the sum over the batch. If a is not transposed,
// that sum is one product of all rows. An accumulator is a term of a sum: it gets dy.
static void matmulRule(MatmulOp op, Adjoint &d) {
  bool ta = op.getTransposeLhs(), tb = op.getTransposeRhs();
  Value a = op.getLhs(), b = op.getRhs();
  Value dy = d.castTo(d.dy(), tensorType(a).getElementType());
  auto product = [&](unsigned operand, Value x, Value y, bool tx, bool ty) -> Value {
    return d.make<MatmulOp>(x, y, Value(), tx, ty, d.sumType(x, d.gradientType(operand)));
  };
  if (d.wants(0)) {
    Value da = ta ? product(0, b, dy, tb, true) : product(0, dy, b, false, !tb);
    d.set(0, tensorType(a).getRank() == 2 ? sumBatches(d, da) : da);
  }
  if (d.wants(1)) {
    bool shared = tensorType(b).getRank() == 2;
    if (shared && !ta) {
      a = flattenRows(d, a);
      dy = flattenRows(d, dy);
    }
    Value db = tb ? product(1, dy, a, true, ta) : product(1, a, dy, !ta, false);
    d.set(1, shared ? sumBatches(d, db) : db);
  }
  d.set(2, d.dy());
}

// y = conv(x, w): dx = conv_transpose(dy, w), dw = conv_filter_grad(x, dy)
static void conv2dRule(Conv2dOp op, Adjoint &d) {
  auto sizeOf = [](Value x) { return tensorType(x).getShape().take_back(2); };
  if (d.wants(0))
    d.set(0, d.make<Conv2dTransposeOp>(d.dy(), op.getFilter(), sizeOf(op.getInput()),
                                       op.getStrides(), op.getPadding(),
                                       op.getDilations(), op.getGroups()));
  if (d.wants(1))
    d.set(1, d.make<Conv2dFilterGradOp>(
                 op.getInput(), d.dy(), Value(), sizeOf(op.getFilter()), op.getStrides(),
                 op.getPadding(), op.getDilations(), op.getGroups(),
                 d.sumType(d.dy(), d.gradientType(1))));
}

// z = conv_transpose(y, w), the adjoint of conv in its input: dy = conv(dz, w), dw =
// conv_filter_grad(dz, y)
static void conv2dTransposeRule(Conv2dTransposeOp op, Adjoint &d) {
  if (d.wants(0))
    d.set(0, d.make<Conv2dOp>(d.dy(), op.getFilter(), op.getStrides(), op.getPadding(),
                              op.getDilations(), op.getGroups()));
  if (d.wants(1))
    d.set(1, d.make<Conv2dFilterGradOp>(
                 d.dy(), op.getDout(), Value(),
                 tensorType(op.getFilter()).getShape().take_back(2), op.getStrides(),
                 op.getPadding(), op.getDilations(), op.getGroups(),
                 d.sumType(d.dy(), d.gradientType(1))));
}

// out = softmax(scale q k^T) v: one op for all three, since they share the recomputed
// scores
static void attentionRule(AttentionOp op, Adjoint &d) {
  auto backward = d.make<AttentionBackwardOp>(op.getQ(), op.getK(), op.getV(),
                                              op.getOut(), op.getLse(), d.dy(),
                                              op.getScaleAttr(), op.getCausalAttr());
  for (unsigned i = 0; i < 3; ++i)
    d.set(i, backward.getResult(i));
}

void train::attachContractionRules(MLIRContext *context) {
  attach<MatmulOp, matmulRule>(context);
  attach<Conv2dOp, conv2dRule>(context);
  attach<Conv2dTransposeOp, conv2dTransposeRule>(context);
  attach<AttentionOp, attentionRule>(context);
}
