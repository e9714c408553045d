// train-interp: runs a program of a module in the reference interpreter. The command line
// only; lib/Reference/Tool.cpp does the work.
#include "train/Reference/Tool.h"
#include "train/Support/NearestName.h"

#include <CLI/CLI.hpp>

using namespace train::reference;

static int usageError(const std::string &what) {
  std::fprintf(stderr, "train-interp: error: %s\n", what.c_str());
  return kToolUsage;
}

int main(int argc, char **argv) {
  CLI::App app(
      "Runs a program of a module in the reference interpreter, at any stage of the IR.",
      "train-interp");
  app.footer("Exit codes: 0 done, 1 the module is invalid or cannot be run, 2 bad "
             "command line.");
  app.allow_extras();
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  ToolOptions options;
  app.add_option("file", options.file, "Module to run; - reads standard input");
  app.add_option("--program", options.program,
                 "Symbol name of the program; default: the step, else the graph");
  app.add_option("--mode", options.mode,
                 "f64: no rounding at all; native: each result rounded to its type");
  app.add_option("--seed", options.seed,
                 "Seed of initial values, random inputs and dropout (1)");
  app.add_option("--steps", options.steps,
                 "How often to run the program, carrying its writes along (1)");
  app.add_option("--lr", options.learningRate, "Learning rate (0.001)");
  app.add_option("--inputs", options.inputs,
                 "random, or NAME=FILE.npy,... with the rest random");
  app.add_option("--print", options.print,
                 "What to print: outputs, hash, params; separated by commas");
  app.add_option("--elements", options.elements,
                 "Most elements to print of one tensor (64)");
  app.add_flag("--hex", options.hex, "Print floats in hexadecimal, exactly");
  app.add_option("--dump", options.dump,
                 "Directory for outputs and symbols as .npy files");
  app.add_option("--ranks", options.ranks, "Number of ranks (1)");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp &help) {
    return app.exit(help);
  } catch (const CLI::ParseError &error) {
    return usageError(error.what());
  }
  if (std::vector<std::string> extra = app.remaining(); !extra.empty()) {
    std::vector<std::string> names;
    for (const CLI::Option *option : app.get_options())
      for (const std::string &name : option->get_lnames())
        names.push_back("--" + name);
    std::string asked = extra.front().substr(0, extra.front().find('=')),
                near = train::nearestName(asked, names);
    return usageError("unknown argument '" + asked.substr(0, 80) + "'" +
                      (near.empty() ? "" : "; did you mean '" + near + "'?"));
  }
  return runInterpreterTool(options);
}
