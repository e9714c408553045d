// Everything that a tool has to register to see our dialect whole.
#ifndef TRAIN_DRIVER_REGISTRATION_H
#define TRAIN_DRIVER_REGISTRATION_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace train {

/// The dialect, its gradients, its reference semantics and its row programs.
void registerTrainDialect(mlir::DialectRegistry &registry);

/// The passes and pipelines, by name. Once per process.
void registerTrainPassesAndPipelines();

} // namespace train

#endif // TRAIN_DRIVER_REGISTRATION_H
