// Nodes of elementwise ops.
#include "Expansion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "train/Conversion/VectorMath.h"

using namespace mlir;
using namespace train;
using namespace train::rows;

// An op of one operand whose node is one expression of it.
template <typename Op>
static void unary(ExpansionTable &table, StringRef name,
                  Value (*emit)(ImplicitLocOpBuilder &, Value)) {
  table.elementwise<Op>([=](Context &context, Op op) {
    context.result(op.getY(), context.b.apply(name, emit, context.operand(op.getX())));
  });
}

static bool isFloat(Value value) {
  return isa<FloatType>(getElementTypeOrSelf(value.getType()));
}

template <typename Op>
static void binary(ExpansionTable &table, StringRef name,
                   Value (*emit)(ImplicitLocOpBuilder &, Value, Value)) {
  table.elementwise<Op>([=](Context &context, Op op) {
    int lhs = context.operand(op.getLhs()), rhs = context.operand(op.getRhs());
    context.result(op.getResult(),
                   context.b.compute(name, context.b.typeOf(lhs), {lhs, rhs},
                                     [=](ImplicitLocOpBuilder &b, ArrayRef<Value> in) {
                                       return emit(b, in[0], in[1]);
                                     }));
  });
}

static Value relu(ImplicitLocOpBuilder &b, Value x) {
  return arith::MaximumFOp::create(b, x, constantLike(b, x.getType(), 0));
}

static arith::CmpFPredicate floatPredicate(Predicate predicate) {
  switch (predicate) {
  case Predicate::EQ:
    return arith::CmpFPredicate::OEQ;
  case Predicate::NE:
    return arith::CmpFPredicate::UNE;
  case Predicate::LT:
    return arith::CmpFPredicate::OLT;
  case Predicate::LE:
    return arith::CmpFPredicate::OLE;
  case Predicate::GT:
    return arith::CmpFPredicate::OGT;
  case Predicate::GE:
    return arith::CmpFPredicate::OGE;
  }
  return arith::CmpFPredicate::OEQ;
}

static arith::CmpIPredicate intPredicate(Predicate predicate) {
  switch (predicate) {
  case Predicate::EQ:
    return arith::CmpIPredicate::eq;
  case Predicate::NE:
    return arith::CmpIPredicate::ne;
  case Predicate::LT:
    return arith::CmpIPredicate::slt;
  case Predicate::LE:
    return arith::CmpIPredicate::sle;
  case Predicate::GT:
    return arith::CmpIPredicate::sgt;
  case Predicate::GE:
    return arith::CmpIPredicate::sge;
  }
  return arith::CmpIPredicate::eq;
}

// Truncates toward zero, and wraps for the most negative number over -1. The processor
// traps on both that and a zero divisor, which the unused lanes of a tail have, so
// neither reaches it.
static Value divide(ImplicitLocOpBuilder &b, Value x, Value y) {
  if (isFloat(x))
    return arith::DivFOp::create(b, x, y);
  Value zero = constantLike(b, y.getType(), 0), one = constantLike(b, y.getType(), 1);
  Value negates = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, y,
                                        constantLike(b, y.getType(), -1));
  Value traps = arith::OrIOp::create(
      b, negates, arith::CmpIOp::create(b, arith::CmpIPredicate::eq, y, zero));
  Value quotient =
      arith::DivSIOp::create(b, x, arith::SelectOp::create(b, traps, one, y));
  return arith::SelectOp::create(b, negates, arith::SubIOp::create(b, zero, x), quotient);
}

// An op that prefers float arithmetic where its operands are floats.
#define TRAIN_NUMBER_OP(name, FloatOp, IntOp)                                            \
  [](ImplicitLocOpBuilder &b, Value x, Value y) -> Value {                               \
    if (isFloat(x))                                                                      \
      return FloatOp::create(b, x, y);                                                   \
    return IntOp::create(b, x, y);                                                       \
  }

void rows::addElementwiseExpansions(ExpansionTable &table) {
  unary<NegOp>(table, "neg", [](ImplicitLocOpBuilder &b, Value x) -> Value {
    return arith::NegFOp::create(b, x);
  });
  unary<AbsOp>(table, "abs", [](ImplicitLocOpBuilder &b, Value x) -> Value {
    return math::AbsFOp::create(b, x);
  });
  unary<ExpOp>(table, "exp", vmath::exp);
  unary<LogOp>(table, "log", vmath::log);
  unary<SqrtOp>(table, "sqrt", vmath::sqrt);
  unary<RsqrtOp>(table, "rsqrt", vmath::rsqrt);
  unary<SinOp>(table, "sin", vmath::sin);
  unary<CosOp>(table, "cos", vmath::cos);
  unary<TanhOp>(table, "tanh", vmath::tanh);
  unary<SigmoidOp>(table, "sigmoid", vmath::sigmoid);
  unary<ErfOp>(table, "erf", vmath::erf);
  unary<ReluOp>(table, "relu", relu);
  unary<SiluOp>(table, "silu", vmath::silu);

  table.elementwise<GeluOp>([](Context &context, GeluOp op) {
    int x = context.operand(op.getX());
    auto emit = op.getKind() == GeluKind::Tanh ? vmath::geluTanh : vmath::geluErf;
    context.result(op.getY(),
                   context.b.compute("gelu" + stringifyGeluKind(op.getKind()).str(),
                                     context.b.typeOf(x), {x},
                                     [emit](ImplicitLocOpBuilder &b, ArrayRef<Value> in) {
                                       return emit(b, in[0]);
                                     }));
  });
  table.elementwise<GeluBackwardOp>([](Context &context, GeluBackwardOp op) {
    int dy = context.operand(op.getDy()), x = context.operand(op.getX());
    auto emit = op.getKind() == GeluKind::Tanh ? vmath::geluTanhGrad : vmath::geluErfGrad;
    context.result(op.getDx(),
                   context.b.compute("gelugrad" + stringifyGeluKind(op.getKind()).str(),
                                     context.b.typeOf(x), {x, dy},
                                     [emit](ImplicitLocOpBuilder &b, ArrayRef<Value> in) {
                                       return emit(b, in[0], in[1]);
                                     }));
  });
  table.elementwise<SiluBackwardOp>([](Context &context, SiluBackwardOp op) {
    int dy = context.operand(op.getDy()), x = context.operand(op.getX());
    context.result(op.getDx(),
                   context.b.compute("silugrad", context.b.typeOf(x), {x, dy},
                                     [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) {
                                       return vmath::siluGrad(b, in[0], in[1]);
                                     }));
  });

  binary<AddOp>(table, "add", TRAIN_NUMBER_OP("add", arith::AddFOp, arith::AddIOp));
  binary<SubOp>(table, "sub", TRAIN_NUMBER_OP("sub", arith::SubFOp, arith::SubIOp));
  binary<MulOp>(table, "mul", TRAIN_NUMBER_OP("mul", arith::MulFOp, arith::MulIOp));
  binary<DivOp>(table, "div", divide);
  binary<MinOp>(table, "min", TRAIN_NUMBER_OP("min", arith::MinimumFOp, arith::MinSIOp));
  binary<MaxOp>(table, "max", TRAIN_NUMBER_OP("max", arith::MaximumFOp, arith::MaxSIOp));
  binary<PowOp>(table, "pow", [](ImplicitLocOpBuilder &b, Value x, Value y) -> Value {
    return vmath::pow(b, x, y);
  });

  table.elementwise<CompareOp>([](Context &context, CompareOp op) {
    int lhs = context.operand(op.getLhs()), rhs = context.operand(op.getRhs());
    Predicate predicate = op.getPredicate();
    auto emit = [predicate](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
      if (isFloat(in[0]))
        return arith::CmpFOp::create(b, floatPredicate(predicate), in[0], in[1]);
      return arith::CmpIOp::create(b, intPredicate(predicate), in[0], in[1]);
    };
    context.result(op.getResult(),
                   context.b.compute("compare" + stringifyPredicate(predicate).str(),
                                     IntegerType::get(op.getContext(), 1), {lhs, rhs},
                                     emit));
  });
  table.elementwise<SelectOp>([](Context &context, SelectOp op) {
    int condition = context.operand(op.getCondition());
    int lhs = context.operand(op.getLhs()), rhs = context.operand(op.getRhs());
    context.result(op.getResult(), context.b.select(condition, lhs, rhs));
  });
  table.elementwise<ClampOp>([](Context &context, ClampOp op) {
    int x = context.operand(op.getX());
    Type type = elementOf(op.getX());
    int low = context.b.constant(type, op.getLow().convertToDouble());
    int high = context.b.constant(type, op.getHigh().convertToDouble());
    auto emit = [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
      Value raised = arith::MaximumFOp::create(b, in[0], in[1]);
      return arith::MinimumFOp::create(b, raised, in[2]);
    };
    context.result(op.getY(),
                   context.b.compute("clamp", context.b.typeOf(x), {x, low, high}, emit));
  });
  table.elementwise<IotaOp>(
      [](Context &context, IotaOp op) {
        Type type = context.b.typeOf(context.b.constant(elementOf(op.getResult()), 0));
        int64_t rank = op.getType().getRank();
        bool last = static_cast<int64_t>(op.getDim()) == rank - 1;
        int64_t inner = 1;
        for (int64_t i = op.getDim() + 1; i < rank - 1; ++i)
          inner *= op.getType().getDimSize(i);
        int64_t size = op.getType().getDimSize(op.getDim());
        int index = last ? context.b.columnIndex() : context.b.rowIndex();
        auto emit = [=](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
          Value value = in[0];
          if (!last) {
            value =
                arith::DivUIOp::create(b, value, constantLike(b, value.getType(), inner));
            value =
                arith::RemUIOp::create(b, value, constantLike(b, value.getType(), size));
          }
          Type target = withElement(value.getType(), type);
          if (isa<FloatType>(type))
            return arith::SIToFPOp::create(b, target, value);
          unsigned from = getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth();
          if (from == type.getIntOrFloatBitWidth())
            return value;
          if (from < type.getIntOrFloatBitWidth())
            return arith::ExtSIOp::create(b, target, value);
          return arith::TruncIOp::create(b, target, value);
        };
        std::string key = "iota" + std::to_string(inner) + "," + std::to_string(size);
        context.result(op.getResult(), context.b.compute(key, type, {index}, emit));
      },
      /*keepsRows=*/true);
}
