//===- OpText.h - ops and places as people read them ------------------------===//
//
// One spelling of ops, source locations and types for profiles, reports and
// explanations, so that a name seen in one can be searched for in the other.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_ANALYSIS_OPTEXT_H
#define TRAIN_ANALYSIS_OPTEXT_H

#include "train/IR/TrainDialect.h"

namespace train {

/// The op's name without its dialect; for a fusion the names of its ops,
/// `add+layer_norm`.
std::string getOpText(mlir::Operation *op);

/// `model.mlir:12:3`, the name of a named location, or `name (model.mlir:12:3)`; of fused
/// ones the first that says anything, of a call site the callee; "" for unknown.
std::string getLocationText(mlir::Location location);

/// `4x256x768xf32`; `f32` for a scalar.
std::string getTypeText(mlir::Type type);

} // namespace train

#endif // TRAIN_ANALYSIS_OPTEXT_H
