// See Diagnostics.h.
#include "Diagnostics.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "llvm/Support/raw_ostream.h"

#include <optional>

using namespace mlir;
using namespace train;

// The first place in `location` that a reader can look up, or "".
static std::string describe(Location location) {
  std::string text;
  location->walk([&](Location part) {
    if (auto file = dyn_cast<FileLineColRange>(part)) {
      text = file.getFilename().str();
      if (file.getStartLine())
        text += ":" + std::to_string(file.getStartLine()) + ":" +
                std::to_string(file.getStartColumn());
      return WalkResult::interrupt();
    }
    if (auto name = dyn_cast<NameLoc>(part); name && text.empty())
      text = name.getName().str();
    return WalkResult::advance();
  });
  return text;
}

static StringRef describe(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Note:
    return "note";
  case DiagnosticSeverity::Warning:
    return "warning";
  case DiagnosticSeverity::Remark:
    return "remark";
  case DiagnosticSeverity::Error:
    break;
  }
  return "error";
}

static void print(Diagnostic &diagnostic) {
  std::string place = describe(diagnostic.getLocation());
  llvm::errs() << (place.empty() ? "train-compile" : place) << ": "
               << describe(diagnostic.getSeverity()) << ": " << diagnostic.str() << "\n";
}

DiagnosticPrinter::DiagnosticPrinter(MLIRContext *context, bool remarks)
    : ScopedDiagnosticHandler(context) {
  // Where the last error was, if any.
  std::optional<Location> last;
  setHandler([remarks, last](Diagnostic &diagnostic) mutable {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Remark && !remarks)
      return success();
    // MLIR adds an error of its own to the one by which inference said why it failed.
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error) {
      bool said = last == diagnostic.getLocation() &&
                  StringRef(diagnostic.str()).ends_with("failed to infer returned types");
      last = diagnostic.getLocation();
      if (said)
        return success();
    }
    print(diagnostic);
    for (Diagnostic &note : diagnostic.getNotes())
      print(note);
    return success();
  });
}
