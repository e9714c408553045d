// Adjoints of data movement: each op's way back.
#include "Adjoint.h"

using namespace mlir;
using namespace train;

// dx = dy under x's shape
static void reshapeRule(ReshapeOp op, Adjoint &d) {
  d.set(0, d.reshape(d.dy(), tensorType(op.getX()).getShape()));
}

// dx = dy transposed by the inverse permutation
static void transposeRule(TransposeOp op, Adjoint &d) {
  SmallVector<int64_t> inverse(op.getPermutation().size());
  for (auto [to, from] : llvm::enumerate(op.getPermutation()))
    inverse[from] = to;
  d.set(0, d.make<TransposeOp>(d.dy(), inverse));
}

// dx = dy where it was read, 0 elsewhere
static void sliceRule(SliceOp op, Adjoint &d) {
  ArrayRef<int64_t> shape = tensorType(op.getX()).getShape();
  SmallVector<int64_t> high, interior;
  for (auto [dim, offset, size, stride] :
       llvm::zip_equal(shape, op.getOffsets(), op.getSizes(), op.getStrides())) {
    int64_t extent = size == 0 ? 0 : (size - 1) * stride + 1;
    high.push_back(dim - offset - extent);
    interior.push_back(stride - 1);
  }
  d.set(0, d.make<PadOp>(d.dy(), op.getOffsets(), high, interior, APFloat(0.0)));
}

// dx_i = the part of dy that x_i became
static void concatRule(ConcatOp op, Adjoint &d) {
  int64_t dim = op.getDim(), offset = 0;
  for (auto [i, x] : llvm::enumerate(op.getOperands())) {
    ArrayRef<int64_t> shape = tensorType(x).getShape();
    SmallVector<int64_t> offsets(shape.size(), 0), strides(shape.size(), 1);
    offsets[dim] = offset;
    offset += shape[dim];
    if (d.wants(i))
      d.set(i, d.make<SliceOp>(d.dy(), offsets, shape, strides));
  }
}

// dx = the elements of dy that came from x
static void padRule(PadOp op, Adjoint &d) {
  SmallVector<int64_t> strides;
  for (int64_t interior : op.getInterior())
    strides.push_back(interior + 1);
  d.set(0,
        d.make<SliceOp>(d.dy(), op.getLow(), tensorType(op.getX()).getShape(), strides));
}

// dx = dy summed over the copies
static void broadcastRule(BroadcastOp op, Adjoint &d) { d.set(0, d.dy()); }

void train::attachShapeRules(MLIRContext *context) {
  attach<ReshapeOp, reshapeRule>(context);
  attach<TransposeOp, transposeRule>(context);
  attach<SliceOp, sliceRule>(context);
  attach<ConcatOp, concatRule>(context);
  attach<PadOp, padRule>(context);
  attach<BroadcastOp, broadcastRule>(context);
}
