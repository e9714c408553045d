//===- ArenaCommand.cpp - `train-plan arena` -------------------------------===//
//
// Reads an instance, plans it, lets the independent judge look at the plan, and
// only then prints it: a solution on stdout is always a valid one.
//
//===----------------------------------------------------------------------===//
#include "ArenaCommand.h"

#include "train/Planning/ArenaSolvers.h"
#include "train/Planning/ArenaText.h"
#include "train/Support/ByteSize.h"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>

namespace train::planning {

static int fail(ExitCode code, const std::string &what) {
  std::fprintf(stderr, "train-plan: error: %s\n", what.c_str());
  return code;
}

static bool readAll(const std::string &path, std::string &text, std::string &error) {
  errno = 0;
  std::FILE *file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (file) {
    char chunk[65536];
    while (size_t got = std::fread(chunk, 1, sizeof chunk, file))
      text.append(chunk, got);
    if (!std::ferror(file)) {
      if (file != stdin)
        std::fclose(file);
      return true;
    }
  }
  error = "cannot read '" + path + "': " + std::strerror(errno);
  if (file && file != stdin)
    std::fclose(file);
  return false;
}

static bool parseSize(const char *option, const std::string &text, int64_t &value,
                      std::string &error) {
  if (std::optional<int64_t> bytes = parseByteSize(text)) {
    value = *bytes;
    return true;
  }
  error = std::string(option) + " expects a byte size such as 4096 or 1.5GiB, got '" +
          text + "'";
  return false;
}

static void printFigures(const ArenaProblem &problem, const ArenaSolution &solution,
                         double milliseconds) {
  int64_t bound = problem.lowerBound();
  double ratio =
      bound ? static_cast<double>(solution.peak) / static_cast<double>(bound) : 1.0;
  std::fprintf(stderr,
               "lower_bound_bytes=%lld\npeak_bytes=%lld\nratio=%.4f\nsolver=%s\n"
               "optimal=%s\nmilliseconds=%.1f\n",
               static_cast<long long>(bound), static_cast<long long>(solution.peak),
               ratio, solution.solver.empty() ? "none" : solution.solver.c_str(),
               solution.optimal ? "yes" : "unknown", milliseconds);
}

/// Judges a plan that came with the file.
static int judge(const ArenaProblem &problem, const std::vector<int64_t> &offsets) {
  ArenaSolution solution;
  solution.offsets = offsets;
  // The peak is derived, not claimed, so an offset near 2^63 must not wrap here;
  // the judge refuses it by name.
  for (size_t i = 0; i < offsets.size(); ++i) {
    int64_t size = problem.paddedSize(problem.buffers[i]), top = 0;
    if (size > 0 && !__builtin_add_overflow(offsets[i], size, &top))
      solution.peak = std::max(solution.peak, top);
  }
  solution.solver = "given";
  if (std::optional<std::string> wrong = solution.verify(problem))
    return fail(badPlan, *wrong);
  solution.optimal = solution.peak == problem.lowerBound();
  printFigures(problem, solution, 0);
  return solved;
}

int runArena(const ArenaCommand &command) {
  std::string text, error;
  int64_t capacity = 0, alignment = 1;
  if (!command.capacity.empty() &&
      !parseSize("--capacity", command.capacity, capacity, error))
    return fail(badInput, error);
  if (!command.alignment.empty() &&
      !parseSize("--alignment", command.alignment, alignment, error))
    return fail(badInput, error);
  if (!readAll(command.file, text, error))
    return fail(badInput, error);
  std::optional<ArenaText> input = parseArena(text, error);
  if (!input)
    return fail(badInput,
                (command.file == "-" ? "<stdin>" : command.file) + ": " + error);
  ArenaProblem &problem = input->problem;
  problem.alignment = alignment;
  if (!command.capacity.empty())
    problem.capacity = capacity;
  if (std::optional<std::string> wrong = problem.check())
    return fail(badInput, *wrong);
  if (command.check && !input->offsets)
    return fail(badInput, "--check needs a column 'offset'");
  if (!command.check && input->offsets)
    return fail(badInput,
                "column 'offset' is a solution's: remove it to plan anew, or pass "
                "--check to judge it");
  if (command.check)
    return judge(problem, *input->offsets);

  ArenaOptions options;
  if (const std::string &nodes = command.searchNodes; !nodes.empty()) {
    const char *end = nodes.data() + nodes.size();
    auto [stop, status] = std::from_chars(nodes.data(), end, options.exactNodes);
    if (status != std::errc() || stop != end || options.exactNodes < 0)
      return fail(badInput, "--search-nodes expects a whole number, got '" + nodes + "'");
  }
  auto start = std::chrono::steady_clock::now();
  ArenaSolution solution = planArena(problem, options);
  std::chrono::duration<double, std::milli> elapsed =
      std::chrono::steady_clock::now() - start;
  printFigures(problem, solution, elapsed.count());
  if (problem.capacity && solution.peak > *problem.capacity)
    return fail(
        capacityNotMet,
        "capacity " + std::to_string(*problem.capacity) + " not met: best peak " +
            std::to_string(solution.peak) + ", lower bound " +
            std::to_string(problem.lowerBound()) +
            (solution.infeasible ? ", proven infeasible" : ", not proven infeasible"));
  if (std::optional<std::string> wrong = solution.verify(problem))
    return fail(badPlan, "the plan is invalid: " + *wrong);
  std::string csv = printArena(problem, solution.offsets);
  if (std::fwrite(csv.data(), 1, csv.size(), stdout) != csv.size() ||
      std::fflush(stdout) != 0)
    return fail(badInput,
                std::string("cannot write the solution: ") + std::strerror(errno));
  return solved;
}

} // namespace train::planning
