// What train-reduce may try on a model beyond deleting ops.
#ifndef TRAIN_TOOLS_TRAIN_REDUCE_REDUCTIONPATTERNS_H
#define TRAIN_TOOLS_TRAIN_REDUCE_REDUCTIONPATTERNS_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace train {

/// Gives the dialect two patterns: an op gives way to one of its operands that has its result's type,
/// or else to a constant of zeros. Both keep the module valid, so that long chains collapse.
void registerReductionPatterns(mlir::DialectRegistry &registry);

} // namespace train

#endif // TRAIN_TOOLS_TRAIN_REDUCE_REDUCTIONPATTERNS_H
