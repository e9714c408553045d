// train-lsp-server: MLIR's language server, so that an editor shows what our verifiers
// say about a model, what a value's type is, and where a symbol is defined. Speaks LSP on
// stdin and stdout. It parses whatever is in the editor, half-written lines included, so
// it has a large stack, and what is nested too deeply for any stack does not reach it.
#include "SafeInput.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "train/Driver/Registration.h"
#include "train/IR/SafeParse.h"
#include "train/Support/CommandLine.h"

#include <cstdlib>
#include <thread>
#include <unistd.h>

// Puts a filter before standard input. MLIR's tests feed the server delimited messages
// (-lit-test, --input-style), which are not in the form that editors speak.
static void filterInput(int argc, char **argv) {
  for (int i = 1; i < argc; ++i)
    if (llvm::StringRef argument = llvm::StringRef(argv[i]).ltrim('-');
        argument.starts_with("lit-test") || argument.starts_with("input-style"))
      return;
  int ends[2];
  int editor = dup(STDIN_FILENO);
  if (editor < 0 || pipe(ends) != 0)
    return;
  std::FILE *from = fdopen(editor, "r"), *to = fdopen(ends[1], "w");
  dup2(ends[0], STDIN_FILENO);
  close(ends[0]);
  // Not waited for: it may stand in a read that never returns when the server is done.
  std::thread([from, to] {
    train::runOnBigStack([&] { train::SafeInput().pump(from, to); });
    std::fclose(to);
  }).detach();
}

int main(int argc, char **argv) {
  train::ignoreWriteSignals();
  mlir::DialectRegistry registry;
  train::registerTrainDialect(registry);
  train::registerRefusals(registry);
  filterInput(argc, argv);
  llvm::LogicalResult result = llvm::failure();
  train::runOnBigStack([&] { result = mlir::MlirLspServerMain(argc, argv, registry); });
  llvm::outs().flush();
  // Without the end of the filter, which may still wait for the editor.
  std::_Exit(llvm::failed(result));
}
