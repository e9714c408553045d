// What ops cost: FLOPs, bytes and predicted seconds, worked out by hand from shapes and
// from the constants of a machine of round numbers.
#include "train/Analysis/CostModel.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace train;

namespace {

class CostModel : public ::testing::Test {
protected:
  CostModel() { context.loadDialect<TrainDialect>(); }

  /// The op called `name` in a step with these inputs and this body.
  Operation *parse(const std::string &inputs, const std::string &body, StringRef name) {
    modules.push_back(parseSourceString<ModuleOp>(
        "train.step @s(" + inputs + ") {\n" + body + "\n train.return\n}", &context));
    Operation *found = nullptr;
    if (modules.back())
      modules.back()->walk([&](Operation *op) {
        if (op->getName().stripDialect() == name)
          found = op;
      });
    EXPECT_TRUE(found) << body;
    return found;
  }

  MLIRContext context;
  std::vector<OwningOpRef<ModuleOp>> modules;
  // Products of 1000 FLOP/s, kernels of 100, memory of 10 bytes/s.
  MachineModel machine{1000, 100, 10, 0.25};
};

TEST_F(CostModel, AnElementwiseOpTakesTheTimeOfItsMemory) {
  Operation *op = parse("%x: tensor<4x8xf32>",
                        "%y = train.add %x, %x : tensor<4x8xf32>, tensor<4x8xf32> -> "
                        "tensor<4x8xf32>",
                        "add");
  OpCost cost = getOpCost(op);
  EXPECT_EQ(cost.flops, 32);
  EXPECT_EQ(cost.bytes, 3 * 128);
  EXPECT_DOUBLE_EQ(getSeconds(op, machine), 38.4 + 0.25);
}

TEST_F(CostModel, AKernelOfTranscendentalsTakesTheTimeOfItsArithmetic) {
  Operation *op =
      parse("%x: tensor<4x8xf32>", "%y = train.exp %x : tensor<4x8xf32>", "exp");
  machine.bytesPerSecond = 1000;
  EXPECT_DOUBLE_EQ(getSeconds(op, machine), 12 * 32 / 100.0 + 0.25);
}

TEST_F(CostModel, AProductRunsAtTheRateOfTheLibrary) {
  Operation *op = parse("%x: tensor<40x80xf32>, %w: tensor<80x50xf32>",
                        "%y = train.matmul %x, %w : tensor<40x80xf32>, tensor<80x50xf32> "
                        "-> tensor<40x50xf32>",
                        "matmul");
  machine.bytesPerSecond = 1e6;
  EXPECT_DOUBLE_EQ(getSeconds(op, machine), 2 * 40 * 80 * 50 / 1000.0 + 0.25);
}

TEST_F(CostModel, ALookUpReadsOfTheTableWhatItDelivers) {
  Operation *op =
      parse("%table: tensor<1000x16xf32>, %ids: tensor<4xi32>",
            "%y = train.embedding %table, %ids : tensor<1000x16xf32>, tensor<4xi32> -> "
            "tensor<4x16xf32>",
            "embedding");
  EXPECT_EQ(getOpCost(op).bytes, 256 + 256 + 16);
}

TEST_F(CostModel, ASumIntoATableTouchesOfItWhatItIsGiven) {
  Operation *op =
      parse("%ids: tensor<4xi32>, %dy: tensor<4x16xf32>, %t: tensor<1000x16xf32>",
            "%y = train.embedding_grad %ids, %dy into %t : tensor<1000x16xf32>, "
            "{vocabulary = 1000 : i64} : tensor<4xi32>, tensor<4x16xf32> -> "
            "tensor<1000x16xf32>",
            "embedding_grad");
  EXPECT_EQ(getOpCost(op).bytes, 3 * (16 + 256));
}

TEST_F(CostModel, AViewCostsNothing) {
  Operation *op = parse(
      "%x: tensor<4x8xf32>",
      "%y = train.reshape %x to [32] : tensor<4x8xf32> -> tensor<32xf32>", "reshape");
  EXPECT_EQ(getOpCost(op).bytes, 0);
  EXPECT_EQ(getSeconds(op, machine), 0);
}

TEST_F(CostModel, MoreThreadsAreNeverSlowerExceptToStart) {
  for (int threads = 1; threads < 64; ++threads) {
    MachineModel few = getMachineModel(threads), many = getMachineModel(threads + 1);
    EXPECT_GT(many.libraryFlopsPerSecond, few.libraryFlopsPerSecond);
    EXPECT_GT(many.kernelFlopsPerSecond, few.kernelFlopsPerSecond);
    EXPECT_GE(many.bytesPerSecond, few.bytesPerSecond);
    EXPECT_GT(many.secondsPerLaunch, few.secondsPerLaunch);
  }
}

} // namespace
