// Gives every op of the dialect its meaning in the reference interpreter.
#ifndef TRAIN_REFERENCE_REGISTRATION_H
#define TRAIN_REFERENCE_REGISTRATION_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace train {

/// Attaches ReferenceOpInterface to the ops of all families when the dialect is loaded.
/// Programs, layers, loops, fusions, reads and writes have no model: the interpreter
/// itself executes them.
void registerReference(mlir::DialectRegistry &registry);

} // namespace train

#endif // TRAIN_REFERENCE_REGISTRATION_H
