// train-opt: mlir-opt with our dialect, passes and pipelines.
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "train/Driver/Registration.h"
#include "train/IR/TrainDialect.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  train::registerTrainDialect(registry);
  mlir::registerTransformsPasses();
  train::registerTrainPassesAndPipelines();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "The optimizer driver of train-mlir\n", registry));
}
