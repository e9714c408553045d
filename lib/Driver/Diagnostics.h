// How train-compile prints what passes and verifiers say.
#ifndef TRAIN_LIB_DRIVER_DIAGNOSTICS_H
#define TRAIN_LIB_DRIVER_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"

namespace train {

/// Prints "FILE:LINE:COLUMN: error: MESSAGE" to standard error, or the name of the layer
/// where a model's locations are names, and each note in the same way. Lines of the input
/// are not repeated: generated models have long ones. Remarks are printed on request
/// only.
class DiagnosticPrinter : public mlir::ScopedDiagnosticHandler {
public:
  DiagnosticPrinter(mlir::MLIRContext *context, bool remarks);
};

} // namespace train

#endif // TRAIN_LIB_DRIVER_DIAGNOSTICS_H
