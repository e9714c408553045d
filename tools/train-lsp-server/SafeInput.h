// What stands between the editor and MLIR's language server: documents that its recursive
// parser would not survive are replaced by one line that carries the error, at the place
// of the bracket that is too deep.
#ifndef TRAIN_TOOLS_LSPSERVER_SAFEINPUT_H
#define TRAIN_TOOLS_LSPSERVER_SAFEINPUT_H

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"

#include <cstdio>

namespace train {

/// Registers the dialect whose one op stands for a document that is not parsed. Parsing
/// it is the error.
void registerRefusals(mlir::DialectRegistry &registry);

/// The stream of messages from the editor, made fit for the server.
class SafeInput {
public:
  /// Copies messages with their headers (Content-Length) until the end of `from`, or
  /// until one is not in this form. Every change of a document becomes one of its whole
  /// text, since edits of a text that was replaced would not fit.
  void pump(std::FILE *from, std::FILE *to);

private:
  /// Replaces what the message says about documents. Other messages stay as they are.
  void rewrite(llvm::json::Value &message);
  std::string makeSafe(const std::string &text);

  llvm::StringMap<std::string> documents; ///< as the editor has them, by URI
  mlir::MLIRContext context;              ///< only for the locations of errors
};

} // namespace train

#endif // TRAIN_TOOLS_LSPSERVER_SAFEINPUT_H
