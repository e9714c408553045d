//===- ArenaCommand.cpp - `train-plan arena` -------------------------------===//
//
// Reads an instance, plans it, lets the independent judge look at the plan, and
// only then prints it: a solution on stdout is always a valid one.
//
//===----------------------------------------------------------------------===//
#include "ArenaCommand.h"
#include "Command.h"

#include "train/Planning/ArenaSolvers.h"
#include "train/Planning/ArenaText.h"

#include <charconv>
#include <chrono>
#include <cstdio>

namespace train::planning {

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
    return fail(badInput, nameOf(command.file) + ": " + error);
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
        budgetNotMet,
        "capacity " + std::to_string(*problem.capacity) + " not met: best peak " +
            std::to_string(solution.peak) + ", lower bound " +
            std::to_string(problem.lowerBound()) +
            (solution.infeasible ? ", proven infeasible" : ", not proven infeasible"));
  if (std::optional<std::string> wrong = solution.verify(problem))
    return fail(badPlan, "the plan is invalid: " + *wrong);
  return print(printArena(problem, solution.offsets));
}

} // namespace train::planning
