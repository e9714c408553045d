// The comparison with the machine. See Startup.h.
#include "train/rt/Startup.h"

#include "train/Support/ByteSize.h"
#include "train/rt/Backend.h"
#include "train/rt/System.h"
#include "train/rt/Text.h"

#include <map>
#include <sstream>

namespace train::rt {
namespace {

std::vector<std::string> split(const char *text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text ? text : "");
  for (std::string part; std::getline(stream, part, separator);)
    if (!part.empty())
      parts.push_back(part);
  return parts;
}

} // namespace

MachineFacts machineFacts() {
  return {cpuFlags(), availableProcessors(), memoryLimit(), libraryVersions()};
}

Status checkMachine(const TrainExecutable &executable, const MachineFacts &facts,
                    std::vector<std::string> &notes) {
  std::vector<std::string> problems;

  std::vector<std::string> missing;
  for (const std::string &feature : split(executable.cpu_features, ','))
    if (!facts.cpuFlags.count(feature))
      missing.push_back(feature);
  if (!missing.empty())
    problems.push_back(format("the CPU lacks %s (compiled for --cpu=%s)",
                              formatList(missing).c_str(),
                              executable.cpu ? executable.cpu : "unknown"));

  // Only the libraries that the compiler named: others cannot matter to its plan.
  std::map<std::string, std::string> present;
  for (const std::string &library : split(facts.libraryVersions.c_str(), ';'))
    present[library.substr(0, library.find(' '))] = library;
  for (const std::string &wanted : split(executable.library_versions, ';')) {
    auto found = present.find(wanted.substr(0, wanted.find(' ')));
    std::string have = found == present.end() ? "none" : found->second;
    if (have != wanted)
      problems.push_back(
          format("compiled with %s, found %s", wanted.c_str(), have.c_str()));
  }

  bool elsewhere = !problems.empty(); // compiled for another machine
  if (facts.memoryLimit && executable.arena_bytes > facts.memoryLimit)
    problems.push_back(format("the arena needs %s, this machine has at most %s (compile "
                              "it with a smaller batch or a --memory-budget)",
                              formatByteSize(executable.arena_bytes).c_str(),
                              formatByteSize(facts.memoryLimit).c_str()));

  if (facts.processors > 0 && executable.threads > uint32_t(facts.processors))
    notes.push_back(format("compiled for %u threads, %d processors are available: "
                           "expect it to be slow",
                           executable.threads, facts.processors));

  if (problems.empty())
    return Status::success();
  std::string message = "this executable does not fit this machine: ";
  for (size_t i = 0; i < problems.size(); ++i)
    message += (i ? "; " : "") + problems[i];
  return Status::error(ErrorKind::Incompatible,
                       message + (elsewhere ? "; compile it again here" : ""));
}

} // namespace train::rt
