//===- Harness.h - one op, its loss, its adjoint, run in the interpreter -------===//
//
// A case is a few ops in shorthand. The harness makes a graph of them whose loss is a
// weighted sum of their result, differentiates it with the rules alone, and evaluates it
// in f64.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_TEST_UNIT_GRADIENTS_HARNESS_H
#define TRAIN_TEST_UNIT_GRADIENTS_HARNESS_H

#include "train/IR/TrainDialect.h"
#include "train/Reference/EvalContext.h"

#include <string>
#include <vector>

namespace train::test {

/// Where operands are drawn from. All elements of all operands differ by more than
/// finite differences move them, and none is near 0.
enum class Domain {
  Any,     ///< (-1, 1)
  Positive ///< (0.3, 1.7)
};

/// Ops from %a0, %a1, ... to %y. In body and shapes, `<2x3>` stands for a tensor of the
/// element type under test, `<2x3:S>` for one of the type that statistics of it have;
/// `<>` is a scalar.
struct Case {
  std::string name;
  std::vector<std::string> operands; ///< shapes, such as 2x3
  std::string body;
  std::string result; ///< shape of %y
  Domain domain = Domain::Any;
};

/// The table of all cases: every op with a rule, at several shapes.
const std::vector<Case> &gradientCases();

/// `<2x3>` written out for an element type.
std::string expandTypes(const std::string &text, const std::string &elementType);

/// A graph whose parameters a0, a1, ... are the operands of a case, with outputs loss
/// and, after differentiate(), one gradient per operand.
class GradientProgram {
public:
  /// loss = sum(y * w) with fixed random weights w, or y itself for a scalar y.
  GradientProgram(mlir::MLIRContext &context, const Case &test,
                  const std::string &elementType = "f64");

  /// Parses `text`, a whole module with one graph.
  GradientProgram(mlir::MLIRContext &context, const std::string &text);

  bool isValid() const { return module && graph; }

  /// Adds the adjoints of the trainable parameters as outputs, in the order of their
  /// reads.
  mlir::LogicalResult differentiate();

  /// Evaluates the graph; output 0 is the loss.
  std::vector<reference::TensorRef> run();
  double loss() { return run()[0]->f[0]; }

  GraphOp getGraph() { return graph; }
  std::vector<double> &value(const std::string &symbol) { return values.at(symbol)->f; }
  /// Sets a parameter or state to `elements`.
  void set(const std::string &symbol, std::vector<double> elements);

private:
  void parse(mlir::MLIRContext &context, const std::string &text);

  mlir::OwningOpRef<mlir::ModuleOp> module;
  GraphOp graph;
  std::map<std::string, std::shared_ptr<reference::Tensor>> values;
};

/// A context with the dialect, the rules and the reference semantics.
class GradientContext : public mlir::MLIRContext {
public:
  GradientContext();
};

} // namespace train::test

#endif // TRAIN_TEST_UNIT_GRADIENTS_HARNESS_H
