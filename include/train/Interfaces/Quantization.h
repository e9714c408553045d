// The interfaces of low-precision recipes (Quantization.td), apart from those that every
// op's header has.
#ifndef TRAIN_INTERFACES_QUANTIZATION_H
#define TRAIN_INTERFACES_QUANTIZATION_H

#include "mlir/IR/OpDefinition.h"

#include <optional>

namespace train {
/// Gives the ops of the dialect their interfaces of this header; called by the dialect.
void attachQuantizationInterfaces(mlir::MLIRContext *context);
} // namespace train

#include "train/Interfaces/Quantization.h.inc"

#endif // TRAIN_INTERFACES_QUANTIZATION_H
