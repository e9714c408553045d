//===- Registration.cpp - all passes, with their promises -------------------===//
//
// The one list of which passes leave results as they were.
//
//===----------------------------------------------------------------------===//
#include "train/Transforms/Registration.h"
#include "train/Reference/MeaningPreserving.h"
#include "train/Transforms/Passes.h"

void train::registerTrainTransforms() {
  registerTrainPasses();
  registerMeaningPreserving("train-fuse");
  registerMeaningPreserving("train-schedule");
  registerMeaningPreserving("train-plan-residency");
  registerMeaningPreserving("train-apply-residency");
  registerMeaningPreserving("train-reuse-operands");
  registerMeaningPreserving("train-plan-memory");
  registerMeaningPreserving("train-verify-stage");
  registerMeaningPreserving("train-report-memory");
  registerMeaningPreserving("train-interleave-chunks");
  registerMeaningPreserving("train-working-copies");
  // The parts of the mean are rounded each by itself, and so are sums over rows.
  registerMeaningPreserving("train-chunk-loss", 1e-5);
  // A sum of three terms may associate in another way.
  registerMeaningPreserving("train-fold-sums", 1e-6);
}
