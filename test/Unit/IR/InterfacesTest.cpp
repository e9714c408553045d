// What the ops of the contraction, index, reduction, optimizer and precision families
// answer through their interfaces: library calls in the layout of Abi.h, storages, costs,
// row kinds. The expected numbers are worked out by hand from the shapes.
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Parser/Parser.h"
#include "train/IR/TrainDialect.h"
#include "llvm/ADT/bit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace mlir;
using namespace train;
using ::testing::ElementsAre;

namespace {

class Interfaces : public ::testing::Test {
protected:
  Interfaces() { context.loadDialect<TrainDialect>(); }

  /// The only op of type OpT in a step with these inputs and this body line.
  template <typename OpT> OpT parse(const std::string &inputs, const std::string &line) {
    // Kept until the test ends, so that ops of several modules can be compared.
    modules.push_back(parseSourceString<ModuleOp>(
        "train.step @s(" + inputs + ") {\n" + line + "\n train.return\n}", &context));
    EXPECT_TRUE(modules.back()) << line;
    OpT found;
    if (modules.back())
      modules.back()->walk([&](OpT op) { found = op; });
    EXPECT_TRUE(found) << line;
    return found;
  }

  /// The only library call of `op`.
  template <typename OpT> LibraryCall call(OpT op) {
    SmallVector<LibraryCall> calls = op.getLibraryCalls();
    EXPECT_EQ(calls.size(), 1u);
    return calls.front();
  }

  MLIRContext context;
  std::vector<OwningOpRef<ModuleOp>> modules;
};

using Library = Interfaces;
using Storage = Interfaces;
using Cost = Interfaces;
using Walk = Interfaces;
using Precision = Interfaces;

//===-- Library calls ---------------------------------------------------------===//

TEST_F(Library, MatmulOfRowsIsOneProduct) {
  auto op =
      parse<MatmulOp>("%x: tensor<4x5x3xf32>, %w: tensor<3x2xf32>",
                      "%y = train.matmul %x, %w : tensor<4x5x3xf32>, tensor<3x2xf32> -> "
                      "tensor<4x5x2xf32>");
  LibraryCall matmul = call(op);
  EXPECT_EQ(matmul.entry, TRAIN_LIBRARY_MATMUL);
  EXPECT_THAT(matmul.operands, ElementsAre(op.getLhs(), op.getRhs(), op.getResult()));
  // batch, M, N, K, strides of lhs, rhs (unused: one batch) and out, transposes,
  // accumulate.
  EXPECT_THAT(matmul.params, ElementsAre(1, 20, 2, 3, 60, 0, 40, 0, 0, 0, TRAIN_TYPE_F32,
                                         TRAIN_TYPE_F32));
}

TEST_F(Library, MatmulKeepsTheBatchOfTwoBatches) {
  auto op = parse<MatmulOp>(
      "%x: tensor<2x4x3x5xf32>, %w: tensor<2x4x6x3xf32>, %a: tensor<2x4x5x6xf32>",
      "%y = train.matmul %x, %w into %a : tensor<2x4x5x6xf32>, {transpose_lhs, "
      "transpose_rhs} "
      ": tensor<2x4x3x5xf32>, tensor<2x4x6x3xf32> -> tensor<2x4x5x6xf32>");
  EXPECT_THAT(call(op).params, ElementsAre(8, 5, 6, 3, 15, 18, 30, 1, 1, 1,
                                           TRAIN_TYPE_F32, TRAIN_TYPE_F32));
}

TEST_F(Library, MatmulRepeatsAPlainMatrix) {
  // A transposed lhs cannot be flattened, because its rows are not contiguous across
  // batches.
  auto right =
      parse<MatmulOp>("%x: tensor<4x3x5xf32>, %w: tensor<3x2xf32>",
                      "%y = train.matmul %x, %w {transpose_lhs} : tensor<4x3x5xf32>, "
                      "tensor<3x2xf32> -> tensor<4x5x2xf32>");
  EXPECT_THAT(call(right).params, ElementsAre(4, 5, 2, 3, 15, 0, 10, 1, 0, 0,
                                              TRAIN_TYPE_F32, TRAIN_TYPE_F32));
  auto left =
      parse<MatmulOp>("%x: tensor<5x3xf32>, %w: tensor<4x3x2xf32>",
                      "%y = train.matmul %x, %w : tensor<5x3xf32>, tensor<4x3x2xf32> -> "
                      "tensor<4x5x2xf32>");
  EXPECT_THAT(call(left).params,
              ElementsAre(4, 5, 2, 3, 0, 6, 10, 0, 0, 0, TRAIN_TYPE_F32, TRAIN_TYPE_F32));
}

constexpr const char *kConvAttributes =
    "dilations = array<i64: 2, 1>, groups = 2 : i64, padding = array<i64: 1, 2, 3, 4>, "
    "strides = array<i64: 2, 3>";

TEST_F(Library, ConvolutionAndItsAdjointsShareParameters) {
  // OH = (9 + 1 + 3 - 2 * 2 - 1) / 2 + 1 = 5, OW = (10 + 2 + 4 - 1 * 1 - 1) / 3 + 1 = 5.
  std::string a = kConvAttributes, x = "tensor<2x6x9x10xf32>", k = "tensor<8x3x3x2xf32>",
              y = "tensor<2x8x5x5xf32>";
  auto params = [](int64_t accumulate) {
    return ElementsAre(2, 6, 9, 10, 8, 3, 2, 2, 3, 1, 2, 3, 4, 2, 1, 2, 5, 5, accumulate,
                       TRAIN_TYPE_F32, TRAIN_TYPE_F32);
  };
  auto conv =
      parse<Conv2dOp>("%x: " + x + ", %k: " + k, "%y = train.conv2d %x, %k {" + a +
                                                     "} : " + x + ", " + k + " -> " + y);
  LibraryCall forward = call(conv);
  EXPECT_EQ(forward.entry, TRAIN_LIBRARY_CONV2D);
  EXPECT_THAT(forward.params, params(0));
  EXPECT_THAT(forward.operands,
              ElementsAre(conv.getInput(), conv.getFilter(), conv.getResult(), Value()));
  EXPECT_EQ(conv.getFlops(), 2 * 2 * 8 * 5 * 5 * 3 * 3 * 2);

  auto input = parse<Conv2dTransposeOp>(
      "%y: " + y + ", %k: " + k,
      "%x = train.conv2d_transpose %y, %k {size = array<i64: 9, 10>, " + a + "} : " + y +
          ", " + k + " -> " + x);
  LibraryCall toInput = call(input);
  EXPECT_EQ(toInput.entry, TRAIN_LIBRARY_CONV2D_TRANSPOSE);
  EXPECT_THAT(toInput.params, params(0));
  EXPECT_THAT(toInput.operands, ElementsAre(input.getDout(), input.getFilter(),
                                            input.getResult(), Value()));

  auto filter = parse<Conv2dFilterGradOp>(
      "%x: " + x + ", %y: " + y + ", %g: " + k,
      "%k = train.conv2d_filter_grad %x, %y into %g : " + k +
          ", {size = array<i64: 3, 2>, " + a + "} : " + x + ", " + y + " -> " + k);
  LibraryCall toFilter = call(filter);
  EXPECT_EQ(toFilter.entry, TRAIN_LIBRARY_CONV2D_FILTER_GRAD);
  EXPECT_THAT(toFilter.params, params(1));
  EXPECT_THAT(toFilter.operands, ElementsAre(filter.getInput(), filter.getDout(),
                                             filter.getResult(), Value()));
  EXPECT_EQ(filter.getFlops(), conv.getFlops());
}

TEST_F(Library, AttentionPassesItsScaleAsBits) {
  std::string q = "tensor<2x3x8x4xf32>", k = "tensor<2x5x2x4xf32>",
              lse = "tensor<2x8x3xf32>";
  auto op = parse<AttentionOp>(
      "%q: " + q + ", %k: " + k,
      "%o, %l = train.attention %q, %k, %k {causal, scale = 0.5 : f64} : " + q + ", " +
          k + ", " + k + " -> " + q + ", " + lse);
  LibraryCall attention = call(op);
  EXPECT_EQ(attention.entry, TRAIN_LIBRARY_ATTENTION);
  EXPECT_THAT(attention.operands, ElementsAre(op.getQ(), op.getK(), op.getV(),
                                              op.getOut(), op.getLse(), Value()));
  int64_t scale = llvm::bit_cast<uint32_t>(0.5f);
  EXPECT_THAT(attention.params, ElementsAre(2, 3, 5, 8, 2, 4, 1, scale, TRAIN_TYPE_F32));
  // Query 0 sees 3 keys, query 1 four, query 2 five: 12 pairs, two products of 4
  // multiply-adds.
  EXPECT_EQ(op.getFlops(), 2 * 8 * 12 * 4 * 2 * 2);
}

TEST_F(Library, AttentionBackwardListsOperandsBeforeResults) {
  std::string q = "tensor<2x3x8x4xf32>", k = "tensor<2x5x2x4xf32>",
              lse = "tensor<2x8x3xf32>";
  auto op = parse<AttentionBackwardOp>("%q: " + q + ", %k: " + k + ", %l: " + lse,
                                       "%dq, %dk, %dv = train.attention_backward %q, %k, "
                                       "%k, %q, %l, %q {scale = 1.0 : f64} : " +
                                           q + ", " + k + ", " + k + ", " + lse + " -> " +
                                           q + ", " + k + ", " + k);
  EXPECT_THAT(call(op).operands,
              ElementsAre(op.getQ(), op.getK(), op.getV(), op.getOut(), op.getLse(),
                          op.getDout(), op.getDq(), op.getDk(), op.getDv(), Value()));
  EXPECT_EQ(op.getFlops(), 2 * 8 * 15 * 4 * 2 * 5);
  EXPECT_TRUE(op.mustStayWide(4));
  EXPECT_FALSE(op.mustStayWide(0));
}

TEST_F(Library, EmbeddingNamesTheTypeOfItsIds) {
  auto lookup = parse<EmbeddingOp>("%t: tensor<10x4xbf16>, %i: tensor<2x3xi64>",
                                   "%x = train.embedding %t, %i : tensor<10x4xbf16>, "
                                   "tensor<2x3xi64> -> tensor<2x3x4xbf16>");
  EXPECT_THAT(call(lookup).params, ElementsAre(10, 4, 6, TRAIN_TYPE_I64, 2));
  auto grad = parse<EmbeddingGradOp>(
      "%i: tensor<2x3xi32>, %d: tensor<2x3x4xf32>, %a: tensor<10x4xf32>",
      "%g = train.embedding_grad %i, %d into %a : tensor<10x4xf32>, {vocabulary = 10 : "
      "i64} : "
      "tensor<2x3xi32>, tensor<2x3x4xf32> -> tensor<10x4xf32>");
  LibraryCall scatter = call(grad);
  EXPECT_THAT(scatter.params,
              ElementsAre(10, 4, 6, TRAIN_TYPE_I32, 1, TRAIN_TYPE_F32, TRAIN_TYPE_F32));
  EXPECT_THAT(scatter.operands,
              ElementsAre(grad.getIds(), grad.getDy(), grad.getResult(), Value()));
}

TEST_F(Library, PoolingIsAConvolutionOfEachChannel) {
  std::string a =
      "padding = array<i64: 1, 0, 0, 1>, strides = array<i64: 2, 3>, window = array<i64: "
      "3, 2>";
  // OH = (8 + 1 - 3) / 2 + 1 = 4, OW = (8 + 1 - 2) / 3 + 1 = 3.
  auto params = ElementsAre(2, 3, 8, 8, 3, 3, 2, 2, 3, 1, 0, 0, 1, 1, 1, 3, 4, 3, 0,
                            TRAIN_TYPE_F32, TRAIN_TYPE_F32);
  auto max = parse<MaxPool2dOp>("%x: tensor<2x3x8x8xf32>",
                                "%y, %i = train.max_pool2d %x {" + a +
                                    "} : tensor<2x3x8x8xf32> -> tensor<2x3x4x3xf32>, "
                                    "tensor<2x3x4x3xi32>");
  EXPECT_THAT(call(max).params, params);
  EXPECT_THAT(call(max).operands, ElementsAre(max.getX(), max.getY(), max.getIndices()));
  auto back = parse<AvgPool2dBackwardOp>(
      "%d: tensor<2x3x4x3xf32>",
      "%x = train.avg_pool2d_backward %d {size = array<i64: 8, "
      "8>, " +
          a +
          "} : tensor<2x3x4x3xf32> -> "
          "tensor<2x3x8x8xf32>");
  EXPECT_EQ(call(back).entry, TRAIN_LIBRARY_AVG_POOL_GRAD);
  EXPECT_THAT(call(back).params, params);
}

//===-- Storages --------------------------------------------------------------===//

TEST_F(Storage, AccumulatorsAreOverwritten) {
  auto with =
      parse<MatmulOp>("%x: tensor<2x3xbf16>, %w: tensor<3x4xbf16>, %a: tensor<2x4xf32>",
                      "%y = train.matmul %x, %w into %a : tensor<2x4xf32>, : "
                      "tensor<2x3xbf16>, tensor<3x4xbf16> -> tensor<2x4xf32>");
  ResultStorage storage = getResultStorage(with->getResult(0));
  EXPECT_EQ(storage.kind, ResultStorage::Kind::MustAlias);
  EXPECT_EQ(storage.operand, 2u);
  EXPECT_TRUE(with.mustStayWide(2));
  auto without =
      parse<MatmulOp>("%x: tensor<2x3xf32>, %w: tensor<3x4xf32>",
                      "%y = train.matmul %x, %w : tensor<2x3xf32>, tensor<3x4xf32> -> "
                      "tensor<2x4xf32>");
  EXPECT_EQ(getResultStorage(without->getResult(0)).kind, ResultStorage::Kind::Fresh);
}

TEST_F(Storage, UpdatesAreInPlace) {
  auto adamw = parse<AdamWOp>("%p: tensor<4xf32>, %g: tensor<4xf32>, %m: tensor<4xf32>, "
                              "%v: tensor<4xf32>, %c: tensor<f32>",
                              "%n:3 = train.adamw %p, %g, %m, %v, corrections %c, %c, lr "
                              "%c {beta1 = 0.9 : f64, beta2 = "
                              "0.99 : f64, eps = 0.0 : f64, weight_decay = 0.0 : f64} : "
                              "tensor<4xf32>, tensor<4xf32>, "
                              "tensor<f32>, tensor<f32>, tensor<f32>");
  Value places[] = {adamw.getParam(), adamw.getM(), adamw.getV()};
  for (OpResult result : adamw->getResults())
    EXPECT_EQ(adamw->getOperand(getResultStorage(result).operand),
              places[result.getResultNumber()]);
  auto momentum = parse<MomentumOp>(
      "%p: tensor<4xf32>, %g: tensor<4xf32>, %v: tensor<4xf32>, %c: tensor<f32>",
      "%n:2 = train.momentum %p, %g, %v, lr %c {beta = 0.9 : f64, weight_decay = 0.0 : "
      "f64} : "
      "tensor<4xf32>, tensor<4xf32>, tensor<f32>");
  EXPECT_EQ(getResultStorage(momentum->getResult(0)).operand, 0u);
  EXPECT_EQ(getResultStorage(momentum->getResult(1)).operand, 2u);
}

//===-- Costs -----------------------------------------------------------------===//

TEST_F(Cost, MatmulCountsTwoPerTerm) {
  auto op = parse<MatmulOp>("%x: tensor<4x3x5xf32>, %w: tensor<7x3xf32>",
                            "%y = train.matmul %x, %w {transpose_lhs, transpose_rhs} : "
                            "tensor<4x3x5xf32>, tensor<7x3xf32> -> tensor<4x5x7xf32>");
  EXPECT_EQ(op.getFlops(), 2 * 4 * 5 * 3 * 7);
}

TEST_F(Cost, SaturatesInsteadOfOverflowing) {
  auto op = parse<MatmulOp>(
      "%x: tensor<268435456x268435456xf32>, %w: tensor<268435456x268435456xf32>",
      "%y = train.matmul %x, %w : tensor<268435456x268435456xf32>, "
      "tensor<268435456x268435456xf32> -> tensor<268435456x268435456xf32>");
  EXPECT_EQ(op.getFlops(), std::numeric_limits<int64_t>::max());
}

//===-- How row programs walk -------------------------------------------------===//

TEST_F(Walk, ReductionsFollowTheirLastDimension) {
  auto kind = [&](const std::string &dims, const std::string &type) {
    return parse<ReduceSumOp>("%x: tensor<2x3x4xf32>",
                              "%y = train.reduce_sum %x over " + dims +
                                  " : tensor<2x3x4xf32> -> " + type)
        .getRowKind();
  };
  EXPECT_EQ(kind("[2]", "tensor<2x3xf32>"), RowKind::Row);
  EXPECT_EQ(kind("[0, 2]", "tensor<3xf32>"), RowKind::Row);
  EXPECT_EQ(kind("[0, 1, 2]", "tensor<f32>"), RowKind::Row);
  EXPECT_EQ(kind("[0, 1]", "tensor<4xf32>"), RowKind::Column);
  EXPECT_EQ(kind("[1]", "tensor<2x4xf32>"), RowKind::Column);
  EXPECT_EQ(kind("[]", "tensor<2x3x4xf32>"), RowKind::Elementwise);
}

//===-- Precision -------------------------------------------------------------===//

TEST_F(Precision, StatisticsOfLowPrecisionAreWide) {
  // Parsing fails when the stated types are not the inferred ones.
  auto low =
      parse<LayerNormOp>("%x: tensor<4x8xbf16>, %g: tensor<8xf32>",
                         "%y, %m, %r = train.layer_norm %x, %g, %g {eps = 0.0 : f64} : "
                         "tensor<4x8xbf16>, tensor<8xf32>, tensor<8xf32> -> "
                         "tensor<4x8xbf16>, tensor<4xf32>, tensor<4xf32>");
  EXPECT_EQ(low.getPrecisionClass(), PrecisionClass::Full);
  auto wide =
      parse<LayerNormOp>("%x: tensor<4x8xf64>, %g: tensor<8xf64>",
                         "%y, %m, %r = train.layer_norm %x, %g, %g {eps = 0.0 : f64} : "
                         "tensor<4x8xf64>, tensor<8xf64>, tensor<8xf64> -> "
                         "tensor<4x8xf64>, tensor<4xf64>, tensor<4xf64>");
  EXPECT_TRUE(wide);
}

} // namespace
