// What ops answer to low-precision recipes.
#include "train/Interfaces/Quantization.h"
#include "train/IR/TrainDialect.h"

using namespace mlir;
using namespace train;

#include "train/Interfaces/Quantization.cpp.inc"

namespace {

struct MatmulFactors : ContractionOpInterface::ExternalModel<MatmulFactors, MatmulOp> {
  std::optional<int64_t> getContractedDimension(Operation *op, unsigned operand) const {
    auto matmul = cast<MatmulOp>(op);
    if (operand > 1)
      return std::nullopt;
    int64_t rank = cast<RankedTensorType>(op->getOperand(operand).getType()).getRank();
    bool isLast = operand == 0 ? !matmul.getTransposeLhs() : matmul.getTransposeRhs();
    return rank - (isLast ? 1 : 2);
  }
};

/// The amax of a step is that of all its micro-batches.
struct LargestAmax : StateUpdateOpInterface::ExternalModel<LargestAmax, DelayedScaleOp> {
  bool takesLargest(Operation *op, unsigned operand) const {
    return op->getOperand(operand) == cast<DelayedScaleOp>(op).getAmax();
  }
};

} // namespace

void train::attachQuantizationInterfaces(MLIRContext *context) {
  MatmulOp::attachInterface<MatmulFactors>(*context);
  DelayedScaleOp::attachInterface<LargestAmax>(*context);
}
