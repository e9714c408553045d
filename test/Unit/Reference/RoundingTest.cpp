// Rounding to each element type: against tables, and against llvm::APFloat on many random
// values.
#include "Harness.h"
#include "llvm/ADT/APFloat.h"

#include <algorithm>
#include <cmath>
#include <random>

using namespace mlir;
using namespace train::reference;

namespace {

class Rounding : public ReferenceTest {
protected:
  Type type(StringRef text) { return parseType(text, &context); }
  double to(StringRef text, double value) { return roundToType(value, type(text)); }
};

TEST_F(Rounding, TiesGoToEven) {
  EXPECT_EQ(to("f16", 2049), 2048);
  EXPECT_EQ(to("f16", 2051), 2052);
  EXPECT_EQ(to("bf16", 257), 256);
  EXPECT_EQ(to("bf16", 259), 260);
  EXPECT_EQ(to("f8E4M3FN", 17), 16);
  EXPECT_EQ(to("f8E4M3FN", 19), 20);
  EXPECT_EQ(to("f8E5M2", 9), 8);
  EXPECT_EQ(to("f4E2M1FN", 2.5), 2);
  EXPECT_EQ(to("f4E2M1FN", 5), 4);
  EXPECT_EQ(to("f32", 16777217), 16777216);
}

TEST_F(Rounding, F4HoldsEightMagnitudes) {
  for (double value : {0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0}) {
    EXPECT_EQ(to("f4E2M1FN", value), value);
    EXPECT_EQ(to("f4E2M1FN", -value), -value);
  }
  EXPECT_EQ(to("f4E2M1FN", 100), 6);
  EXPECT_EQ(to("f4E2M1FN", -INFINITY), -6);
}

TEST_F(Rounding, SubnormalsKeepFewerBits) {
  EXPECT_EQ(to("f16", 0x1p-24), 0x1p-24);
  EXPECT_EQ(to("f16", 0x1p-25), 0);
  EXPECT_EQ(to("f16", 0x1.8p-24), 0x1p-23);
  EXPECT_EQ(to("f8E4M3FN", 0x1p-9), 0x1p-9);
  EXPECT_EQ(to("f8E4M3FN", 0x1p-10), 0);
  EXPECT_TRUE(std::signbit(to("f16", -1e-30)));
}

TEST_F(Rounding, OverflowFollowsTheFormat) {
  EXPECT_EQ(to("f16", 65519.9), 65504);
  EXPECT_EQ(to("f16", 65520), INFINITY);
  EXPECT_EQ(to("f8E5M2", 61440), INFINITY);
  EXPECT_EQ(to("f8E4M3FN", 464), 448);
  EXPECT_TRUE(std::isnan(to("f8E4M3FN", 465)));
  EXPECT_TRUE(std::isnan(to("f8E4M3FN", INFINITY)));
  EXPECT_EQ(to("bf16", 3.5e38), INFINITY);
}

TEST_F(Rounding, ScalesArePowersOfTwo) {
  EXPECT_EQ(to("f8E8M0FNU", 1.49), 1);
  EXPECT_EQ(to("f8E8M0FNU", 1.5), 2);
  EXPECT_EQ(to("f8E8M0FNU", 0), 0x1p-127);
  EXPECT_EQ(to("f8E8M0FNU", 0x1p127), 0x1p127);
  EXPECT_TRUE(std::isnan(to("f8E8M0FNU", 0x1.9p127)));
  EXPECT_TRUE(std::isnan(to("f8E8M0FNU", -1)));
}

TEST_F(Rounding, AtRandomTakesANeighbourAndKeepsTheMean) {
  for (const char *name : {"f32", "f16", "bf16", "f8E4M3FN", "f8E5M2"}) {
    SCOPED_TRACE(name);
    Tensor tensor = Tensor::zeros(RankedTensorType::get({20000}, type(name)));
    std::fill(tensor.f.begin(), tensor.f.end(), 1.3);
    tensor.roundRandomly(/*key=*/3, /*stream=*/5);
    double low = *std::min_element(tensor.f.begin(), tensor.f.end());
    double high = *std::max_element(tensor.f.begin(), tensor.f.end());
    double mean = 0;
    for (double value : tensor.f) {
      EXPECT_TRUE(value == low || value == high);
      mean += value / static_cast<double>(tensor.f.size());
    }
    EXPECT_LT(low, 1.3);
    EXPECT_GT(high, 1.3);
    EXPECT_EQ(to(name, 0.49 * high + 0.51 * low), low) << "neighbours";
    EXPECT_EQ(to(name, 0.51 * high + 0.49 * low), high) << "neighbours";
    EXPECT_NEAR(mean, 1.3, 0.02 * (high - low));
    std::vector<double> once = tensor.f;
    tensor.roundRandomly(4, 5);
    EXPECT_EQ(tensor.f, once) << "what is exact stays";
  }
}

TEST_F(Rounding, AgreesWithAPFloat) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> mantissa(-2, 2);
  for (const char *name : {"f32", "f16", "bf16", "f8E4M3FN", "f8E5M2", "f4E2M1FN"}) {
    auto floatType = cast<FloatType>(type(name));
    // Exponents from below the smallest subnormal to above the largest number.
    int reach = floatType.getWidth() == 32 || floatType.isBF16() ? 155
                : floatType.getWidth() == 4                      ? 5
                                                                 : 28;
    std::uniform_int_distribution<int> exponent(-reach, reach);
    for (int trial = 0; trial < 20000; ++trial) {
      double value = std::ldexp(mantissa(random), exponent(random));
      llvm::APFloat expected(value);
      bool losesInfo = false;
      expected.convert(floatType.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven,
                       &losesInfo);
      expected.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven,
                       &losesInfo);
      double actual = roundToType(value, floatType);
      if (expected.isNaN())
        EXPECT_TRUE(std::isnan(actual)) << name << " " << value;
      else
        EXPECT_EQ(actual, expected.convertToDouble()) << name << " " << value;
    }
  }
}

TEST_F(Rounding, IntegersWrap) {
  EXPECT_EQ(wrapToType(int64_t(1) << 31, type("i32")), -(int64_t(1) << 31));
  EXPECT_EQ(wrapToType(200, type("i8")), -56);
  EXPECT_EQ(wrapToType(3, type("i1")), 1);
  EXPECT_EQ(wrapToType(-5, type("i64")), -5);
}

} // namespace
