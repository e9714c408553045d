// Adjoints of the elementwise ops. Where a derivative can be told from the result as well
// as from the operand, the rule reads the result: a consumer usually keeps it anyway.
#include "Adjoint.h"

using namespace mlir;
using namespace train;

// y = -x: dx = -dy
static void negRule(NegOp op, Adjoint &d) { d.set(0, d.neg(d.dy())); }

// y = |x|: dx = dy for x > 0, -dy for x < 0, 0 at 0
static void absRule(AbsOp op, Adjoint &d) {
  Value zero = d.scalar(0, d.dy());
  Value negative =
      d.select(d.compare(Predicate::LT, op.getX(), zero), d.neg(d.dy()), zero);
  d.set(0, d.select(d.compare(Predicate::GT, op.getX(), zero), d.dy(), negative));
}

// y = e^x: dx = dy * y
static void expRule(ExpOp op, Adjoint &d) { d.set(0, d.mul(d.dy(), op.getY())); }

// y = log x: dx = dy / x
static void logRule(LogOp op, Adjoint &d) { d.set(0, d.div(d.dy(), op.getX())); }

// y = sqrt x: dx = dy / (2 y)
static void sqrtRule(SqrtOp op, Adjoint &d) {
  d.set(0, d.div(d.scale(d.dy(), 0.5), op.getY()));
}

// y = x^(-1/2): dx = -dy * y^3 / 2
static void rsqrtRule(RsqrtOp op, Adjoint &d) {
  Value y = op.getY();
  d.set(0, d.mul(d.scale(d.dy(), -0.5), d.mul(d.mul(y, y), y)));
}

// y = sin x: dx = dy * cos x
static void sinRule(SinOp op, Adjoint &d) {
  d.set(0, d.mul(d.dy(), d.make<CosOp>(op.getX())));
}

// y = cos x: dx = -dy * sin x
static void cosRule(CosOp op, Adjoint &d) {
  d.set(0, d.neg(d.mul(d.dy(), d.make<SinOp>(op.getX()))));
}

// y = tanh x: dx = dy * (1 - y^2)
static void tanhRule(TanhOp op, Adjoint &d) {
  Value y = op.getY();
  d.set(0, d.mul(d.dy(), d.sub(d.scalar(1, y), d.mul(y, y))));
}

// y = 1 / (1 + e^-x): dx = dy * y * (1 - y)
static void sigmoidRule(SigmoidOp op, Adjoint &d) {
  Value y = op.getY();
  d.set(0, d.mul(d.mul(d.dy(), y), d.sub(d.scalar(1, y), y)));
}

// y = erf x: dx = dy * 2 / sqrt(pi) * e^(-x^2)
static void erfRule(ErfOp op, Adjoint &d) {
  Value bell = d.make<ExpOp>(d.neg(d.mul(op.getX(), op.getX())));
  d.set(0, d.mul(d.scale(d.dy(), 1.1283791670955126), bell));
}

// y = max(x, 0): dx = dy where y > 0, else 0
static void reluRule(ReluOp op, Adjoint &d) {
  Value zero = d.scalar(0, d.dy());
  d.set(0, d.select(d.compare(Predicate::GT, op.getY(), zero), d.dy(), zero));
}

// y = x * sigmoid(x): an op of its own
static void siluRule(SiluOp op, Adjoint &d) {
  d.set(0, d.make<SiluBackwardOp>(d.dy(), op.getX()));
}

// y = x * Phi(x): an op of its own
static void geluRule(GeluOp op, Adjoint &d) {
  d.set(0, d.make<GeluBackwardOp>(d.dy(), op.getX(), op.getKindAttr()));
}

// z = x + y: dx = dz, dy = dz
static void addRule(AddOp op, Adjoint &d) {
  d.set(0, d.dy());
  d.set(1, d.dy());
}

// z = x - y: dx = dz, dy = -dz
static void subRule(SubOp op, Adjoint &d) {
  d.set(0, d.dy());
  if (d.wants(1))
    d.set(1, d.neg(d.dy()));
}

// z = x * y: dx = dz * y, dy = dz * x
static void mulRule(MulOp op, Adjoint &d) {
  if (d.wants(0))
    d.set(0, d.mul(d.dy(), op.getRhs()));
  if (d.wants(1))
    d.set(1, d.mul(d.dy(), op.getLhs()));
}

// z = x / y: dx = dz / y, dy = -dz / y * z
static void divRule(DivOp op, Adjoint &d) {
  Value quotient = d.div(d.dy(), op.getRhs());
  d.set(0, quotient);
  if (d.wants(1))
    d.set(1, d.neg(d.mul(quotient, op.getResult())));
}

// z = x^y: dx = dz * y * x^(y-1), 0 where y = 0; dy = dz * z * log x, 0 where x = 0.
// The two exceptions keep 0 * infinity out of the gradients of constants.
static void powRule(PowOp op, Adjoint &d) {
  Value x = op.getLhs(), y = op.getRhs(), zero = d.scalar(0, d.dy());
  if (d.wants(0)) {
    Value slope = d.mul(y, d.make<PowOp>(x, d.sub(y, d.scalar(1, y))));
    d.set(0, d.select(d.compare(Predicate::EQ, y, zero), zero, d.mul(d.dy(), slope)));
  }
  if (d.wants(1)) {
    Value slope = d.mul(op.getResult(), d.make<LogOp>(x));
    d.set(1, d.select(d.compare(Predicate::EQ, x, zero), zero, d.mul(d.dy(), slope)));
  }
}

// z = the smaller (larger) one: dz goes to it, and to x where they are equal
static void chooseRule(Adjoint &d, Predicate predicate, Value x, Value y) {
  Value zero = d.scalar(0, d.dy()), first = d.compare(predicate, x, y);
  if (d.wants(0))
    d.set(0, d.select(first, d.dy(), zero));
  if (d.wants(1))
    d.set(1, d.select(first, zero, d.dy()));
}
static void minRule(MinOp op, Adjoint &d) {
  chooseRule(d, Predicate::LE, op.getLhs(), op.getRhs());
}
static void maxRule(MaxOp op, Adjoint &d) {
  chooseRule(d, Predicate::GE, op.getLhs(), op.getRhs());
}

// z = x < y and the like: piecewise constant, nothing flows back
static void compareRule(CompareOp op, Adjoint &d) {}

// z = c ? x : y: dx = c ? dz : 0, dy = c ? 0 : dz
static void selectRule(SelectOp op, Adjoint &d) {
  Value zero = d.scalar(0, d.dy());
  if (d.wants(1))
    d.set(1, d.select(op.getCondition(), d.dy(), zero));
  if (d.wants(2))
    d.set(2, d.select(op.getCondition(), zero, d.dy()));
}

// y = min(max(x, low), high): dx = dy where low <= x <= high, else 0
static void clampRule(ClampOp op, Adjoint &d) {
  Value x = op.getX(), zero = d.scalar(0, d.dy());
  Value low = d.scalar(op.getLow().convertToDouble(), x);
  Value high = d.scalar(op.getHigh().convertToDouble(), x);
  Value below = d.select(d.compare(Predicate::LE, x, high), d.dy(), zero);
  d.set(0, d.select(d.compare(Predicate::GE, x, low), below, zero));
}

void train::attachElementwiseRules(MLIRContext *context) {
  attach<NegOp, negRule>(context);
  attach<AbsOp, absRule>(context);
  attach<ExpOp, expRule>(context);
  attach<LogOp, logRule>(context);
  attach<SqrtOp, sqrtRule>(context);
  attach<RsqrtOp, rsqrtRule>(context);
  attach<SinOp, sinRule>(context);
  attach<CosOp, cosRule>(context);
  attach<TanhOp, tanhRule>(context);
  attach<SigmoidOp, sigmoidRule>(context);
  attach<ErfOp, erfRule>(context);
  attach<ReluOp, reluRule>(context);
  attach<SiluOp, siluRule>(context);
  attach<GeluOp, geluRule>(context);
  attach<AddOp, addRule>(context);
  attach<SubOp, subRule>(context);
  attach<MulOp, mulRule>(context);
  attach<DivOp, divRule>(context);
  attach<PowOp, powRule>(context);
  attach<MinOp, minRule>(context);
  attach<MaxOp, maxRule>(context);
  attach<CompareOp, compareRule>(context);
  attach<SelectOp, selectRule>(context);
  attach<ClampOp, clampRule>(context);
}
