//===- train-random-graph - print a random training graph ----------------------===//
//
// The command line only; ../random-graph makes the graphs. For campaigns over many seeds,
// see ../random_graphs.py.
//
//===----------------------------------------------------------------------===//
#include "RandomGraph.h"
#include "train/IR/TrainDialect.h"
#include "train/Support/CommandLine.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace train;

static int fail(const std::string &what) {
  llvm::errs() << "train-random-graph: error: " << what << "\n";
  return 1;
}

int main(int argc, char **argv) {
  CLI::App app("Prints a random training graph in the dialect `train`: the same for the "
               "same options, on every machine.",
               "train-random-graph");
  app.footer("Exit codes: 0 printed, 1 bad command line.");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.allow_extras();

  fuzz::RandomGraphOptions options;
  std::string output = "-";
  app.add_option("--seed", options.seed, "Which graph; 1 by default");
  app.add_option(
      "--ops", options.ops,
      "At least this many ops, 20 to 2000; by default up to the seed, 20 to 300");
  app.add_option("--style", options.style,
                 "One of " + llvm::join(fuzz::randomGraphStyles(), ", ") +
                     "; by default up to the seed");
  app.add_option("--shape", options.shape,
                 "One of " + llvm::join(fuzz::randomGraphShapes(), ", ") +
                     "; by default up to the seed");
  app.add_option("-o", output, "File to write; - is standard output");
  CommandLine line = parseCommandLine(app, argc, argv);
  if (!line.error.empty())
    return fail(line.error);
  if (!line.help.empty()) {
    std::fputs(line.help.c_str(), stdout);
    return std::fflush(stdout) == 0 ? 0 : fail("cannot write the help");
  }

  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  std::string error;
  mlir::OwningOpRef<mlir::ModuleOp> module = buildRandomGraph(&context, options, error);
  if (!module)
    return fail(error);
  std::error_code status;
  llvm::raw_fd_ostream out(output, status, llvm::sys::fs::OF_Text);
  if (status)
    return fail("cannot write '" + output + "': " + status.message());
  mlir::OpPrintingFlags flags;
  if (!llvm::isa<mlir::UnknownLoc>(module->getLoc()))
    flags.enableDebugInfo(true, /*prettyForm=*/false).useLocalScope();
  module->print(out, flags);
  out << "\n";
  out.flush();
  if (out.has_error()) {
    std::string reason = out.error().message();
    out.clear_error();
    return fail("cannot write '" + output + "': " + reason);
  }
  return 0;
}
