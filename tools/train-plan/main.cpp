//===- train-plan - a planner alone, on an instance in text form ----------===//
//
// The command line only; ArenaCommand.cpp and ResidencyCommand.cpp do the work.
//
//===----------------------------------------------------------------------===//
#include "ArenaCommand.h"
#include "Command.h"
#include "ResidencyCommand.h"
#include "train/Support/CommandLine.h"

#include <cstdio>
#include <cstdlib>
#include <new>

using namespace train;
using namespace train::planning;

int main(int argc, char **argv) {
  ignoreWriteSignals();
  // No search here has a second plan when memory is refused.
  std::set_new_handler([] {
    std::fputs("train-plan: error: out of memory\n", stderr);
    std::_Exit(badInput);
  });
  CLI::App app(
      "Plans memory for an instance in text form: the solution goes to stdout, figures "
      "to stderr.",
      "train-plan");
  app.footer("Exit codes: 0 solved, 1 bad command line or input, 2 capacity or budget "
             "not met, 3 "
             "invalid plan.");
  app.allow_extras();
  ArenaCommand command;
  CLI::App *arena = app.add_subcommand(
      "arena",
      "Assign offsets to buffers (CSV id,lower,upper,size) that share one arena");
  arena->footer(app.get_footer());
  arena->allow_extras();
  arena->add_option("file", command.file, "Instance to solve; - reads standard input");
  auto last = CLI::MultiOptionPolicy::TakeLast;
  arena
      ->add_option("--capacity", command.capacity,
                   "Bytes that are enough, such as 1048576 or 1MiB")
      ->multi_option_policy(last);
  arena
      ->add_option("--alignment", command.alignment,
                   "Every offset is a multiple of this size")
      ->multi_option_policy(last);
  arena
      ->add_option("--search-nodes", command.searchNodes,
                   "Nodes the exact search may explore; 0 turns it off")
      ->multi_option_policy(last);
  arena->add_flag("--check", command.check, "Judge the file's own column 'offset'");
  ResidencyCommand graph;
  CLI::App *residency = app.add_subcommand(
      "residency", "Decide what to keep and what to compute again (node-link JSON)");
  residency->footer(app.get_footer());
  residency->allow_extras();
  residency->add_option("file", graph.file, "Graph to plan; - reads standard input");
  residency
      ->add_option(
          "--budget", graph.budget,
          "Bytes the peak may have, such as 20GiB, or a share of the given order's "
          "peak, such as 60%")
      ->multi_option_policy(last);
  residency
      ->add_option("--order", graph.order,
                   "Whether first executions come in the 'given' order or in 'any'; any "
                   "unless nodes are marked backward")
      ->multi_option_policy(last);
  residency
      ->add_option("--check", graph.check,
                   "Judge the solution in this file (an array of node ids), don't plan")
      ->multi_option_policy(last);
  residency->add_flag("--frontier", graph.frontier,
                      "Print a table of peaks and costs instead of one solution");

  CommandLine line = parseCommandLine(app, argc, argv);
  if (!line.error.empty())
    return fail(badInput, line.error);
  if (!line.help.empty())
    return print(line.help);
  if (residency->parsed())
    return graph.file.empty()
               ? fail(badInput, "residency expects a file; - reads standard input")
               : runResidency(graph);
  if (!arena->parsed())
    return fail(badInput, "expected a subcommand: arena or residency");
  if (command.file.empty())
    return fail(badInput, "arena expects a file; - reads standard input");
  return runArena(command);
}
