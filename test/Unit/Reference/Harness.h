// Small graphs as text, run on values given in the test.
#ifndef TRAIN_TEST_UNIT_REFERENCE_HARNESS_H
#define TRAIN_TEST_UNIT_REFERENCE_HARNESS_H

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Parser/Parser.h"
#include "train/IR/TrainDialect.h"
#include "train/Reference/Initializers.h"
#include "train/Reference/Interpreter.h"
#include "train/Reference/Registration.h"

#include "gtest/gtest.h"

namespace train::reference {

class ReferenceTest : public ::testing::Test {
protected:
  ReferenceTest() : context(makeRegistry(), mlir::MLIRContext::Threading::DISABLED) {
    context.loadAllAvailableDialects();
    context.printOpOnDiagnostic(false);
    context.getDiagEngine().registerHandler([this](mlir::Diagnostic &diagnostic) {
      diagnostics.push_back(diagnostic.str());
      return mlir::success();
    });
  }

  mlir::OwningOpRef<mlir::ModuleOp> parse(llvm::StringRef text) {
    auto module =
        mlir::parseSourceString<mlir::ModuleOp>(text, mlir::ParserConfig(&context));
    EXPECT_TRUE(module) << text.str()
                        << (diagnostics.empty() ? "" : "\n" + diagnostics.back());
    return module;
  }

  /// A tensor of the type that `text` names, holding `values` (one value fills it).
  TensorRef tensor(llvm::StringRef text, std::vector<double> values) {
    auto type = llvm::cast<mlir::RankedTensorType>(mlir::parseType(text, &context));
    auto result = std::make_shared<Tensor>(Tensor::zeros(type));
    EXPECT_TRUE(values.size() == 1 ||
                static_cast<int64_t>(values.size()) == result->size())
        << text.str();
    for (int64_t e = 0; e < result->size(); ++e) {
      double value = values.size() == 1 ? values[0] : values[e];
      if (result->isFloat())
        result->f[e] = value;
      else
        result->i[e] = static_cast<int64_t>(value);
    }
    return result;
  }

  /// Runs the only program of `module`. Empty after an error, whose text is
  /// diagnostics.back().
  std::vector<TensorRef> run(mlir::ModuleOp module, std::vector<TensorRef> inputs,
                             EvalContext &evaluation) {
    ProgramOpInterface program = *module.getOps<ProgramOpInterface>().begin();
    Interpreter interpreter(evaluation);
    if (mlir::failed(interpreter.run(program, inputs)))
      return {};
    return interpreter.getOutputs().vec();
  }

  /// Evaluates one op: `text` is "op operands… : types", written over %a, %b, …, the
  /// inputs in order. Results are those of the op, `results` their number and types.
  std::vector<TensorRef> evaluate(llvm::StringRef op, std::vector<TensorRef> inputs,
                                  std::vector<std::string> results,
                                  Mode mode = Mode::F64) {
    std::string text = "train.predict @p(";
    for (size_t i = 0; i < inputs.size(); ++i)
      text += (i ? ", %" : "%") + std::string(1, static_cast<char>('a' + i)) + ": " +
              typeText(*inputs[i]);
    text += ") -> (";
    std::string values, types;
    for (size_t i = 0; i < results.size(); ++i) {
      text += (i ? ", r" : "r") + std::to_string(i) + ": " + results[i];
      values += (i ? ", %r#" : "%r#") + std::to_string(i);
      types += (i ? ", " : "") + results[i];
    }
    text += ") {\n  %r:" + std::to_string(results.size()) + " = " + op.str() +
            "\n  train.return " + values + " : " + types + "\n}";
    mlir::OwningOpRef<mlir::ModuleOp> module = parse(text);
    if (!module)
      return {};
    EvalContext evaluation(mode);
    return run(*module, std::move(inputs), evaluation);
  }

  static std::string typeText(const Tensor &tensor) {
    std::string text;
    llvm::raw_string_ostream(text) << tensor.getType();
    return text;
  }

  void expectNear(const TensorRef &actual, const std::vector<double> &expected,
                  double tolerance = 1e-12) {
    ASSERT_TRUE(actual);
    ASSERT_EQ(actual->size(), static_cast<int64_t>(expected.size()));
    for (size_t e = 0; e < expected.size(); ++e)
      EXPECT_NEAR(actual->number(e), expected[e],
                  tolerance * std::max(1.0, std::abs(expected[e])))
          << "element " << e;
  }

  mlir::MLIRContext context;
  std::vector<std::string> diagnostics;

private:
  static mlir::DialectRegistry makeRegistry() {
    mlir::DialectRegistry registry;
    registry.insert<TrainDialect>();
    registerReference(registry);
    return registry;
  }
};

} // namespace train::reference

#endif // TRAIN_TEST_UNIT_REFERENCE_HARNESS_H
