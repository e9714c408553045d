// train-reduce: makes a module that shows a problem as small as it can be while it still
// shows it. `train-reduce --greedy-reduction=test=SCRIPT model.mlir`, where SCRIPT gets a
// file and exits with 1 if the problem is there and 0 if it is not. The passes of MLIR's
// reducer are there too.
#include "GreedyReduction.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"
#include "mlir/Transforms/Passes.h"
#include "train/Driver/Registration.h"
#include "train/IR/Exhaustion.h"
#include "train/IR/SafeParse.h"
#include "train/Support/CommandLine.h"
#include "train/Support/Readable.h"
#include "llvm/Support/MemoryBuffer.h"

// MLIR's reducer parses its input by itself, so what its parser would not survive is
// looked for first. The input is the argument that is no option.
static llvm::LogicalResult checkInput(int argc, char **argv, mlir::MLIRContext *context) {
  for (int i = 1; i < argc; ++i) {
    llvm::StringRef argument = argv[i];
    if (argument == "-o")
      ++i;
    if (argument.starts_with("-"))
      continue;
    if (std::string endless = train::findEndless(argument.str()); !endless.empty()) {
      llvm::errs() << "train-reduce: error: cannot read " << argument << ": " << endless
                   << "\n";
      return llvm::failure();
    }
    auto buffer = llvm::MemoryBuffer::getFile(argument);
    if (buffer && failed(train::checkParsable((*buffer)->getBuffer(), argument, context)))
      return llvm::failure();
  }
  return llvm::success();
}

int main(int argc, char **argv) {
  train::ignoreWriteSignals();
  train::endWithErrorOnExhaustion("train-reduce", EXIT_FAILURE);
  mlir::DialectRegistry registry;
  train::registerTrainDialect(registry);
  train::registerGreedyReduction();
  mlir::registerTransformsPasses();
  train::registerTrainPassesAndPipelines();
  mlir::MLIRContext context(registry);
  if (failed(checkInput(argc, argv, &context)))
    return EXIT_FAILURE;
  llvm::LogicalResult result = llvm::failure();
  train::runOnBigStack([&] { result = mlir::mlirReduceMain(argc, argv, context); });
  return llvm::failed(result);
}
