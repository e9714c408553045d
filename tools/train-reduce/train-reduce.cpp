// train-reduce: makes a module that shows a problem as small as it can be while it still
// shows it. `train-reduce --greedy-reduction=test=SCRIPT model.mlir`, where SCRIPT gets a
// file and exits with 1 if the problem is there and 0 if it is not. The passes of MLIR's
// reducer are there too.
#include "GreedyReduction.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"
#include "mlir/Transforms/Passes.h"
#include "train/Driver/Registration.h"
#include "train/IR/SafeParse.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  train::registerTrainDialect(registry);
  train::registerGreedyReduction();
  mlir::registerTransformsPasses();
  train::registerTrainPassesAndPipelines();
  mlir::MLIRContext context(registry);
  llvm::LogicalResult result = llvm::failure();
  train::runOnBigStack([&] { result = mlir::mlirReduceMain(argc, argv, context); });
  return llvm::failed(result);
}
