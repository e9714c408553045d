// Contractions: matmul, convolution and attention. Type inference checks the constraints
// of ContractionOps.td; the library calls name the runtime entries that do the work.
#include "ShapeInference.h"

#include "llvm/ADT/bit.h"

#define GET_OP_CLASSES
#include "train/IR/ContractionOps.cpp.inc"

using namespace mlir;
using namespace train;
using namespace train::inference;

//===-- matmul ----------------------------------------------------------------===//

namespace {
/// The sizes of a product. `batch` has the leading dimensions of the result.
struct MatmulSizes {
  SmallVector<int64_t> batch;
  int64_t m, n, k, rhsK;
};
} // namespace

static MatmulSizes getMatmulSizes(ArrayRef<int64_t> lhs, ArrayRef<int64_t> rhs,
                                  bool transposeLhs, bool transposeRhs) {
  MatmulSizes sizes;
  sizes.batch.assign(lhs.size() > 2 ? lhs.drop_back(2) : rhs.drop_back(2));
  ArrayRef<int64_t> left = lhs.take_back(2), right = rhs.take_back(2);
  sizes.m = left[transposeLhs ? 1 : 0];
  sizes.k = left[transposeLhs ? 0 : 1];
  sizes.rhsK = right[transposeRhs ? 1 : 0];
  sizes.n = right[transposeRhs ? 0 : 1];
  return sizes;
}

LogicalResult MatmulOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                         Adaptor adaptor, SmallVectorImpl<Type> &types) {
  Failure fail(location, getOperationName());
  ArrayRef<int64_t> lhs = getShape(adaptor.getLhs()), rhs = getShape(adaptor.getRhs());
  if (lhs.size() < 2 || rhs.size() < 2)
    return fail("needs operands of rank 2 or more, got ranks ", lhs.size(), " and ",
                rhs.size());
  if (lhs.size() > 2 && rhs.size() > 2 && lhs.drop_back(2) != rhs.drop_back(2))
    return fail("batch dimensions differ: lhs has ", toText(lhs.drop_back(2)),
                ", rhs has ", toText(rhs.drop_back(2)));
  MatmulSizes sizes =
      getMatmulSizes(lhs, rhs, adaptor.getTransposeLhs(), adaptor.getTransposeRhs());
  if (sizes.k != sizes.rhsK)
    return fail("inner sizes differ: lhs has ", sizes.k, ", rhs has ", sizes.rhsK);
  if (failed(checkSameElement(fail, adaptor.getRhs(), "rhs", adaptor.getLhs(), "lhs")))
    return failure();
  SmallVector<int64_t> shape(sizes.batch);
  shape.append({sizes.m, sizes.n});
  FailureOr<Type> type =
      getAccumulatedType(fail, adaptor.getAccumulator(), shape,
                         getElement(adaptor.getLhs()), adaptor.getResultType());
  if (failed(type))
    return failure();
  types.push_back(*type);
  return success();
}

ResultStorage MatmulOp::getResultStorage(unsigned) {
  return getAccumulatorStorage(getAccumulator(), 2);
}

SmallVector<LibraryCall> MatmulOp::getLibraryCalls() {
  ArrayRef<int64_t> lhs = getShape(getLhs()), rhs = getShape(getRhs());
  MatmulSizes sizes = getMatmulSizes(lhs, rhs, getTransposeLhs(), getTransposeRhs());
  int64_t batch = getProduct(sizes.batch);
  // All rows of all batch elements meet the same matrix: one product with more rows.
  if (rhs.size() == 2 && !getTransposeLhs()) {
    sizes.m = getProduct({batch, sizes.m});
    batch = 1;
  }
  int64_t lhsStride = lhs.size() == 2 ? 0 : getProduct({sizes.m, sizes.k});
  int64_t rhsStride = rhs.size() == 2 ? 0 : getProduct({sizes.k, sizes.n});
  return {
      {TRAIN_LIBRARY_MATMUL,
       {getLhs(), getRhs(), getResult()},
       {batch, sizes.m, sizes.n, sizes.k, lhsStride, rhsStride,
        getProduct({sizes.m, sizes.n}), getTransposeLhs(), getTransposeRhs(),
        getAccumulator() != nullptr, getTypeCode(getLhs()), getTypeCode(getResult())}}};
}

int64_t MatmulOp::getFlops() {
  // K multiplies and K - 1 adds per element, and one for the accumulator: 2 K whether or
  // not there is one.
  ArrayRef<int64_t> lhs = getShape(getLhs());
  return getProduct(
      {2, lhs[lhs.size() - (getTransposeLhs() ? 2 : 1)], getCount(getResult())});
}

PrecisionClass MatmulOp::getPrecisionClass() { return PrecisionClass::Low; }
bool MatmulOp::mustStayWide(unsigned operand) { return operand == 2; }

//===-- Convolution -----------------------------------------------------------===//

template <typename AnyConv> static WindowAttributes getConvAttributes(AnyConv conv) {
  return {conv.getStrides(), conv.getPadding(), conv.getDilations()};
}

static LogicalResult checkRank4(const Failure &fail, Value value, StringRef name) {
  int64_t rank = getTensor(value).getRank();
  return rank == 4 ? success() : fail(name, " must have rank 4, got ", rank);
}

/// The geometry of conv2d of an input of shape [N, C, H, W] with a filter of shape [O,
/// C/groups, kh, kw].
static LogicalResult getConvGeometry(const Failure &fail, ArrayRef<int64_t> input,
                                     ArrayRef<int64_t> filter,
                                     const WindowAttributes &attributes, int64_t groups,
                                     WindowGeometry &geometry) {
  geometry.n = input[0], geometry.c = input[1], geometry.h = input[2],
  geometry.w = input[3];
  geometry.o = filter[0], geometry.kernelH = filter[2], geometry.kernelW = filter[3];
  geometry.groups = groups;
  if (groups < 1 || geometry.c % groups != 0 || geometry.o % groups != 0)
    return fail("groups must divide the channels, got groups = ", groups, " for ",
                geometry.c, " input and ", geometry.o, " output channels");
  if (filter[1] != geometry.c / groups)
    return fail("filter must have ", geometry.c / groups, " channels (", geometry.c,
                " input channels in ", groups, " groups), got ", filter[1]);
  if (failed(setWindow(fail, attributes, geometry)))
    return failure();
  return setWindowOutput(fail, geometry);
}

/// The conv2d whose adjoint an op is, from the shapes of its input and filter; `dout`
/// must have its result's shape.
static LogicalResult checkConvAdjoint(const Failure &fail, Value dout,
                                      ArrayRef<int64_t> input, ArrayRef<int64_t> filter,
                                      const WindowAttributes &attributes,
                                      int64_t groups) {
  WindowGeometry geometry;
  if (failed(getConvGeometry(fail, input, filter, attributes, groups, geometry)))
    return failure();
  return checkShape(fail, dout, "dout",
                    {geometry.n, geometry.o, geometry.outH, geometry.outW});
}

static LogicalResult checkSize(const Failure &fail, ArrayRef<int64_t> size) {
  if (size.size() == 2 && size[0] > 0 && size[1] > 0)
    return success();
  return fail("size must be two positive numbers, got ", toText(size));
}

/// The geometry of an op that has been verified.
template <typename AnyConv>
static WindowGeometry getVerifiedGeometry(AnyConv conv, ArrayRef<int64_t> input,
                                          ArrayRef<int64_t> filter) {
  WindowGeometry geometry;
  Failure silent(std::nullopt, "");
  [[maybe_unused]] LogicalResult result = getConvGeometry(
      silent, input, filter, getConvAttributes(conv), conv.getGroups(), geometry);
  assert(succeeded(result) && "the op has not been verified");
  return geometry;
}

static int64_t getConvFlops(const WindowGeometry &g) {
  return getProduct({2, g.n, g.o, g.outH, g.outW, g.c / g.groups, g.kernelH, g.kernelW});
}

LogicalResult Conv2dOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                         Adaptor adaptor, SmallVectorImpl<Type> &types) {
  Failure fail(location, getOperationName());
  if (failed(checkRank4(fail, adaptor.getInput(), "input")) ||
      failed(checkRank4(fail, adaptor.getFilter(), "filter")) ||
      failed(checkSameElement(fail, adaptor.getFilter(), "filter", adaptor.getInput(),
                              "input")))
    return failure();
  WindowGeometry geometry;
  if (failed(getConvGeometry(fail, getShape(adaptor.getInput()),
                             getShape(adaptor.getFilter()), getConvAttributes(adaptor),
                             adaptor.getGroups(), geometry)))
    return failure();
  types.push_back(
      RankedTensorType::get({geometry.n, geometry.o, geometry.outH, geometry.outW},
                            getTensor(adaptor.getInput()).getElementType()));
  return success();
}

SmallVector<LibraryCall> Conv2dOp::getLibraryCalls() {
  WindowGeometry geometry =
      getVerifiedGeometry(*this, getShape(getInput()), getShape(getFilter()));
  return {{TRAIN_LIBRARY_CONV2D,
           {getInput(), getFilter(), getResult(), Value()},
           geometry.getParams(false, getInput(), getResult())}};
}

int64_t Conv2dOp::getFlops() {
  return getConvFlops(
      getVerifiedGeometry(*this, getShape(getInput()), getShape(getFilter())));
}

PrecisionClass Conv2dOp::getPrecisionClass() { return PrecisionClass::Low; }
bool Conv2dOp::mustStayWide(unsigned) { return false; }

LogicalResult Conv2dTransposeOp::inferReturnTypes(MLIRContext *,
                                                  std::optional<Location> location,
                                                  Adaptor adaptor,
                                                  SmallVectorImpl<Type> &types) {
  Failure fail(location, getOperationName());
  if (failed(checkRank4(fail, adaptor.getDout(), "dout")) ||
      failed(checkRank4(fail, adaptor.getFilter(), "filter")) ||
      failed(checkSameElement(fail, adaptor.getFilter(), "filter", adaptor.getDout(),
                              "dout")) ||
      failed(checkSize(fail, adaptor.getSize())))
    return failure();
  ArrayRef<int64_t> dout = getShape(adaptor.getDout()),
                    filter = getShape(adaptor.getFilter());
  int64_t groups = adaptor.getGroups();
  SmallVector<int64_t> input{dout[0],
                             getProduct({filter[1], std::max<int64_t>(groups, 0)}),
                             adaptor.getSize()[0], adaptor.getSize()[1]};
  if (failed(checkConvAdjoint(fail, adaptor.getDout(), input, filter,
                              getConvAttributes(adaptor), groups)))
    return failure();
  types.push_back(
      RankedTensorType::get(input, getTensor(adaptor.getDout()).getElementType()));
  return success();
}

SmallVector<LibraryCall> Conv2dTransposeOp::getLibraryCalls() {
  WindowGeometry geometry =
      getVerifiedGeometry(*this, getShape(getResult()), getShape(getFilter()));
  return {{TRAIN_LIBRARY_CONV2D_TRANSPOSE,
           {getDout(), getFilter(), getResult(), Value()},
           geometry.getParams(false, getDout(), getResult())}};
}

int64_t Conv2dTransposeOp::getFlops() {
  return getConvFlops(
      getVerifiedGeometry(*this, getShape(getResult()), getShape(getFilter())));
}

PrecisionClass Conv2dTransposeOp::getPrecisionClass() { return PrecisionClass::Low; }
bool Conv2dTransposeOp::mustStayWide(unsigned) { return false; }

LogicalResult Conv2dFilterGradOp::inferReturnTypes(MLIRContext *,
                                                   std::optional<Location> location,
                                                   Adaptor adaptor,
                                                   SmallVectorImpl<Type> &types) {
  Failure fail(location, getOperationName());
  if (failed(checkRank4(fail, adaptor.getInput(), "input")) ||
      failed(checkRank4(fail, adaptor.getDout(), "dout")) ||
      failed(checkSameElement(fail, adaptor.getDout(), "dout", adaptor.getInput(),
                              "input")) ||
      failed(checkSize(fail, adaptor.getSize())))
    return failure();
  ArrayRef<int64_t> input = getShape(adaptor.getInput()),
                    dout = getShape(adaptor.getDout());
  int64_t groups = adaptor.getGroups();
  SmallVector<int64_t> filter{dout[1], input[1] / std::max<int64_t>(groups, 1),
                              adaptor.getSize()[0], adaptor.getSize()[1]};
  if (failed(checkConvAdjoint(fail, adaptor.getDout(), input, filter,
                              getConvAttributes(adaptor), groups)))
    return failure();
  FailureOr<Type> type =
      getAccumulatedType(fail, adaptor.getAccumulator(), filter,
                         getElement(adaptor.getInput()), adaptor.getResultType());
  if (failed(type))
    return failure();
  types.push_back(*type);
  return success();
}

ResultStorage Conv2dFilterGradOp::getResultStorage(unsigned) {
  return getAccumulatorStorage(getAccumulator(), 2);
}

SmallVector<LibraryCall> Conv2dFilterGradOp::getLibraryCalls() {
  WindowGeometry geometry =
      getVerifiedGeometry(*this, getShape(getInput()), getShape(getResult()));
  return {{TRAIN_LIBRARY_CONV2D_FILTER_GRAD,
           {getInput(), getDout(), getResult(), Value()},
           geometry.getParams(getAccumulator() != nullptr, getInput(), getResult())}};
}

int64_t Conv2dFilterGradOp::getFlops() {
  return getConvFlops(
      getVerifiedGeometry(*this, getShape(getInput()), getShape(getResult())));
}

PrecisionClass Conv2dFilterGradOp::getPrecisionClass() { return PrecisionClass::Low; }
bool Conv2dFilterGradOp::mustStayWide(unsigned operand) { return operand == 2; }

//===-- Attention -------------------------------------------------------------===//

template <typename AnyAttention>
static LogicalResult checkAttention(const Failure &fail, AnyAttention attention) {
  ArrayRef<int64_t> q = getShape(attention.getQ()), k = getShape(attention.getK());
  if (q.size() != 4 || k.size() != 4)
    return fail("q and k must have rank 4, got ranks ", q.size(), " and ", k.size());
  if (q[0] != k[0] || q[3] != k[3])
    return fail("q and k must agree in batch and head size, got ", q[0], " x ", q[3],
                " and ", k[0], " x ", k[3]);
  if (failed(checkShape(fail, attention.getV(), "v", k)))
    return failure();
  if (k[2] < 1 || q[2] % k[2] != 0)
    return fail("the number of key heads must divide that of query heads, got ", k[2],
                " and ", q[2]);
  if (attention.getCausal() && k[1] < q[1])
    return fail("causal attention needs at least as many keys as queries, got ", k[1],
                " and ", q[1]);
  if (failed(checkSameElement(fail, attention.getK(), "k", attention.getQ(), "q")) ||
      failed(checkSameElement(fail, attention.getV(), "v", attention.getQ(), "q")))
    return failure();
  double scale = attention.getScale().convertToDouble();
  if (!std::isfinite(scale) || scale <= 0)
    return fail("scale must be positive and finite, got ", scale);
  return success();
}

/// The type of the log-sum-exp of attention over queries `q` [B, T, H, D]: [B, H, T].
static RankedTensorType getLseType(Value q) {
  ArrayRef<int64_t> shape = getShape(q);
  return RankedTensorType::get({shape[0], shape[2], shape[1]},
                               getStatisticsType(getTensor(q).getElementType()));
}

template <typename AnyAttention>
static SmallVector<int64_t, 8> getAttentionParams(AnyAttention attention) {
  ArrayRef<int64_t> q = getShape(attention.getQ()), k = getShape(attention.getK());
  float scale = static_cast<float>(attention.getScale().convertToDouble());
  return {q[0],
          q[1],
          k[1],
          q[2],
          k[2],
          q[3],
          attention.getCausal(),
          llvm::bit_cast<uint32_t>(scale),
          getTypeCode(attention.getQ())};
}

/// The number of (query, key) pairs that meet, times the head size: the multiply-adds of
/// one product.
template <typename AnyAttention>
static int64_t getAttentionProduct(AnyAttention attention) {
  ArrayRef<int64_t> q = getShape(attention.getQ());
  int64_t queries = q[1], keys = getShape(attention.getK())[1];
  int64_t pairs = getProduct({queries, keys});
  if (attention.getCausal())
    pairs -= getProduct({queries, queries - 1}) / 2;
  return getProduct({q[0], q[2], pairs, q[3]});
}

LogicalResult AttentionOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> location,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  if (failed(checkAttention(Failure(location, getOperationName()), adaptor)))
    return failure();
  types.append({adaptor.getQ().getType(), getLseType(adaptor.getQ())});
  return success();
}

SmallVector<LibraryCall> AttentionOp::getLibraryCalls() {
  return {{TRAIN_LIBRARY_ATTENTION,
           {getQ(), getK(), getV(), getOut(), getLse(), Value()},
           getAttentionParams(*this)}};
}

// Scores and the weighted sum of values: two products.
int64_t AttentionOp::getFlops() {
  return getProduct({2 * 2, getAttentionProduct(*this)});
}
PrecisionClass AttentionOp::getPrecisionClass() { return PrecisionClass::Low; }
bool AttentionOp::mustStayWide(unsigned) { return false; }

LogicalResult AttentionBackwardOp::inferReturnTypes(MLIRContext *,
                                                    std::optional<Location> location,
                                                    Adaptor adaptor,
                                                    SmallVectorImpl<Type> &types) {
  Failure fail(location, getOperationName());
  if (failed(checkAttention(fail, adaptor)))
    return failure();
  RankedTensorType lse = getLseType(adaptor.getQ());
  if (failed(checkTensor(fail, adaptor.getLse(), "lse", lse.getShape(),
                         lse.getElementType())))
    return failure();
  types.append(
      {adaptor.getQ().getType(), adaptor.getK().getType(), adaptor.getV().getType()});
  return success();
}

SmallVector<LibraryCall> AttentionBackwardOp::getLibraryCalls() {
  return {{TRAIN_LIBRARY_ATTENTION_GRAD,
           {getQ(), getK(), getV(), getOut(), getLse(), getDout(), getDq(), getDk(),
            getDv(), Value()},
           getAttentionParams(*this)}};
}

// Scores again, then the adjoints of both products: five in all.
int64_t AttentionBackwardOp::getFlops() {
  return getProduct({5 * 2, getAttentionProduct(*this)});
}
PrecisionClass AttentionBackwardOp::getPrecisionClass() { return PrecisionClass::Low; }
bool AttentionBackwardOp::mustStayWide(unsigned operand) { return operand == 4; }
