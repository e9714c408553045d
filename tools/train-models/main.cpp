//===- train-models - print a well-known model as .mlir ------------------------===//
//
// The command line only; lib/Models builds the graphs.
//
//===----------------------------------------------------------------------===//
#include "train/IR/Exhaustion.h"
#include "train/IR/TrainDialect.h"
#include "train/Models/Models.h"
#include "train/Support/CommandLine.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace train;

static int fail(const std::string &what) {
  llvm::errs() << "train-models: error: " << what << "\n";
  return 1;
}

int main(int argc, char **argv) {
  ignoreWriteSignals();
  endWithErrorOnExhaustion("train-models", 1);
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
    app.add_option(name, value, what)->transform(wholeNumber<int64_t>());
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
  CommandLine line = parseCommandLine(app, argc, argv);
  if (!line.error.empty())
    return fail(line.error);
  if (!line.help.empty()) {
    std::fputs(line.help.c_str(), stdout);
    return std::fflush(stdout) == 0 ? 0 : fail("cannot write the help");
  }
  if (options.family.empty())
    return fail("expected a family: " + llvm::join(modelFamilies(), ", "));

  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  std::string error;
  mlir::OwningOpRef<mlir::ModuleOp> module = buildModel(&context, options, error);
  if (!module)
    return fail(error);
  // Removed again unless it is kept: half a model is worse than none.
  std::error_code status;
  llvm::ToolOutputFile file(output, status, llvm::sys::fs::OF_Text);
  if (status)
    return fail("cannot write '" + output + "': " + status.message());
  llvm::raw_fd_ostream &out = file.os();
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
  file.keep();
  return 0;
}
