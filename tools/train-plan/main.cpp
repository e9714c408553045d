//===- train-plan - a planner alone, on an instance in text form ----------===//
//
// The command line only; ArenaCommand.cpp does the work.
//
//===----------------------------------------------------------------------===//
#include "ArenaCommand.h"
#include "train/Support/NearestName.h"

#include <CLI/CLI.hpp>

using namespace train;
using namespace train::planning;

static int usageError(const std::string &what) {
  std::fprintf(stderr, "train-plan: error: %s\n", what.c_str());
  return badInput;
}

/// Names what was not understood, and the nearest thing that would have been.
static int unknownArgument(const CLI::App &app, const std::string &word) {
  std::vector<std::string> names;
  bool isOption = word.size() > 1 && word[0] == '-';
  std::string asked = word.substr(0, word.find('='));
  if (isOption)
    for (const CLI::Option *option : app.get_options())
      for (const std::string &name : option->get_lnames())
        names.push_back("--" + name);
  else
    for (const CLI::App *command : app.get_subcommands(nullptr))
      names.push_back(command->get_name());
  std::string near = nearestName(asked, names);
  const char *kind = isOption                               ? "unknown option '"
                     : app.get_subcommands(nullptr).empty() ? "unexpected argument '"
                                                            : "unknown subcommand '";
  return usageError(kind + asked.substr(0, 80) + "'" +
                    (near.empty() ? "" : "; did you mean '" + near + "'?"));
}

int main(int argc, char **argv) {
  CLI::App app(
      "Plans memory for an instance in text form: the solution goes to stdout, figures "
      "to stderr.",
      "train-plan");
  app.footer(
      "Exit codes: 0 solved, 1 bad command line or input, 2 capacity not met, 3 invalid "
      "plan.");
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
  CLI::App *residency = app.add_subcommand(
      "residency", "Decide what to keep, recompute or offload (node-link JSON)");
  residency->allow_extras();

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp &help) {
    return app.exit(help);
  } catch (const CLI::ParseError &error) {
    return usageError(error.what());
  }
  if (residency->parsed())
    return usageError("residency planning is not part of this version of train-plan");
  for (const CLI::App *level :
       {static_cast<const CLI::App *>(&app), static_cast<const CLI::App *>(arena)})
    if (std::vector<std::string> extra = level->remaining(); !extra.empty())
      return unknownArgument(*level, extra.front());
  if (!arena->parsed())
    return usageError("expected a subcommand: arena");
  if (command.file.empty())
    return usageError("arena expects a file; - reads standard input");
  return runArena(command);
}
