//===- ArenaCommand.h - `train-plan arena` ---------------------------------===//
//
// The subcommand apart from the command line, which main.cpp reads.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_TOOLS_TRAIN_PLAN_ARENACOMMAND_H
#define TRAIN_TOOLS_TRAIN_PLAN_ARENACOMMAND_H

#include <string>

namespace train::planning {

struct ArenaCommand {
  std::string file;        ///< a path, or `-` for standard input
  std::string capacity;    ///< a byte size, or empty
  std::string alignment;   ///< a byte size, or empty
  std::string searchNodes; ///< a whole number, or empty for the planner's default
  bool check = false;      ///< judge the file's offsets, don't plan
};

/// Runs the subcommand: the solution to stdout, figures and errors to stderr.
int runArena(const ArenaCommand &command);

} // namespace train::planning

#endif // TRAIN_TOOLS_TRAIN_PLAN_ARENACOMMAND_H
