// What softplus means, how it is differentiated, and what a kernel computes for it. Each
// answer is written from the formula alone, so that they can contradict each other in a
// test.
#include "Softplus.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "train/Conversion/Expansion.h"
#include "train/Conversion/VectorMath.h"
#include "train/Reference/EvalContext.h"

#include <cmath>

using namespace mlir;
using namespace train;
using namespace example;

#include "Softplus.dialect.defs.inc"
#define GET_OP_CLASSES
#include "Softplus.op.defs.inc"

//===-- Cost and precision ----------------------------------------------------===//

// An exponential and a logarithm, at about ten operations each.
int64_t SoftplusOp::getFlops() { return 20 * getType().getNumElements(); }

// Like exp and log, it wants a wide type under mixed precision.
PrecisionClass SoftplusOp::getPrecisionClass() { return PrecisionClass::Full; }

//===-- Gradient --------------------------------------------------------------===//

// y = log(1 + e^x): dx = dy * sigmoid(x)
LogicalResult SoftplusOp::buildAdjoint(OpBuilder &builder, ArrayRef<Value> resultAdjoints,
                                       ArrayRef<bool> needed,
                                       MutableArrayRef<Value> operandAdjoints) {
  if (!needed[0])
    return success();
  Value slope = SigmoidOp::create(builder, getLoc(), getX());
  operandAdjoints[0] = MulOp::create(builder, getLoc(), resultAdjoints[0], slope);
  return success();
}

SmallVector<Value> SoftplusOp::getSavedForBackward(ArrayRef<bool> needed) {
  return needed[0] ? SmallVector<Value>{getX()} : SmallVector<Value>{};
}

//===-- Reference -------------------------------------------------------------===//

// e^-|x| never overflows, and log1p keeps the digits of a small one.
LogicalResult SoftplusOp::evaluate(ArrayRef<const reference::Tensor *> operands,
                                   MutableArrayRef<reference::Tensor> results,
                                   reference::EvalContext &) {
  for (auto [x, y] : llvm::zip(operands[0]->f, results[0].f))
    y = (x > 0 || std::isnan(x) ? x : 0.0) + std::log1p(std::exp(-std::fabs(x)));
  return success();
}

//===-- Row program -----------------------------------------------------------===//

static Value emitSoftplus(ImplicitLocOpBuilder &b, Value x) {
  Value zero = rows::constantLike(b, x.getType(), 0);
  Value small = vmath::exp(b, arith::NegFOp::create(b, math::AbsFOp::create(b, x)));
  return arith::AddFOp::create(b, arith::MaximumFOp::create(b, x, zero),
                               vmath::log1p(b, small));
}

namespace {
struct Expansions : rows::ExpansionDialectInterface {
  Expansions(Dialect *dialect) : ExpansionDialectInterface(dialect) {
    expansions.elementwise<SoftplusOp>([](rows::Context &context, SoftplusOp op) {
      int x = context.operand(op.getX());
      // The name identifies the computation: equal names with equal inputs are one node.
      int y = context.b.compute("example.softplus", context.b.typeOf(x), {x},
                                [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) {
                                  return emitSoftplus(b, in[0]);
                                });
      context.result(op.getY(), y);
    });
  }
};
} // namespace

void ExampleDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "Softplus.op.defs.inc"
      >();
  addInterfaces<Expansions>();
}
