// train-lsp-server: MLIR's language server, so that an editor shows what our verifiers say about a
// model, what a value's type is, and where a symbol is defined. Speaks LSP on stdin and stdout.
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "mlir/IR/MLIRContext.h"
#include "train/Driver/Registration.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  train::registerTrainDialect(registry);
  return llvm::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
