// Comparison by execution, the pass check built on it, and the parser's guard.
#include "Harness.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "train/IR/SafeParse.h"
#include "train/Reference/CheckPasses.h"
#include "train/Reference/MeaningPreserving.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace train;
using namespace train::reference;

namespace {

std::string program(StringRef body) {
  return ("train.param @w : tensor<4xf32> init(#train.normal<0.0, 1.0>)\n"
          "train.step @s(%x: tensor<4xf32>) -> (y: tensor<4xf32>) {\n  %w = train.read "
          "@w : tensor<4xf32>\n" +
          body + "\n  train.return %y : tensor<4xf32>\n}")
      .str();
}
const char *const kSum =
    "%a = train.add %x, %w : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>\n"
    "%y = train.add %a, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>";
const char *const kOtherOrder =
    "%a = train.add %x, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>\n"
    "%y = train.add %a, %w : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>";
const char *const kProduct =
    "%y = train.mul %x, %w : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>";

class Equivalence : public ReferenceTest {
protected:
  LogicalResult check(const std::string &before, const std::string &after,
                      EquivalenceOptions options = {}) {
    return checkEquivalent(*parse(before), *parse(after), options);
  }
};

TEST_F(Equivalence, AcceptsTheSameProgram) {
  EXPECT_TRUE(succeeded(check(program(kSum), program(kSum))));
}

TEST_F(Equivalence, NamesWhatChanged) {
  EXPECT_TRUE(failed(check(program(kSum), program(kProduct))));
  EXPECT_EQ(
      diagnostics.back().rfind("'train.step' op output 'y' changed at element 0: ", 0),
      0u)
      << diagnostics.back();
}

TEST_F(Equivalence, BitsDependOnTheOrderOfSums) {
  EquivalenceOptions options;
  options.steps = 20; // some of eighty sums round differently
  EXPECT_TRUE(failed(check(program(kSum), program(kOtherOrder), options)));
  options.tolerance = 1e-6;
  EXPECT_TRUE(succeeded(check(program(kSum), program(kOtherOrder), options)));
}

TEST_F(Equivalence, ComparesWrites) {
  std::string writes = "train.write @w, %y : tensor<4xf32>\n";
  EXPECT_TRUE(
      succeeded(check(program(kSum + ("\n" + writes)), program(kSum + ("\n" + writes)))));
  std::string other =
      "%z = train.neg %y : tensor<4xf32>\n  train.write @w, %z : tensor<4xf32>";
  EXPECT_TRUE(
      failed(check(program(kSum + ("\n" + writes)), program(kSum + ("\n" + other)))));
  EXPECT_EQ(
      diagnostics.back().rfind("'train.step' op symbol @w changed at element 0: ", 0), 0u)
      << diagnostics.back();
}

TEST_F(Equivalence, PassesOverWhatCannotRun) {
  std::string bad =
      "train.predict @p() -> (y: tensor<i32>) {\n %a = train.constant dense<1> : "
      "tensor<i32>\n %b = train.constant dense<0> : tensor<i32>\n"
      " %y = train.div %a, %b : tensor<i32>, tensor<i32> -> tensor<i32>\n train.return "
      "%y : tensor<i32>\n}";
  EXPECT_TRUE(succeeded(check(bad, bad)));
  EXPECT_EQ(diagnostics.back(), "program @p cannot be compared by execution: 'train.div' "
                                "op divides an integer by zero");
}

/// Turns additions into multiplications: a miscompilation.
struct BreakAdds : PassWrapper<BreakAdds, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(BreakAdds)
  StringRef getArgument() const override { return "test-break-adds"; }
  void runOnOperation() override {
    getOperation().walk([](AddOp add) {
      OpBuilder builder(add);
      Value product =
          MulOp::create(builder, add.getLoc(), add.getType(), add.getLhs(), add.getRhs());
      add.getResult().replaceAllUsesWith(product);
      add.erase();
    });
  }
};

TEST_F(Equivalence, PassesAreHeldToTheirWord) {
  auto runChecked = [&](const std::string &text) {
    auto module = parse(text);
    PassManager passes(&context);
    int failures = 0;
    CheckPassesOptions options;
    options.onFailure = [&] { ++failures; };
    passes.addInstrumentation(createCheckPassesInstrumentation(options));
    passes.addPass(std::make_unique<BreakAdds>());
    EXPECT_TRUE(succeeded(passes.run(*module)));
    return failures;
  };
  // Without a promise nothing is checked.
  EXPECT_EQ(runChecked(program(kSum)), 0);
  registerMeaningPreserving("test-break-adds");
  EXPECT_EQ(runChecked(program(kProduct)), 0);
  EXPECT_EQ(runChecked(program(kSum)), 1);
  EXPECT_EQ(diagnostics.back(), "pass 'test-break-adds' promises to preserve every "
                                "program's meaning, and changed it");
}

class SafeParse : public ReferenceTest {
protected:
  OwningOpRef<ModuleOp> read(const std::string &text) {
    return parseModuleSafely(llvm::MemoryBuffer::getMemBufferCopy(text, "test.mlir"),
                             &context);
  }
  static std::string nested(int depth) {
    std::string open, close;
    for (int i = 0; i < depth; ++i)
      open += "module {\n", close += "}\n";
    return open + close;
  }
};

TEST_F(SafeParse, RefusesDeepNestingWithOneError) {
  EXPECT_TRUE(read(nested(200)));
  EXPECT_FALSE(read(nested(100000)));
  ASSERT_EQ(diagnostics.size(), 1u);
  EXPECT_EQ(diagnostics[0], "brackets are nested more than 256 deep");
}

TEST_F(SafeParse, DoesNotCountWhatIsNoBracket) {
  std::string many;
  for (int i = 0; i < 300; ++i)
    many += "// ((((((((\n";
  EXPECT_TRUE(read(many + "module attributes {a.b = \"((((<<<<\\\"[[[[\", a.c = "
                          "affine_set<(d0) : (d0 >= 0, -d0 + 4 >= 0)>} {}"));
  std::string arrows;
  for (int i = 0; i < 300; ++i)
    arrows += "module attributes {a.f" + std::to_string(i) + " = (i32) -> i32} {}\n";
  EXPECT_TRUE(read(arrows));
}

TEST_F(SafeParse, RefusesBytecode) {
  EXPECT_FALSE(read(std::string("ML\xefR\x06garbage")));
  ASSERT_EQ(diagnostics.size(), 1u);
  EXPECT_EQ(diagnostics[0].rfind("is MLIR bytecode", 0), 0u);
}

TEST_F(SafeParse, ReportsMissingFiles) {
  EXPECT_FALSE(parseModuleSafely("no-such-file.mlir", &context));
  ASSERT_EQ(diagnostics.size(), 1u);
  EXPECT_EQ(diagnostics[0].rfind("cannot be read: ", 0), 0u);
}

} // namespace
