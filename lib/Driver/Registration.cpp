// What all tools register.
#include "train/Driver/Registration.h"
#include "train/Analysis/ScaleState.h"
#include "train/Conversion/RowProgram.h"
#include "train/Gradients/Registration.h"
#include "train/IR/TrainDialect.h"
#include "train/Pipelines/Pipelines.h"
#include "train/Reference/Registration.h"
#include "train/Transforms/Registration.h"

void train::registerTrainDialect(mlir::DialectRegistry &registry) {
  registry.insert<TrainDialect>();
  registerGradients(registry);
  registerReference(registry);
  registerScaleRules(registry);
  registerRowPrograms(registry);
}

void train::registerTrainPassesAndPipelines() {
  registerTrainTransforms();
  registerTrainPipelines();
}
