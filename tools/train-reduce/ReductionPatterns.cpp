// See ReductionPatterns.h.
#include "ReductionPatterns.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Reducer/ReductionPatternInterface.h"
#include "train/IR/TrainDialect.h"

using namespace mlir;
using namespace train;

namespace {

/// An op of one tensor result that nothing but its users would miss.
bool isReplaceable(Operation *op) {
  return op->getNumResults() == 1 && op->getNumRegions() == 0 &&
         isa<TrainDialect>(op->getDialect()) && isa<RankedTensorType>(op->getResult(0).getType()) &&
         !op->hasTrait<OpTrait::ConstantLike>();
}

struct ReplaceByOperand : RewritePattern {
  ReplaceByOperand(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 2, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isReplaceable(op))
      return failure();
    for (Value operand : op->getOperands())
      if (operand.getType() == op->getResult(0).getType()) {
        rewriter.replaceOp(op, operand);
        return success();
      }
    return failure();
  }
};

struct ReplaceByZeros : RewritePattern {
  ReplaceByZeros(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isReplaceable(op))
      return failure();
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    TypedAttr zero = rewriter.getZeroAttr(type);
    if (!zero)
      return failure();
    rewriter.replaceOpWithNewOp<ConstantOp>(op, type, cast<ElementsAttr>(zero));
    return success();
  }
};

struct TrainReductionPatterns : DialectReductionPatternInterface {
  TrainReductionPatterns(Dialect *dialect) : DialectReductionPatternInterface(dialect) {}

  void populateReductionPatterns(RewritePatternSet &patterns) const override {
    patterns.add<ReplaceByOperand, ReplaceByZeros>(patterns.getContext());
  }
};

} // namespace

void train::registerReductionPatterns(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, TrainDialect *dialect) {
    dialect->addInterfaces<TrainReductionPatterns>();
  });
}
