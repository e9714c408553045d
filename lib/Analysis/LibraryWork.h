//===- LibraryWork.h - what a library call does -------------------------------===//
//
// FLOPs alone do not say how long a call takes: short inner loops, windows that have to
// be gathered and exponentials take time too. All in FLOPs, from the call's parameters.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_LIB_ANALYSIS_LIBRARYWORK_H
#define TRAIN_LIB_ANALYSIS_LIBRARYWORK_H

#include "train/IR/TrainDialect.h"

namespace train {

struct LibraryWork {
  /// Multiplies and adds of matrix products in long loops over full tiles, or what takes
  /// as long as these.
  double products = 0;
  /// Arithmetic outside of products, as generated kernels do it.
  double vectors = 0;
};

/// The work of products, convolutions and attention; nothing for calls without products.
std::optional<LibraryWork> getLibraryWork(const LibraryCall &call);

} // namespace train

#endif // TRAIN_LIB_ANALYSIS_LIBRARYWORK_H
