// Every rule against five-point finite differences in f64, and every rule at every width.
#include "Harness.h"

#include "mlir/IR/Verifier.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace mlir;
using namespace train;
using namespace train::test;

namespace {

class EveryRule : public testing::TestWithParam<Case> {
protected:
  GradientContext context;
};

/// d/dt loss(a + t * direction) at t = 0, with an error of order step^4.
double directionalDerivative(GradientProgram &program, const std::string &symbol,
                             const std::vector<double> &direction) {
  constexpr double step = 1e-3;
  std::vector<double> base = program.value(symbol);
  auto at = [&](double t) {
    for (size_t i = 0; i < base.size(); ++i)
      program.value(symbol)[i] = base[i] + t * step * direction[i];
    return program.loss();
  };
  double slope = (at(-2) - 8 * at(-1) + 8 * at(1) - at(2)) / (12 * step);
  program.value(symbol) = base;
  return slope;
}

/// Op by op: the graph as such forbids two uses of a dropout's site, and here backward,
/// which uses it again, stands in the graph.
static bool verifyOps(GradientProgram &program) {
  return llvm::all_of(program.getGraph().getBody().front(),
                      [](Operation &op) { return succeeded(verify(&op)); });
}

TEST_P(EveryRule, AgreesWithFiniteDifferences) {
  GradientProgram program(context, GetParam());
  ASSERT_TRUE(program.isValid());
  ASSERT_TRUE(succeeded(program.differentiate()));
  ASSERT_TRUE(verifyOps(program));
  std::vector<reference::TensorRef> outputs = program.run();
  ASSERT_EQ(outputs.size(), 1 + GetParam().operands.size());

  std::mt19937 random(11);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (size_t operand = 0; operand < GetParam().operands.size(); ++operand) {
    std::string symbol = "a" + std::to_string(operand);
    const std::vector<double> gradient = outputs[1 + operand]->f;
    // Along random directions errors could cancel; along single elements they can't.
    std::vector<std::vector<double>> directions(3, std::vector<double>(gradient.size()));
    for (auto &direction : directions)
      for (double &d : direction)
        d = uniform(random);
    for (size_t i = 0; i < gradient.size(); i += 1 + gradient.size() / 10) {
      directions.emplace_back(gradient.size(), 0.0);
      directions.back()[i] = 1;
    }
    double scale = 0;
    for (double g : gradient)
      scale = std::max(scale, std::abs(g));
    for (const auto &direction : directions) {
      double expected = directionalDerivative(program, symbol, direction), actual = 0;
      for (size_t i = 0; i < gradient.size(); ++i)
        actual += gradient[i] * direction[i];
      double error = std::abs(actual - expected) /
                     std::max({std::abs(expected), 1e-3 * scale, 1e-6});
      EXPECT_LE(error, 1e-7) << "operand " << operand << ": rule " << actual
                             << ", finite differences " << expected;
    }
  }
}

// Operand types are what the interface promises; a rule that mixes widths builds ops that
// do not verify.
TEST_P(EveryRule, KeepsTypesInLowPrecision) {
  for (const char *type : {"f32", "bf16"}) {
    GradientProgram program(context, GetParam(), type);
    ASSERT_TRUE(program.isValid());
    ASSERT_TRUE(succeeded(program.differentiate())) << type;
    EXPECT_TRUE(verifyOps(program)) << type;
    EXPECT_EQ(program.getGraph().getNumOutputs(), 1 + GetParam().operands.size());
  }
}

std::string nameOf(const testing::TestParamInfo<Case> &info) {
  std::string name = info.param.name;
  for (char &c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)))
      c = '_';
  return name + "_" + std::to_string(info.index);
}

INSTANTIATE_TEST_SUITE_P(Cases, EveryRule, testing::ValuesIn(gradientCases()), nameOf);

// The table would be worth little if an op could be forgotten in it.
TEST(CaseTable, CoversEveryOpWithARule) {
  GradientContext context;
  std::string all;
  for (const Case &test : gradientCases())
    all += test.body + "\n";
  int rules = 0;
  for (RegisteredOperationName op : context.getRegisteredOperations()) {
    if (!op.hasInterface<DifferentiableOpInterface>())
      continue;
    ++rules;
    EXPECT_NE(all.find(op.getStringRef().str() + " "), std::string::npos)
        << op.getStringRef().str() << " has a rule and no case";
  }
  EXPECT_EQ(rules, 52);
}

} // namespace
