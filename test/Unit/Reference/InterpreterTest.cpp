// Programs: reads before writes, loops, structure, stepping, and what is refused.
#include "Harness.h"
#include "train/Reference/Inputs.h"

using namespace mlir;
using namespace train;
using namespace train::reference;

namespace {

class Interpretation : public ReferenceTest {};

TEST_F(Interpretation, ReadsSeeTheValueBeforeTheStep) {
  auto module = parse(R"(
    train.param @w : tensor<f32> init(#train.constant<1.0>)
    train.step @s() -> (loss: tensor<f32>) {
      %w = train.read @w : tensor<f32>
      %twice = train.add %w, %w : tensor<f32>, tensor<f32> -> tensor<f32>
      train.write @w, %twice : tensor<f32>
      %again = train.read @w : tensor<f32>
      train.return %again : tensor<f32>
    })");
  EvalContext evaluation;
  ASSERT_TRUE(succeeded(initializeSymbols(*module, evaluation)));
  expectNear(run(*module, {}, evaluation).at(0), {1});
  expectNear(evaluation.symbols["w"], {2});
  expectNear(run(*module, {}, evaluation).at(0), {2});
}

constexpr const char *kAccumulate = R"(
  train.step @s(%xs: tensor<3x2xf64>) -> (sum: tensor<2xf64>, keys: tensor<3xi64>) micro_batches(3) {
    %zero = train.constant dense<0.0> : tensor<2xf64>
    %none = train.constant dense<0> : tensor<3xi64>
    %sum, %keys = train.microbatch 3 streams(%x = %xs : tensor<2xf64>) carry(%a = %zero : tensor<2xf64>, %k = %none : tensor<3xi64>) {
      %next = train.add %a, %x : tensor<2xf64>, tensor<2xf64> -> tensor<2xf64>
      %key = train.random_key : tensor<3xi64>
      %keys = train.add %k, %key : tensor<3xi64>, tensor<3xi64> -> tensor<3xi64>
      train.yield %next, %keys : tensor<2xf64>, tensor<3xi64>
    }
    train.return %sum, %keys : tensor<2xf64>, tensor<3xi64>
  })";

TEST_F(Interpretation, MicrobatchesCarryTheirSums) {
  std::string text = kAccumulate;
  auto module =
      parse(text.replace(text.find("tensor<3x2xf64>)"), 15, "tensor<3x2xf64> batch(1)"));
  ASSERT_TRUE(module);
  EvalContext evaluation;
  evaluation.seed = 7;
  evaluation.step = 4;
  evaluation.rankFirstSample = 100;
  auto y =
      run(*module, {tensor("tensor<3x2xf64>", {1, 2, 10, 20, 100, 200})}, evaluation);
  ASSERT_EQ(y.size(), 2u);
  expectNear(y[0], {111, 222});
  // Two samples per micro-batch: their first samples are 100, 102 and 104.
  expectNear(y[1], {21, 12, 306});
}

TEST_F(Interpretation, LayersCheckpointsAndFusionsAreTransparent) {
  auto module = parse(R"(
    train.predict @p(%x: tensor<2xf64>) -> (y: tensor<2xf64>) {
      %a = train.layer "outer" -> tensor<2xf64> {
        %b = train.checkpoint -> tensor<2xf64> {
          %c = train.add %x, %x : tensor<2xf64>, tensor<2xf64> -> tensor<2xf64>
          train.yield %c : tensor<2xf64>
        }
        %d = train.fusion (%m = %b : tensor<2xf64>) -> (tensor<2xf64>) {
          %e = train.neg %m : tensor<2xf64>
          train.yield %e : tensor<2xf64>
        }
        train.yield %d : tensor<2xf64>
      }
      %y = train.add %a, %x : tensor<2xf64>, tensor<2xf64> -> tensor<2xf64>
      train.return %y : tensor<2xf64>
    })");
  EvalContext evaluation;
  expectNear(run(*module, {tensor("tensor<2xf64>", {1, 5})}, evaluation).at(0), {-1, -5});
}

// A scheduler advances ranks op by op; two interpreters in alternation end as each would
// alone.
TEST_F(Interpretation, RanksAdvanceInLockStep) {
  auto module = parse(kAccumulate);
  auto program = *module->getOps<ProgramOpInterface>().begin();
  EvalContext first, second;
  Interpreter one(first), two(second);
  ASSERT_TRUE(succeeded(one.start(program, {tensor("tensor<3x2xf64>", {1.0})})));
  ASSERT_TRUE(succeeded(two.start(program, {tensor("tensor<3x2xf64>", {2.0})})));
  int steps = 0;
  while (!one.done()) {
    ASSERT_EQ(one.next(), two.next());
    ASSERT_TRUE(succeeded(one.step()));
    ASSERT_TRUE(succeeded(two.step()));
    ++steps;
  }
  // Two constants, the loop, three times four ops in it, the return.
  EXPECT_EQ(steps, 2 + 1 + 3 * 4 + 1);
  EXPECT_TRUE(two.done());
  expectNear(one.getOutputs()[0], {3, 3});
  expectNear(two.getOutputs()[0], {6, 6});
}

TEST_F(Interpretation, NativeModeRoundsEachResult) {
  auto module = parse(R"(
    train.predict @p(%x: tensor<f16>, %y: tensor<f16>) -> (z: tensor<f16>) {
      %s = train.add %x, %y : tensor<f16>, tensor<f16> -> tensor<f16>
      %z = train.sub %s, %x : tensor<f16>, tensor<f16> -> tensor<f16>
      train.return %z : tensor<f16>
    })");
  EvalContext exact(Mode::F64), native(Mode::Native);
  std::vector<TensorRef> inputs = {tensor("tensor<f16>", {2048}),
                                   tensor("tensor<f16>", {1})};
  expectNear(run(*module, inputs, exact).at(0), {1});
  expectNear(run(*module, inputs, native).at(0), {0});
}

TEST_F(Interpretation, FailedProgramsWriteNothing) {
  auto module = parse(R"(
    train.state other @n : tensor<i64> init(dense<5> : tensor<i64>)
    train.step @s(%zero: tensor<i64>) -> () {
      %n = train.read @n : tensor<i64>
      %m = train.add %n, %n : tensor<i64>, tensor<i64> -> tensor<i64>
      train.write @n, %m : tensor<i64>
      %bad = train.div %n, %zero : tensor<i64>, tensor<i64> -> tensor<i64>
      train.return
    })");
  ASSERT_TRUE(module);
  EvalContext evaluation;
  ASSERT_TRUE(succeeded(initializeSymbols(*module, evaluation)));
  Interpreter interpreter(evaluation);
  EXPECT_TRUE(failed(interpreter.run(*module->getOps<ProgramOpInterface>().begin(),
                                     {tensor("tensor<i64>", {0.0})})));
  expectNear(evaluation.symbols["n"], {5});
}

TEST_F(Interpretation, RefusesInputsOfAnotherType) {
  auto module = parse("train.predict @p(%x: tensor<2xf64>) -> (y: tensor<2xf64>) { "
                      "train.return %x : tensor<2xf64> }");
  EvalContext evaluation;
  EXPECT_TRUE(run(*module, {tensor("tensor<3xf64>", {1.0})}, evaluation).empty());
  EXPECT_EQ(diagnostics.back(), "'train.predict' op input 'x' has type 'tensor<2xf64>', "
                                "got a value of type 'tensor<3xf64>'");
  EXPECT_TRUE(run(*module, {}, evaluation).empty());
  EXPECT_EQ(diagnostics.back(), "'train.predict' op takes 1 inputs, got 0");
}

TEST_F(Interpretation, RefusesTensorsThatCannotBeHeld) {
  auto module = parse(R"(train.predict @p() -> (y: tensor<100000x100000x10xf32>) {
      %y = train.iota 0 : tensor<100000x100000x10xf32>
      train.return %y : tensor<100000x100000x10xf32>
    })");
  EvalContext evaluation;
  EXPECT_TRUE(run(*module, {}, evaluation).empty());
  EXPECT_NE(
      diagnostics.back().find("expected a static tensor of at most 2147483648 elements"),
      std::string::npos);
}

TEST_F(Interpretation, RandomIntegersStayInsideWhatTheyIndex) {
  auto module = parse(R"(
    train.param @table : tensor<5x2xf32> init(#train.zeros)
    train.step @s(%ids: tensor<2x3x4xi32> batch(1), %labels: tensor<6xi64>, %free: tensor<64xi32>, %lr: tensor<f32> learning_rate) -> (y: tensor<3x4x2xf32>, loss: tensor<f32>) micro_batches(2) {
      %table = train.read @table : tensor<5x2xf32>
      %zero = train.constant dense<0.0> : tensor<3x4x2xf32>
      %y = train.microbatch 2 streams(%m = %ids : tensor<3x4xi32>) carry(%a = %zero : tensor<3x4x2xf32>) {
        %flat = train.reshape %m to [12] : tensor<3x4xi32> -> tensor<12xi32>
        %e = train.embedding %table, %flat : tensor<5x2xf32>, tensor<12xi32> -> tensor<12x2xf32>
        %r = train.reshape %e to [3, 4, 2] : tensor<12x2xf32> -> tensor<3x4x2xf32>
        train.yield %r : tensor<3x4x2xf32>
      }
      %logits = train.constant dense<0.0> : tensor<6x3xf32>
      %loss, %lse, %count = train.cross_entropy %logits, %labels : tensor<6x3xf32>, tensor<6xi64> -> tensor<f32>, tensor<6xf32>, tensor<f32>
      train.return %y, %loss : tensor<3x4x2xf32>, tensor<f32>
    })");
  ASSERT_TRUE(module);
  auto program = *module->getOps<ProgramOpInterface>().begin();
  Block *body = program.getBodyBlock();
  EXPECT_EQ(findIndexBound(body->getArgument(0)), 5);
  EXPECT_EQ(findIndexBound(body->getArgument(1)), 3);
  EXPECT_EQ(findIndexBound(body->getArgument(2)), std::nullopt);
  auto inputs = randomInputs(program, 3, 0.125);
  for (int64_t id : inputs[0]->i)
    EXPECT_TRUE(id >= 0 && id < 5);
  EXPECT_EQ(*std::max_element(inputs[0]->i.begin(), inputs[0]->i.end()), 4);
  EXPECT_EQ(*std::max_element(inputs[2]->i.begin(), inputs[2]->i.end()), 7);
  expectNear(inputs[3], {0.125});
  EvalContext evaluation;
  ASSERT_TRUE(succeeded(initializeSymbols(*module, evaluation)));
  EXPECT_EQ(run(*module, {inputs.begin(), inputs.end()}, evaluation).size(), 2u);
}

TEST_F(Interpretation, InitialValuesFollowTheirAttributes) {
  auto module = parse(R"(
    train.param @a : tensor<4xf32> init(#train.normal<1.0, 0.5>)
    train.param @b : tensor<2xf16> init(#train.uniform<-1.0, 1.0>)
    train.param @c : tensor<2xf32> init(dense<[3.0, 4.0]> : tensor<2xf32>)
    train.state counter @d : tensor<i64> init(#train.constant<12.0>)
    train.state other @e : tensor<2xi1> init(dense<true> : tensor<2xi1>)
    train.predict @p() -> () { train.return })");
  EvalContext evaluation;
  evaluation.seed = 11;
  ASSERT_TRUE(succeeded(initializeSymbols(*module, evaluation)));
  for (int e = 0; e < 4; ++e)
    EXPECT_EQ(evaluation.symbols["a"]->f[e],
              double(float(1.0 + 0.5 * NamedStream(11, "a").normal(e))));
  for (int e = 0; e < 2; ++e)
    EXPECT_EQ(evaluation.symbols["b"]->f[e],
              roundToType(double(float(-1 + 2 * NamedStream(11, "b").uniform(e))),
                          Float16Type::get(&context)));
  expectNear(evaluation.symbols["c"], {3, 4});
  expectNear(evaluation.symbols["d"], {12});
  expectNear(evaluation.symbols["e"], {1, 1});
}

} // namespace
