//===- Command.h - what the subcommands of train-plan share ----------------===//
//
// Exit codes, the one way to end with an error, and the reading of files and sizes.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_TOOLS_TRAIN_PLAN_COMMAND_H
#define TRAIN_TOOLS_TRAIN_PLAN_COMMAND_H

#include <cstdint>
#include <string>

namespace train::planning {

/// Exit codes of train-plan, as --help documents them.
enum ExitCode { solved = 0, badInput = 1, budgetNotMet = 2, badPlan = 3 };

/// Prints one line to stderr; returns `code`.
int fail(ExitCode code, const std::string &what);

/// The bytes of a file, or of standard input for `-`; on failure returns false and says
/// why.
bool readAll(const std::string &path, std::string &text, std::string &error);

/// How messages call the file.
std::string nameOf(const std::string &path);

/// A byte size such as 4096 or 1.5GiB; on failure returns false and says what `option`
/// expects.
bool parseSize(const char *option, const std::string &text, int64_t &value,
               std::string &error);

/// All of `text` to stdout, or an error.
int print(const std::string &text);

} // namespace train::planning

#endif // TRAIN_TOOLS_TRAIN_PLAN_COMMAND_H
