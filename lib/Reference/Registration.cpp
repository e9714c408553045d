// See Registration.h. A family that is missing here leaves its ops without meaning, which
// the interpreter reports at the op.
#include "train/Reference/Registration.h"

#include "Models.h"

#include "mlir/IR/DialectRegistry.h"

void train::registerReference(mlir::DialectRegistry &registry) {
  registry.addExtension(+[](mlir::MLIRContext *context, TrainDialect *) {
    reference::attachConstant(context);
    reference::attachContraction(context);
    reference::attachConvolution(context);
    reference::attachAttention(context);
    reference::attachElementwise(context);
    reference::attachIndex(context);
    reference::attachLoss(context);
    reference::attachOptimizer(context);
    reference::attachPrecision(context);
    reference::attachQuantization(context);
    reference::attachRandom(context);
    reference::attachReduction(context);
    reference::attachNormalization(context);
    reference::attachPooling(context);
    reference::attachShape(context);
  });
}
