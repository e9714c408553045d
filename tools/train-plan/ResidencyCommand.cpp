//===- ResidencyCommand.cpp - `train-plan residency` -----------------------===//
//
// Reads a graph, plans it, lets the independent judge look at the plan, and only then
// prints it: a solution on stdout is always a valid one.
//
//===----------------------------------------------------------------------===//
#include "ResidencyCommand.h"
#include "Command.h"
#include "ResidencyText.h"

#include "train/Planning/ResidencySolvers.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace train::planning {

namespace {
struct Clock {
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  double milliseconds() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() -
                                                     start)
        .count();
  }
};

double percent(double part, double whole) { return whole > 0 ? 100 * part / whole : 0; }
} // namespace

/// `4096`, `1.5GiB`, or `60%` of the peak of the given order.
static bool parseBudget(const std::string &text, int64_t peak, int64_t &budget,
                        std::string &error) {
  if (!text.empty() && text.back() == '%') {
    double share = 0;
    const char *end = text.data() + text.size() - 1;
    auto [stop, status] = std::from_chars(text.data(), end, share);
    if (status != std::errc() || stop != end || !(share > 0 && share <= 100)) {
      error = "--budget expects a share above 0% and up to 100%, got '" + text + "'";
      return false;
    }
    budget = static_cast<int64_t>(std::floor(static_cast<double>(peak) * (share / 100)));
    return true;
  }
  if (!parseSize("--budget", text, budget, error)) {
    error += " (or a share of the given order's peak, such as 60%)";
    return false;
  }
  if (budget == 0) {
    error = "--budget expects more than 0 bytes";
    return false;
  }
  return true;
}

static void printFigures(const ResidencyProblem &problem, const ResidencySolution &plan,
                         std::optional<int64_t> budget, double milliseconds) {
  double base = problem.baseCost();
  auto count = [](int64_t number) { return static_cast<long long>(number); };
  if (budget)
    std::fprintf(stderr, "budget_bytes=%lld\n", count(*budget));
  std::fprintf(stderr,
               "peak_bytes=%lld\nbase_peak_bytes=%lld\nlower_bound_bytes=%lld\n"
               "order=%s\ncost=%.6g\nbase_cost=%.6g\nextra_percent=%.4f\n",
               count(plan.peak), count(keepEverything(problem).peak),
               count(boundPeak(problem)), problem.anyOrder ? "any" : "given", plan.cost,
               base, percent(plan.cost - base, base));
  if (budget && plan.peak <= *budget) {
    double bound = boundCost(problem, *budget);
    std::fprintf(stderr, "cost_bound=%.6g\ngap_percent=%.4f\n", bound,
                 percent(plan.cost - bound, base));
  }
  std::fprintf(stderr, "repetitions=%zu\nsolver=%s\nmilliseconds=%.1f\n",
               plan.sequence.size() - problem.order.size(), plan.solver.c_str(),
               milliseconds);
}

/// Judges a plan that came in a file.
static int judge(const ResidencyText &graph, const ResidencyCommand &command,
                 std::optional<int64_t> budget) {
  std::string text, error;
  if (!readAll(command.check, text, error))
    return fail(badInput, error);
  std::optional<std::vector<unsigned>> sequence = parseSequence(graph, text, error);
  if (!sequence)
    return fail(badInput, nameOf(command.check) + ": " + error);
  // Whether it can be executed has to be known before its peak can be derived; that
  // the peak is then wrong is the last thing the judge looks at.
  ResidencySolution plan;
  plan.sequence = std::move(*sequence);
  plan.solver = "given";
  plan.peak = -1;
  std::optional<std::string> wrong = plan.verify(graph.problem);
  if (wrong && wrong->rfind("the peak is ", 0) != 0)
    return fail(badPlan, *wrong);
  std::vector<int64_t> change(plan.sequence.size() + 1, 0);
  for (const ResidencyLifetime &life : getLifetimes(graph.problem, plan.sequence)) {
    change[life.first] += life.bytes;
    change[life.last + 1] -= life.bytes;
  }
  int64_t alive = plan.peak = 0;
  for (size_t step = 0; step < plan.sequence.size(); ++step) {
    plan.peak = std::max(plan.peak, alive += change[step]);
    plan.cost += graph.problem.nodes[plan.sequence[step]].cost;
  }
  if ((wrong = plan.verify(graph.problem)))
    return fail(badPlan, *wrong);
  printFigures(graph.problem, plan, budget, 0);
  if (budget && plan.peak > *budget)
    return fail(badPlan, "the peak of " + std::to_string(plan.peak) +
                             " bytes exceeds the budget of " + std::to_string(*budget));
  return solved;
}

static int printFrontier(const ResidencyProblem &problem) {
  Clock clock;
  std::vector<ResidencySolution> frontier = findFrontier(problem);
  double elapsed = clock.milliseconds(), base = problem.baseCost();
  std::string table = "peak_bytes,cost,extra_percent,solver\n";
  for (const ResidencySolution &plan : frontier) {
    if (std::optional<std::string> wrong = plan.verify(problem))
      return fail(badPlan, "a plan is invalid: " + *wrong);
    char line[160];
    std::snprintf(line, sizeof line, "%lld,%.17g,%.4f,",
                  static_cast<long long>(plan.peak), plan.cost,
                  percent(plan.cost - base, base));
    table += line + plan.solver + "\n";
  }
  std::fprintf(
      stderr, "lower_bound_bytes=%lld\nbase_cost=%.6g\npoints=%zu\nmilliseconds=%.1f\n",
      static_cast<long long>(boundPeak(problem)), base, frontier.size(), elapsed);
  return print(table);
}

int runResidency(const ResidencyCommand &command) {
  std::string text, error;
  if (command.frontier && (!command.budget.empty() || !command.check.empty()))
    return fail(badInput, "--frontier takes neither --budget nor --check");
  if (command.file == "-" && command.check == "-")
    return fail(badInput, "graph and solution cannot both come from standard input");
  if (!command.frontier && command.budget.empty() && command.check.empty())
    return fail(badInput, "residency expects --budget, --frontier or --check");
  if (!readAll(command.file, text, error))
    return fail(badInput, error);
  std::optional<ResidencyText> graph = parseResidency(text, error);
  if (!graph)
    return fail(badInput, nameOf(command.file) + ": " + error);
  ResidencyProblem &problem = graph->problem;
  if (!command.order.empty() && command.order != "given" && command.order != "any")
    return fail(badInput,
                "--order expects 'given' or 'any', got '" + command.order + "'");
  // A training step comes in an order that its frontend chose; other graphs come in any.
  problem.anyOrder =
      command.order.empty() ? problem.forward == 0 : command.order == "any";
  if (command.frontier)
    return printFrontier(problem);
  std::optional<int64_t> budget;
  if (!command.budget.empty()) {
    budget = 0;
    if (!parseBudget(command.budget, keepEverything(problem).peak, *budget, error))
      return fail(badInput, error);
  }
  if (!command.check.empty())
    return judge(*graph, command, budget);

  Clock clock;
  ResidencySolution plan = solveForBudget(problem, *budget);
  double elapsed = clock.milliseconds();
  if (std::optional<std::string> wrong = plan.verify(problem))
    return fail(badPlan, "the plan is invalid: " + *wrong);
  printFigures(problem, plan, budget, elapsed);
  if (int64_t bound = boundPeak(problem); plan.peak > *budget)
    return fail(
        budgetNotMet,
        "budget " + std::to_string(*budget) + " not met: smallest peak found " +
            std::to_string(plan.peak) + ", lower bound " + std::to_string(bound) +
            (bound > *budget ? ", proven infeasible" : ", not proven infeasible"));
  return print(printSequence(*graph, plan.sequence));
}

} // namespace train::planning
