//===- train-random-graph - print a random training graph ----------------------===//
//
// The command line only; ../random-graph makes the graphs. For campaigns over many seeds,
// see ../random_graphs.py.
//
//===----------------------------------------------------------------------===//
#include "RandomGraph.h"
#include "train/IR/TrainDialect.h"
#include "train/Support/NearestName.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <CLI/CLI.hpp>

using namespace train;

static int fail(const std::string &what) {
  llvm::errs() << "train-random-graph: error: " << what << "\n";
  return 1;
}

/// Names the first argument that was not understood, and the nearest option there is.
static int unknownArgument(const CLI::App &app, const std::string &word) {
  if (word.empty() || word[0] != '-')
    return fail("unexpected argument '" + word.substr(0, 80) + "'");
  std::vector<std::string> names;
  for (const CLI::Option *option : app.get_options())
    for (const std::string &name : option->get_lnames())
      names.push_back("--" + name);
  std::string asked = word.substr(0, word.find('=')), near = nearestName(asked, names);
  return fail("unknown option '" + asked.substr(0, 80) + "'" +
              (near.empty() ? "" : "; did you mean '" + near + "'?"));
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
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp &help) {
    return app.exit(help);
  } catch (const CLI::ParseError &error) {
    return fail(error.what());
  }
  if (std::vector<std::string> extra = app.remaining(); !extra.empty())
    return unknownArgument(app, extra.front());

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
