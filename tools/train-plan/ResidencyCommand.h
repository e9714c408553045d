//===- ResidencyCommand.h - `train-plan residency` -------------------------===//
//
// The subcommand apart from the command line, which main.cpp reads.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_TOOLS_TRAIN_PLAN_RESIDENCYCOMMAND_H
#define TRAIN_TOOLS_TRAIN_PLAN_RESIDENCYCOMMAND_H

#include <string>

namespace train::planning {

struct ResidencyCommand {
  std::string file;   ///< a path, or `-` for standard input
  std::string budget; ///< a byte size, a percentage of the given order's peak, or empty
  std::string order;  ///< `given`, `any`, or empty: any where no node is backward
  std::string check;  ///< a solution to judge instead of planning, or empty
  bool frontier = false; ///< print peaks and costs of the whole frontier
};

/// Runs the subcommand: the solution to stdout, figures and errors to stderr.
int runResidency(const ResidencyCommand &command);

} // namespace train::planning

#endif // TRAIN_TOOLS_TRAIN_PLAN_RESIDENCYCOMMAND_H
