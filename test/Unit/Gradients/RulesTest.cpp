// What finite differences can't see: the conventions at kinks, what is saved, and what is
// refused.
#include "Harness.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace train;
using namespace train::test;

namespace {

class Rules : public testing::Test {
protected:
  /// What differentiation, which must fail, has to say.
  std::string errorOf(GradientProgram &program) {
    std::string message;
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      message = diagnostic.str();
      return success();
    });
    EXPECT_TRUE(failed(program.differentiate()));
    return message;
  }

  /// The gradients of sum(y) at the given operands.
  std::vector<std::vector<double>> gradients(const Case &test,
                                             std::vector<std::vector<double>> operands) {
    GradientProgram program(context, test);
    if (!program.isValid() || failed(program.differentiate()))
      return {};
    for (size_t i = 0; i < operands.size(); ++i)
      program.set("a" + std::to_string(i), operands[i]);
    program.set("w", std::vector<double>(program.value("w").size(), 1.0));
    std::vector<reference::TensorRef> outputs = program.run();
    std::vector<std::vector<double>> result;
    for (const reference::TensorRef &output : llvm::drop_begin(outputs))
      result.push_back(output->f);
    return result;
  }

  /// The names of the values that the first op of the case with a rule saves: operand
  /// numbers, and r0, r1 for results.
  std::string saved(const Case &test, std::vector<bool> neededBits) {
    GradientProgram program(context, test);
    SmallVector<bool> needed(neededBits.begin(), neededBits.end());
    std::string text;
    program.getGraph().walk([&](DifferentiableOpInterface op) {
      if (!text.empty())
        return;
      SmallVector<Value> values = op.getSavedForBackward(needed);
      for (auto [i, operand] : llvm::enumerate(op->getOperands()))
        if (llvm::is_contained(values, operand))
          text += " " + std::to_string(i);
      for (OpResult result : op->getResults())
        if (llvm::is_contained(values, result))
          text += " r" + std::to_string(result.getResultNumber());
      text += " .";
    });
    return text;
  }

  GradientContext context;
};

using Gradients = std::vector<std::vector<double>>;

TEST_F(Rules, KinksFollowTheLanguage) {
  auto unary = [&](const std::string &op) {
    return Case{op, {"3"}, "%y = train." + op + " : <3>", "3"};
  };
  EXPECT_EQ(gradients(unary("abs %a0"), {{-2, 0, 2}}), (Gradients{{-1, 0, 1}}));
  EXPECT_EQ(gradients(unary("relu %a0"), {{-2, 0, 2}}), (Gradients{{0, 0, 1}}));
  EXPECT_EQ(gradients(unary("clamp %a0 {low = -1.0, high = 1.0}"), {{-1, 1, 1.5}}),
            (Gradients{{1, 1, 0}}));
}

TEST_F(Rules, ATieGoesToTheFirstOperand) {
  for (const char *op : {"min", "max"}) {
    Case test{op,
              {"2", "2"},
              std::string("%y = train.") + op + " %a0, %a1 : <2>, <2> -> <2>",
              "2"};
    EXPECT_EQ(gradients(test, {{3, 3}, {3, 3}}), (Gradients{{1, 1}, {0, 0}})) << op;
  }
}

TEST_F(Rules, EqualMaximaShareTheDerivative) {
  Case test{
      "reduce_max", {"2x4"}, "%y = train.reduce_max %a0 over [1] : <2x4> -> <2>", "2"};
  EXPECT_EQ(gradients(test, {{1, 3, 3, 0, 2, 2, 2, 2}}),
            (Gradients{{0, 0.5, 0.5, 0, 0.25, 0.25, 0.25, 0.25}}));
}

TEST_F(Rules, TheFirstMaximumOfAWindowGetsTheDerivative) {
  Case test{
      "max_pool2d",
      {"1x1x2x2"},
      "%y, %i = train.max_pool2d %a0 {window = array<i64: 2, 2>, strides = array<i64: 1, "
      "1>, "
      "padding = array<i64: 0, 0, 0, 0>} : <1x1x2x2> -> <1x1x1x1>, tensor<1x1x1x1xi32>",
      "1x1x1x1"};
  EXPECT_EQ(gradients(test, {{1, 5, 5, 0}}), (Gradients{{0, 1, 0, 0}}));
}

TEST_F(Rules, PowersOfConstantsStayFinite) {
  Case test{"pow", {"4", "4"}, "%y = train.pow %a0, %a1 : <4>, <4> -> <4>", "4"};
  EXPECT_EQ(gradients(test, {{0, 0, -3, 0}, {2, 0, 2, 1}})[0],
            (std::vector<double>{0, 0, -6, 1}));
  EXPECT_EQ(gradients(test, {{0, 0, 1, 0}, {2, 0, 2, 1}})[1],
            (std::vector<double>{0, 0, 0, 0}));
}

TEST_F(Rules, NoValidLabelMeansNoGradient) {
  GradientProgram program(
      context, Case{"cross_entropy",
                    {"2x3"},
                    "%l = train.constant dense<[-100, -100]> : tensor<2xi32>\n"
                    "  %y, %lse, %n = train.cross_entropy %a0, %l : <2x3>, tensor<2xi32> "
                    "-> <>, <2>, <>",
                    ""});
  ASSERT_TRUE(program.isValid() && succeeded(program.differentiate()));
  EXPECT_EQ(program.run()[1]->f, std::vector<double>(6, 0.0));
}

TEST_F(Rules, SavesWhatTheAdjointReads) {
  Case exp{"exp", {"3"}, "%y = train.exp %a0 : <3>", "3"};
  EXPECT_EQ(saved(exp, {true}), " r0 .");
  EXPECT_EQ(saved(exp, {false}), " .");
  Case relu{"relu", {"3"}, "%y = train.relu %a0 : <3>", "3"};
  EXPECT_EQ(saved(relu, {true}), " r0 .");
  Case sum{"add", {"3", "3"}, "%y = train.add %a0, %a1 : <3>, <3> -> <3>", "3"};
  EXPECT_EQ(saved(sum, {true, true}), " .");
  Case matmul{"matmul",
              {"2x3x4", "4x5"},
              "%y = train.matmul %a0, %a1 : <2x3x4>, <4x5> -> <2x3x5>",
              "2x3x5"};
  EXPECT_EQ(saved(matmul, {true, false}), " 1 .");
  EXPECT_EQ(saved(matmul, {false, true}), " 0 .");
  EXPECT_EQ(saved(matmul, {true, true}), " 0 1 .");
  Case norm{"layer_norm",
            {"3x4", "4", "4"},
            "%y, %m, %r = train.layer_norm %a0, %a1, %a2 {eps = 1.0e-5} : <3x4>, <4>, "
            "<4> -> <3x4>, <3>, <3>",
            "3x4"};
  EXPECT_EQ(saved(norm, {true, true, true}), " 0 1 r1 r2 .");
  EXPECT_EQ(saved(norm, {false, true, false}), " 0 r1 r2 .");
  Case softmax{"softmax", {"3x4"}, "%y = train.softmax %a0 : <3x4>", "3x4"};
  EXPECT_EQ(saved(softmax, {true}), " r0 .");
}

TEST_F(Rules, AskingWhatIsSavedChangesNothing) {
  for (const Case &test : gradientCases()) {
    GradientProgram program(context, test);
    ASSERT_TRUE(program.isValid()) << test.name;
    std::string before, after;
    llvm::raw_string_ostream(before) << program.getGraph();
    program.getGraph().walk([](DifferentiableOpInterface op) {
      op.getSavedForBackward(SmallVector<bool>(op->getNumOperands(), true));
    });
    llvm::raw_string_ostream(after) << program.getGraph();
    EXPECT_EQ(before, after) << test.name;
  }
}

TEST_F(Rules, AResidualHasNoDerivative) {
  Case test{
      "lse",
      {"2x3"},
      "%l = train.constant dense<[1, 2]> : tensor<2xi32>\n"
      "  %s, %y, %n = train.cross_entropy %a0, %l : <2x3>, tensor<2xi32> -> <>, <2>, <>",
      "2"};
  GradientProgram program(context, test);
  EXPECT_EQ(errorOf(program),
            "'train.cross_entropy' op has no derivative with respect to result 1; only "
            "result 0 is differentiable");
}

TEST_F(Rules, TheLossScaleHasNoDerivative) {
  Case test{"unscale", {"2", ""}, "%y = train.unscale %a0, %a1 : <2>, <>", "2"};
  GradientProgram program(context, test, "f32");
  ASSERT_TRUE(program.isValid());
  EXPECT_EQ(errorOf(program),
            "'train.unscale' op has no derivative with respect to the loss scale");
}

TEST_F(Rules, AdjointsOfASplitBecomeOneConcat) {
  for (const Case &test : gradientCases()) {
    if (test.name != "split_in_three")
      continue;
    GradientProgram program(context, test);
    ASSERT_TRUE(succeeded(program.differentiate()));
    auto concat = program.getGraph()
                      .getBodyBlock()
                      ->getTerminator()
                      ->getOperand(1)
                      .getDefiningOp<ConcatOp>();
    ASSERT_TRUE(concat);
    EXPECT_EQ(concat.getOperands().size(), 3u);
    return;
  }
  FAIL() << "the table has lost its case split_in_three";
}

} // namespace
