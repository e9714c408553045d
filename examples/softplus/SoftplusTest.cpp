// The gradient of softplus against five-point differences in f64, its values against
// numbers computed by hand, and its row program against its interface.
#include "Softplus.h"
#include "Harness.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "train/Conversion/RowProgram.h"
#include "train/Reference/Interpreter.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace mlir;
using namespace train;

namespace {

struct ExampleContext : test::GradientContext {
  ExampleContext() { loadDialect<example::ExampleDialect>(); }
};

class SoftplusGradient : public testing::TestWithParam<const char *> {};

TEST_P(SoftplusGradient, AgreesWithFiniteDifferences) {
  ExampleContext context;
  std::string shape = GetParam();
  test::GradientProgram program(
      context,
      {"softplus", {shape}, "%y = example.softplus %a0 : <" + shape + ">", shape});
  ASSERT_TRUE(program.isValid());
  ASSERT_TRUE(succeeded(program.differentiate()));
  const std::vector<double> gradient = program.run()[1]->f;
  std::vector<double> &x = program.value("a0");
  double scale = 0;
  for (double g : gradient)
    scale = std::max(scale, std::abs(g));
  constexpr double step = 1e-3;
  for (size_t i = 0; i < x.size(); ++i) {
    double base = x[i];
    auto at = [&](double t) {
      x[i] = base + t * step;
      return program.loss();
    };
    double expected = (at(-2) - 8 * at(-1) + 8 * at(1) - at(2)) / (12 * step);
    x[i] = base;
    EXPECT_LE(std::abs(gradient[i] - expected) /
                  std::max(std::abs(expected), 1e-3 * scale),
              1e-7)
        << "element " << i << ": rule " << gradient[i] << ", finite differences "
        << expected;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, SoftplusGradient,
                         testing::Values("7", "1x1", "3x5", "2x1x4"),
                         [](const auto &info) {
                           return "shape" + std::to_string(info.index);
                         });

struct OneOp {
  ExampleContext context;
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  example::SoftplusOp op;

  explicit OneOp(ArrayRef<int64_t> shape) {
    ImplicitLocOpBuilder b(UnknownLoc::get(&context), module->getBodyRegion());
    auto type = RankedTensorType::get(shape, b.getF64Type());
    auto zeros = DenseElementsAttr::get(type, b.getFloatAttr(b.getF64Type(), 0));
    op = example::SoftplusOp::create(
        b, ConstantOp::create(b, type, cast<ElementsAttr>(zeros)));
  }
};

TEST(SoftplusReference, IsExactWhereTheFormulaOverflows) {
  OneOp one({6});
  reference::Tensor x = reference::Tensor::zeros(one.op.getType());
  x.f = {0, 1000, -1000, INFINITY, -INFINITY, NAN};
  reference::EvalContext context;
  SmallVector<reference::Tensor> results;
  ASSERT_TRUE(succeeded(reference::evaluateOp(one.op, {&x}, results, context)));
  EXPECT_DOUBLE_EQ(results[0].f[0], 0.69314718055994531); // log 2
  EXPECT_EQ(results[0].f[1], 1000);
  EXPECT_EQ(results[0].f[2], 0);
  EXPECT_EQ(results[0].f[3], INFINITY);
  EXPECT_EQ(results[0].f[4], 0);
  EXPECT_TRUE(std::isnan(results[0].f[5]));
}

TEST(SoftplusRows, IsOneFlatProgram) {
  OneOp one({3, 5});
  ASSERT_TRUE(rows::fitsOneProgram(one.op));
  FailureOr<rows::Sequence> sequence = rows::buildRowPrograms(one.op);
  ASSERT_TRUE(succeeded(sequence));
  ASSERT_EQ(sequence->programs.size(), 1u);
  EXPECT_TRUE(sequence->programs[0].flat);
  EXPECT_EQ(sequence->programs[0].getExtent(), 15);
  EXPECT_EQ(sequence->workspaceBytes, 0);
}

} // namespace
