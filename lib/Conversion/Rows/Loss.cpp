// Row programs of losses: a row per prediction, then a sum over the rows.
#include "Expansion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "train/Conversion/VectorMath.h"
#include <limits>

using namespace mlir;
using namespace train;
using namespace train::rows;

static int compareInt(rows::Builder &b, arith::CmpIPredicate predicate, int x, int y) {
  return b.compute("cmpi" + std::to_string(static_cast<int>(predicate)),
                   IntegerType::get(b.getContext(), 1), {x, y},
                   [predicate](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
                     return arith::CmpIOp::create(b, predicate, in[0], in[1]);
                   });
}

// Whether a label is the ignored one; what its type cannot hold is none. The accessor of
// an i64 attribute is unsigned.
template <typename OpT> static int isIgnored(rows::Builder &b, OpT op, int label) {
  int64_t ignored = static_cast<int64_t>(op.getIgnoreIndex());
  Type type = b.typeOf(label);
  if (!llvm::isIntN(type.getIntOrFloatBitWidth(), ignored))
    return b.integerConstant(IntegerType::get(b.getContext(), 1), 0);
  return compareInt(b, arith::CmpIPredicate::eq, label, b.integerConstant(type, ignored));
}

// Whether a label is a class. One that is neither that nor ignored has an error of its
// own before the kernel runs (TRAIN_LIBRARY_CHECK_LABELS); where nobody looked, as in a
// fusion, it indexes nothing and the result of its row is NaN.
static int isClass(rows::Builder &b, int label, int64_t classes) {
  return compareInt(b, arith::CmpIPredicate::ult, label,
                    b.integerConstant(b.typeOf(label), classes));
}

static int nan(rows::Builder &b, Type type) {
  return b.constant(type, std::numeric_limits<double>::quiet_NaN());
}

// A label as an i32 column number; labels are below 2^31 because they index a dimension.
static int asColumn(rows::Builder &b, int label) {
  Type i32 = IntegerType::get(b.getContext(), 32);
  if (b.typeOf(label) == i32)
    return label;
  return b.compute("trunci32", i32, {label},
                   [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
                     return arith::TruncIOp::create(
                         b, withElement(in[0].getType(), b.getI32Type()), in[0]);
                   });
}

void rows::addLossExpansions(ExpansionTable &table) {
  table.sequence<CrossEntropyOp>([](Sequence &sequence, CrossEntropyOp op) {
    MLIRContext *context = op.getContext();
    Type type = getComputeType(elementOf(op.getLogits()));
    int64_t vocabulary = shapeOf(op.getLogits()).back(), rows = countOf(op.getLabels());
    int64_t losses = sequence.reserve(rows * getElementBytes(type));
    int64_t valids = sequence.reserve(rows * getElementBytes(type));

    rows::Builder b(context, {rows, vocabulary}, /*keepsRows=*/true);
    int logits = b.load(op.getLogits(), {rows, vocabulary});
    int largest = b.reduce(Reduction::Max, logits);
    int sum =
        b.reduce(Reduction::Sum, b.apply("exp", vmath::exp, b.sub(logits, largest)));
    int lse = b.add(largest, b.apply("log", vmath::log, sum));
    int label = b.load(op.getLabels(), {rows, 1});
    int ignored = isIgnored(b, op, label);
    // A label that is no class indexes nothing: read column 0 in its place and drop it.
    int valid = isClass(b, label, vocabulary);
    int column =
        asColumn(b, b.select(valid, label, b.integerConstant(b.typeOf(label), 0)));
    int zero = b.constant(type, 0);
    int picked = b.loadAt(op.getLogits(), {rows, vocabulary}, column);
    int loss = b.select(valid, b.sub(lse, picked), nan(b, type));
    b.store(lse, op.getLse(), {rows, 1});
    b.storeTemporary(b.select(ignored, zero, loss), losses, type, {rows, 1});
    b.storeTemporary(b.select(ignored, zero, b.constant(type, 1)), valids, type,
                     {rows, 1});
    sequence.programs.push_back(b.finish());

    rows::Builder last(context, {1, rows}, /*keepsRows=*/true);
    int total = last.reduce(Reduction::Sum, last.loadTemporary(losses, type, {1, rows}));
    int count = last.reduce(Reduction::Sum, last.loadTemporary(valids, type, {1, rows}));
    int one = last.constant(type, 1);
    int whole = op.getDivisor() ? last.load(op.getDivisor(), {1, 1}) : count;
    int divisor = last.combine(Reduction::Max, whole, one);
    last.store(last.div(total, divisor), op.getLoss(), {1, 1});
    last.store(count, op.getCount(), {1, 1});
    sequence.programs.push_back(last.finish());
  });

  // dlogits = dloss / count * (exp(logits - lse) - onehot(label)), 0 where ignored
  table.alongRows<CrossEntropyBackwardOp>(
      [](Context &context, CrossEntropyBackwardOp op) {
        rows::Builder &b = context.b;
        int logits = context.operand(op.getLogits());
        Type type = b.typeOf(logits);
        int label = context.operand(op.getLabels(), /*perRow=*/true);
        int ignored = isIgnored(b, op, label);
        int probability =
            b.apply("exp", vmath::exp, b.sub(logits, context.operand(op.getLse(), true)));
        int hit =
            compareInt(b, arith::CmpIPredicate::eq, b.columnIndex(), asColumn(b, label));
        int difference =
            b.sub(probability, b.select(hit, b.constant(type, 1), b.constant(type, 0)));
        int divisor = b.combine(Reduction::Max, context.operand(op.getCount()),
                                b.constant(type, 1));
        int scale = b.div(context.operand(op.getDloss()), divisor);
        int64_t classes = shapeOf(op.getLogits()).back();
        scale = b.select(isClass(b, label, classes), scale, nan(b, type));
        scale = b.select(ignored, b.constant(type, 0), scale);
        context.result(op.getDlogits(), b.mul(difference, scale));
      },
      /*x=*/1);

  table.sequence<MseOp>([](Sequence &sequence, MseOp op) {
    Value prediction = op.getPrediction();
    Type type = getComputeType(elementOf(prediction));
    auto [rows, columns] = splitForReduction(countOf(prediction));
    reduceAll(
        sequence, prediction, Reduction::Sum,
        [&, rows = rows, columns = columns](rows::Builder &b) {
          int difference = b.sub(b.load(prediction, {rows, columns}),
                                 b.load(op.getTarget(), {rows, columns}));
          return b.mul(difference, difference);
        },
        [&](rows::Builder &b, int sum) {
          b.store(b.mul(sum, b.constant(type, 1.0 / countOf(prediction))), op.getLoss(),
                  {1, 1});
        },
        type);
  });
}
