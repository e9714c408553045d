// train-lsp-server: MLIR's language server, so that an editor shows what our verifiers
// say about a model, what a value's type is, and where a symbol is defined. Speaks LSP on
// stdin and stdout. It parses whatever is in the editor, half-written lines included, so
// it has a large stack.
#include "mlir/IR/MLIRContext.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "train/Driver/Registration.h"
#include "train/IR/SafeParse.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  train::registerTrainDialect(registry);
  llvm::LogicalResult result = llvm::failure();
  train::runOnBigStack([&] { result = mlir::MlirLspServerMain(argc, argv, registry); });
  return llvm::failed(result);
}
