// See Equivalence.h.
#include "train/Reference/Equivalence.h"

#include "train/Reference/Initializers.h"
#include "train/Reference/Inputs.h"
#include "train/Reference/Interpreter.h"
#include "llvm/Support/Format.h"

#include <cmath>
#include <cstring>

using namespace mlir;

namespace train::reference {
namespace {

/// What running a program left behind: outputs and written symbols, by name, per step.
struct Outcome {
  LogicalResult result = success();
  std::string error; ///< the first error's text where the run failed
  SmallVector<std::pair<std::string, TensorRef>> values;
};

Outcome runProgram(ModuleOp module, ProgramOpInterface program,
                   const EquivalenceOptions &options) {
  Outcome outcome;
  ScopedDiagnosticHandler capture(module.getContext(), [&](Diagnostic &diagnostic) {
    if (outcome.error.empty() && diagnostic.getSeverity() == DiagnosticSeverity::Error)
      outcome.error = diagnostic.str();
    return success();
  });
  EvalContext context(options.mode);
  context.seed = options.seed;
  if (failed(checkInputTypes(program)) || failed(initializeSymbols(module, context))) {
    outcome.result = failure();
    return outcome;
  }
  Interpreter interpreter(context);
  for (int64_t step = 0; step < options.steps; ++step) {
    context.step = step;
    if (failed(interpreter.run(program, randomInputs(program, options.seed + step)))) {
      outcome.result = failure();
      return outcome;
    }
    std::string suffix = options.steps > 1 ? " of step " + std::to_string(step) : "";
    for (auto [index, value] : llvm::enumerate(interpreter.getOutputs()))
      outcome.values.push_back(
          {("output '" + program.getOutputName(index) + "'").str() + suffix, value});
    for (const auto &[name, value] : interpreter.getWrites())
      outcome.values.push_back({"symbol @" + name + suffix, value});
  }
  return outcome;
}

bool sameInputs(ProgramOpInterface lhs, ProgramOpInterface rhs) {
  Block *left = lhs.getBodyBlock(), *right = rhs.getBodyBlock();
  if (left->getArgumentTypes() != right->getArgumentTypes())
    return false;
  for (unsigned i = 0; i < left->getNumArguments(); ++i)
    if (lhs.getInputName(i) != rhs.getInputName(i))
      return false;
  return true;
}

bool sameBits(double lhs, double rhs) {
  return (std::isnan(lhs) && std::isnan(rhs)) ||
         std::memcmp(&lhs, &rhs, sizeof(double)) == 0;
}

bool agree(double lhs, double rhs, double tolerance) {
  if (sameBits(lhs, rhs))
    return true;
  double size = std::max({1.0, std::fabs(lhs), std::fabs(rhs)});
  // Written so that a NaN or an infinity on one side disagrees.
  return tolerance > 0 && std::fabs(lhs - rhs) <= tolerance * size && std::isfinite(size);
}

/// The first element where the tensors differ, or -1. Types are equal.
int64_t firstDifference(const Tensor &lhs, const Tensor &rhs, double tolerance) {
  for (int64_t e = 0, size = lhs.size(); e < size; ++e)
    if (lhs.isFloat() ? !agree(lhs.f[e], rhs.f[e], tolerance) : lhs.i[e] != rhs.i[e])
      return e;
  return -1;
}

std::string describe(double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.17g", value);
  return text;
}

LogicalResult compare(ProgramOpInterface program, const Outcome &before,
                      const Outcome &after, double tolerance) {
  for (const auto &value : before.values) {
    const std::string &name = value.first;
    const TensorRef &expected = value.second;
    const auto *found = llvm::find_if(
        after.values, [&](const auto &other) { return other.first == name; });
    if (found == after.values.end() || found->second->getType() != expected->getType())
      continue;
    int64_t place = firstDifference(*expected, *found->second, tolerance);
    if (place < 0)
      continue;
    return program->emitOpError() << name << " changed at element " << place << ": "
                                  << describe(expected->number(place)) << " before, "
                                  << describe(found->second->number(place)) << " after";
  }
  return success();
}

} // namespace

LogicalResult checkEquivalent(ModuleOp before, ModuleOp after,
                              const EquivalenceOptions &options) {
  for (auto program : before.getOps<ProgramOpInterface>()) {
    auto twin = dyn_cast_or_null<ProgramOpInterface>(
        after.lookupSymbol(SymbolTable::getSymbolName(program)));
    if (!twin || !sameInputs(program, twin))
      continue;
    Outcome expected = runProgram(before, program, options);
    if (failed(expected.result)) {
      program->emitWarning() << "program @"
                             << SymbolTable::getSymbolName(program).getValue()
                             << " cannot be compared by execution: " << expected.error;
      continue;
    }
    Outcome actual = runProgram(after, twin, options);
    if (failed(actual.result))
      return twin->emitOpError() << "ran before and fails now: " << actual.error;
    if (failed(compare(twin, expected, actual, options.tolerance)))
      return failure();
  }
  return success();
}

} // namespace train::reference
