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
  // The result's lines are read before they are written.
  EXPECT_DOUBLE_EQ(getSeconds(op, machine), (2 + 2) * 128 / 10.0 + 0.25);
}

TEST_F(CostModel, AKernelOfTranscendentalsTakesTheTimeOfItsArithmetic) {
  Operation *op =
      parse("%x: tensor<4x8xf32>", "%y = train.exp %x : tensor<4x8xf32>", "exp");
  machine.bytesPerSecond = 1000;
  EXPECT_DOUBLE_EQ(getSeconds(op, machine), 12 * 32 / 100.0 + 0.25);
}

TEST_F(CostModel, AProductRunsAtTheRateOfTheLibraryButForItsEdges) {
  Operation *op = parse("%x: tensor<40x80xf32>, %w: tensor<80x50xf32>",
                        "%y = train.matmul %x, %w : tensor<40x80xf32>, tensor<80x50xf32> "
                        "-> tensor<40x50xf32>",
                        "matmul");
  machine.bytesPerSecond = 1e6;
  // Sums of 80 are as long as 96; of 40 rows the last tile holds 4 of 6.
  EXPECT_DOUBLE_EQ(getSeconds(op, machine), 2.0 * 42 * (80 + 16) * 50 / 1000.0 + 0.25);
}

TEST_F(CostModel, AnUpdateInPlaceReadsNothingBeforeItWrites) {
  Operation *op = parse("%p: tensor<4x8xf32>, %g: tensor<4x8xf32>, %lr: tensor<f32>",
                        "%y = train.sgd %p, %g, lr %lr {weight_decay = 0.0 : f64} : "
                        "tensor<4x8xf32>, tensor<4x8xf32>, tensor<f32>",
                        "sgd");
  machine.kernelFlopsPerSecond = 1e6;
  EXPECT_DOUBLE_EQ(getSeconds(op, machine), (3 * 128 + 4) / 10.0 + 0.25);
}

TEST_F(CostModel, AttentionTakesItsExponentialsToo) {
  auto price = [&](const std::string &size) {
    std::string type = "tensor<1x64x1x" + size + "xf32>";
    Operation *op =
        parse("%q: " + type,
              "%y, %l = train.attention %q, %q, %q {scale = 1.0 : f64} : " + type + ", " +
                  type + ", " + type + " -> " + type + ", tensor<1x1x64xf32>",
              "attention");
    machine.bytesPerSecond = 1e9;
    return getSeconds(op, machine) - 0.25;
  };
  // Scores over the head, values over the keys; 16 FLOPs per score at the kernels' rate.
  double pairs = 64 * 64;
  EXPECT_DOUBLE_EQ(price("32"), pairs * 2 * ((32 + 16) + 32.0 * (64 + 16) / 64) / 1000 +
                                    pairs * 16 / 100);
  EXPECT_GT(price("8") * 4, price("32"));
}

TEST_F(CostModel, ADepthwiseConvolutionIsNoProduct) {
  auto price = [&](const std::string &filter, int64_t groups) {
    Operation *op =
        parse("%x: tensor<1x8x16x16xf32>, %w: tensor<" + filter + "xf32>",
              "%y = train.conv2d %x, %w {padding = array<i64: 1, 1, 1, 1>, "
              "dilations = array<i64: 1, 1>, strides = array<i64: 1, 1>, "
              "groups = " +
                  std::to_string(groups) + " : i64} : tensor<1x8x16x16xf32>, tensor<" +
                  filter + "xf32> -> tensor<1x8x16x16xf32>",
              "conv2d");
    machine.bytesPerSecond = 1e9;
    return getSeconds(op, machine) - 0.25;
  };
  double madds = 256 * 8 * 9;
  EXPECT_DOUBLE_EQ(price("8x1x3x3", 8), 2 * madds / 100);
  // A window's element is gathered once for 8 rows, of which a tile has 6.
  EXPECT_DOUBLE_EQ(price("8x8x3x3", 1),
                   2 * 8 * madds * ((72 + 16) / 72.0 * 12 / 8 + 24.0 / 8) / 1000);
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
