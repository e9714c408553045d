// Row programs of optimizer updates and of the scalars they need.
#include "Expansion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "train/Conversion/VectorMath.h"

using namespace mlir;
using namespace train;
using namespace train::rows;

namespace {
// What all updates share: the gradient, scaled and in the parameter's type, and stores
// that a skipped step leaves as they were.
template <typename Op> struct Update {
  Context &context;
  rows::Builder &b;
  Op op;
  int param, grad, lr;

  Update(Context &context, Op op) : context(context), b(context.b), op(op) {
    param = context.operand(op.getParam());
    grad = operand(op.getGrad());
    lr = operand(op.getLr());
    if (op.getGradScale())
      grad = b.mul(grad, operand(op.getGradScale()));
  }

  /// In the type that computes with the parameter.
  int operand(Value value) { return b.convert(context.operand(value), b.typeOf(param)); }
  int constant(double value) { return b.constant(b.typeOf(param), value); }
  int constant(const APFloat &value) { return constant(value.convertToDouble()); }

  void addDecay() {
    if (!op.getWeightDecay().isZero())
      grad = b.add(grad, b.mul(param, constant(op.getWeightDecay())));
  }

  void store(Value result, int node, int old) {
    if (op.getApply())
      node = b.select(context.operand(op.getApply()), node, old);
    context.result(result, node);
  }

  /// The new parameter, and its copy: a rounding of what the parameter is stored as.
  void storeParam(int node) {
    store(op.getNewParam(), node, param);
    if (op.getNewCopy())
      context.result(op.getNewCopy(), context.operand(op.getNewParam()));
  }
};
} // namespace

static void expandAdamW(Context &context, AdamWOp op) {
  Update<AdamWOp> u(context, op);
  rows::Builder &b = context.b;
  int m = context.operand(op.getM()), v = context.operand(op.getV());
  double beta1 = op.getBeta1().convertToDouble(), beta2 = op.getBeta2().convertToDouble();
  int param = u.param;
  if (op.getL2())
    u.addDecay();
  else if (!op.getWeightDecay().isZero())
    param =
        b.mul(param, b.sub(u.constant(1), b.mul(u.lr, u.constant(op.getWeightDecay()))));
  int newM = b.add(b.mul(m, u.constant(beta1)), b.mul(u.grad, u.constant(1 - beta1)));
  int newV = b.add(b.mul(v, u.constant(beta2)),
                   b.mul(b.mul(u.grad, u.grad), u.constant(1 - beta2)));
  int step = b.div(u.lr, u.operand(op.getCorrection1()));
  int root = b.apply("sqrt", vmath::sqrt, u.operand(op.getCorrection2()));
  int denominator =
      b.add(b.div(b.apply("sqrt", vmath::sqrt, newV), root), u.constant(op.getEps()));
  u.storeParam(b.sub(param, b.mul(step, b.div(newM, denominator))));
  u.store(op.getNewM(), newM, m);
  u.store(op.getNewV(), newV, v);
}

// 1 - beta^t by repeated squaring in f64, as the bits of t ask.
static Value emitBiasCorrection(ImplicitLocOpBuilder &b, Value counter, double beta,
                                Type type) {
  Value one = arith::ConstantOp::create(b, b.getI64IntegerAttr(1));
  Value zero = arith::ConstantOp::create(b, b.getI64IntegerAttr(0));
  Value t = arith::AddIOp::create(b, counter, one);
  Value power = arith::ConstantOp::create(b, b.getF64FloatAttr(1));
  Value square = arith::ConstantOp::create(b, b.getF64FloatAttr(beta));
  // 40 bits count further than any training; unrolled, it is 40 multiplications once per
  // step.
  for (int bit = 0; bit < 40; ++bit) {
    Value shift = arith::ConstantOp::create(b, b.getI64IntegerAttr(bit));
    Value masked = arith::AndIOp::create(b, arith::ShRUIOp::create(b, t, shift), one);
    Value set = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, masked, zero);
    Value product = arith::MulFOp::create(b, power, square);
    power = arith::SelectOp::create(b, set, product, power);
    square = arith::MulFOp::create(b, square, square);
  }
  Value unit = arith::ConstantOp::create(b, b.getF64FloatAttr(1));
  Value result = arith::SubFOp::create(b, unit, power);
  return type.isF64() ? result : Value(arith::TruncFOp::create(b, type, result));
}

void rows::addOptimizerExpansions(ExpansionTable &table) {
  table.elementwise<SgdOp>([](Context &context, SgdOp op) {
    Update<SgdOp> u(context, op);
    u.addDecay();
    u.storeParam(u.b.sub(u.param, u.b.mul(u.lr, u.grad)));
  });
  table.elementwise<MomentumOp>([](Context &context, MomentumOp op) {
    Update<MomentumOp> u(context, op);
    u.addDecay();
    int old = context.operand(op.getVelocity());
    int velocity = u.b.add(u.b.mul(old, u.constant(op.getBeta())), u.grad);
    u.storeParam(u.b.sub(u.param, u.b.mul(u.lr, velocity)));
    u.store(op.getNewVelocity(), velocity, old);
  });
  table.elementwise<AdamWOp>(expandAdamW);

  table.elementwise<IncrementOp>([](Context &context, IncrementOp op) {
    int counter = context.operand(op.getCounter());
    auto emit = [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
      return arith::AddIOp::create(b, in[0], constantLike(b, in[0].getType(), 1));
    };
    int next = context.b.compute("increment", context.b.typeOf(counter), {counter}, emit);
    if (op.getApply())
      next = context.b.select(context.operand(op.getApply()), next, counter);
    context.result(op.getResult(), next);
  });
  table.elementwise<BiasCorrectionOp>([](Context &context, BiasCorrectionOp op) {
    // A node of scalars: a domain of one element makes its load uniform.
    int counter = context.operand(op.getCounter());
    double beta = op.getBeta().convertToDouble();
    Type type = elementOf(op.getResult());
    std::string key = "correction" + std::to_string(llvm::bit_cast<uint64_t>(beta));
    context.result(op.getResult(),
                   context.b.compute(key, type, {counter},
                                     [=](ImplicitLocOpBuilder &b, ArrayRef<Value> in) {
                                       return emitBiasCorrection(b, in[0], beta, type);
                                     }));
  });
  table.sequence<SumSquaresOp>([](Sequence &sequence, SumSquaresOp op) {
    Value x = op.getX();
    Type type = getComputeType(elementOf(x));
    auto [rows, columns] = splitForReduction(countOf(x));
    reduceAll(
        sequence, x, Reduction::Sum,
        [&, rows = rows, columns = columns](rows::Builder &b) {
          int value = b.load(x, {rows, columns});
          if (Value scale = op.getScale())
            value = b.mul(value, b.convert(b.load(scale, {1, 1}), b.typeOf(value)));
          return b.mul(value, value);
        },
        [&](rows::Builder &b, int sum) { b.store(sum, op.getResult(), {1, 1}); }, type);
  });
  table.add<ClipCoefficientOp>(
      [](Context &context, ClipCoefficientOp op) {
        rows::Builder &b = context.b;
        int sum = -1;
        for (Value square : op.getSquares()) {
          int node = context.operand(square);
          sum = sum < 0 ? node : b.add(sum, node);
        }
        Type type = elementOf(op.getNorm());
        if (sum < 0)
          sum = b.constant(type, 0);
        int norm = b.apply("sqrt", vmath::sqrt, sum);
        int ratio = b.div(b.constant(type, op.getMaxNorm().convertToDouble()),
                          b.add(norm, b.constant(type, 1e-6)));
        int one = b.constant(type, 1);
        int below = b.compute("less", IntegerType::get(b.getContext(), 1), {ratio, one},
                              [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
                                return arith::CmpFOp::create(b, arith::CmpFPredicate::OLT,
                                                             in[0], in[1]);
                              });
        context.result(op.getCoefficient(), b.select(below, ratio, one));
        context.result(op.getNorm(), norm);
      },
      [](Operation *) -> std::optional<DomainNeed> { return DomainNeed{{1}, false}; });
}
