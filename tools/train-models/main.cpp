//===- train-models - print a well-known model as .mlir ------------------------===//
//
// The command line only; lib/Models builds the graphs.
//
//===----------------------------------------------------------------------===//
#include "train/IR/TrainDialect.h"
#include "train/Models/Models.h"
#include "train/Support/NearestName.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <CLI/CLI.hpp>

using namespace train;

static int fail(const std::string &what) {
  llvm::errs() << "train-models: error: " << what << "\n";
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
  CLI::App app("Prints a well-known model as a training graph in the dialect `train`.",
               "train-models");
  app.footer("Exit codes: 0 printed, 1 bad command line or a model that can't be built.");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.allow_extras();

  ModelOptions options;
  std::string output = "-";
  bool count = false, noLocations = false;
  app.add_option("family", options.family, "One of " + llvm::join(modelFamilies(), ", "));
  app.add_option("--size", options.size, "A published size, such as 124M, base, 50");
  auto number = [&](const char *name, std::optional<int64_t> &value, const char *what) {
    app.add_option(name, value, what);
  };
  number("--layers", options.layers, "Transformer blocks, or levels of a U-Net");
  number("--width", options.width, "Model width, or channels of the first stage");
  number("--heads", options.heads, "Attention heads");
  number("--kv-heads", options.kvHeads, "Heads of keys and values");
  number("--hidden", options.hidden, "Width inside the feed-forward block");
  number("--seq", options.seq, "Tokens per sample");
  number("--positions", options.positions, "Rows of the position table");
  number("--batch", options.batch, "Samples per micro-batch");
  number("--vocab", options.vocab, "Size of the vocabulary");
  number("--classes", options.classes, "Classes of the head");
  number("--image", options.image, "Height and width of images in pixels");
  number("--patch", options.patch, "Height and width of patches in pixels");
  number("--channels", options.channels, "Channels of images");
  app.add_option("--widths", options.widths, "Layer widths, such as 1024,2048,1024")
      ->delimiter(',')
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--dropout", options.dropout, "Dropout rate");
  app.add_option("--rope-base", options.ropeBase, "Base of the rotary frequencies");
  app.add_option("--head", options.head, "Head: none, mlm or classifier");
  app.add_option("--loss", options.loss, "Loss: mse or cross-entropy");
  app.add_flag("--tied", options.tied, "The head shares the token embedding");
  app.add_flag("--untied", options.untied, "The head has weights of its own");
  app.add_flag("--bidirectional", options.bidirectional,
               "Attention sees the whole sequence");
  app.add_option("-o", output, "File to write; - is standard output");
  app.add_flag("--count", count, "Print the number of parameters instead of the model");
  app.add_flag("--no-locations", noLocations, "Leave out the locations of ops");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp &help) {
    return app.exit(help);
  } catch (const CLI::ParseError &error) {
    return fail(error.what());
  }
  if (std::vector<std::string> extra = app.remaining(); !extra.empty())
    return unknownArgument(app, extra.front());
  if (options.family.empty())
    return fail("expected a family: " + llvm::join(modelFamilies(), ", "));

  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  std::string error;
  mlir::OwningOpRef<mlir::ModuleOp> module = buildModel(&context, options, error);
  if (!module)
    return fail(error);
  std::error_code status;
  llvm::raw_fd_ostream out(output, status, llvm::sys::fs::OF_Text);
  if (status)
    return fail("cannot write '" + output + "': " + status.message());
  if (count) {
    out << countParameters(*module) << "\n";
  } else {
    mlir::OpPrintingFlags flags;
    if (!noLocations)
      flags.enableDebugInfo(true, /*prettyForm=*/false).useLocalScope();
    module->print(out, flags);
    out << "\n";
  }
  out.flush();
  if (out.has_error()) {
    std::string reason = out.error().message();
    out.clear_error();
    return fail("cannot write '" + output + "': " + reason);
  }
  return 0;
}
