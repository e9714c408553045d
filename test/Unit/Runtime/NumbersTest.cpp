// Random numbers, conversions, hashes and checksums against published values and
// exhaustive comparison.
#include "Toy.h"

#include "train/rt/Hash.h"
#include "train/rt/Initialize.h"
#include "train/rt/Random.h"
#include "train/rt/Scalar.h"
#include "train/rt/Schedule.h"
#include "train/rt/Symbols.h"
#include "train/rt/TensorBoard.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace train;
using namespace train::rt;

namespace {

// The known answers that Random123 publishes for philox4x32-10.
TEST(RandomTest, PhiloxKnownAnswers) {
  using Block = std::array<uint32_t, 4>;
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}),
            (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(
      philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
      (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomTest, NormalHasItsMoments) {
  RandomStream stream(1, "w");
  double sums[5] = {};
  const int count = 200000;
  for (int i = 0; i < count; ++i)
    for (int power = 1; power <= 4; ++power)
      sums[power] += std::pow(stream.normal(uint64_t(i)), power);
  // Five standard errors of each moment.
  EXPECT_NEAR(sums[1] / count, 0, 5 * std::sqrt(1.0 / count));
  EXPECT_NEAR(sums[2] / count, 1, 5 * std::sqrt(2.0 / count));
  EXPECT_NEAR(sums[3] / count, 0, 5 * std::sqrt(15.0 / count));
  EXPECT_NEAR(sums[4] / count, 3, 5 * std::sqrt(96.0 / count));
}

TEST(InitializeTest, ThreadsAndOtherSymbolsDoNotMatter) {
  toy::Toy one, three;
  toy::makeRegression(one, 4, 3, 1);
  toy::makeRegression(three, 4, 3, 3);
  std::vector<uint8_t> a(one.executable.arena_bytes), b(three.executable.arena_bytes, 1);
  auto teamA = Team::create(1), teamB = Team::create(3);
  initializeSymbols(one.executable, 5, a.data(), **teamA);
  std::swap(three.symbols[0], three.symbols[4]);
  three.finish();
  initializeSymbols(three.executable, 5, b.data(), **teamB);
  const TrainTensor &weight = one.symbols[0].tensor;
  EXPECT_EQ(std::memcmp(&a[weight.offset], &b[weight.offset], weight.bytes), 0);
  float value;
  std::memcpy(&value, &a[weight.offset], 4);
  EXPECT_NE(value, 0);
  EXPECT_LT(std::fabs(value), 3);
}

TEST(InitializeTest, KindsAndTypes) {
  toy::Toy toy;
  toy::makeRegression(toy);
  TrainSymbol &weight = toy.symbols[0], &counter = toy.symbols[4];
  static const float literal[] = {1, 2, 3};
  weight.init = TRAIN_INIT_LITERAL;
  weight.init_data = literal;
  counter.init = TRAIN_INIT_CONSTANT;
  counter.init_a = 7;
  toy.symbols[1].init = TRAIN_INIT_UNIFORM;
  toy.symbols[1].init_a = 2;
  toy.symbols[1].init_b = 3;
  toy.finish();
  std::vector<uint8_t> arena(toy.executable.arena_bytes, 0xff);
  auto team = Team::create(2);
  initializeSymbols(toy.executable, 0, arena.data(), **team);
  EXPECT_EQ(std::memcmp(&arena[weight.tensor.offset], literal, 12), 0);
  EXPECT_EQ(elementAsDouble(Scalar::I64, &arena[counter.tensor.offset], 0), 7);
  double uniform = elementAsDouble(Scalar::F32, &arena[toy.symbols[1].tensor.offset], 0);
  EXPECT_GE(uniform, 2);
  EXPECT_LE(uniform, 3);
  EXPECT_EQ(elementAsDouble(Scalar::F32, &arena[toy.symbols[2].tensor.offset], 0), 0);
}

TEST(InitializeTest, CopiesFollowTheirMasters) {
  toy::Toy toy;
  toy::makeRegression(toy);
  const TrainTensor &weight = toy.symbols[0].tensor;
  TrainSymbol &copy = toy.symbols[2];
  copy.tensor.type = TRAIN_TYPE_BF16;
  copy.tensor.bytes = 6;
  copy.role = TRAIN_ROLE_COPY;
  copy.init = TRAIN_INIT_COPY;
  copy.owner = weight.name;
  toy.finish();
  std::vector<uint8_t> arena(toy.executable.arena_bytes, 0xff);
  // 2^-8 beside 1 is a tie, which goes to the even neighbour; a little more goes up.
  const float values[] = {1.00390625f, 1.0040f, -3e38f};
  std::memcpy(&arena[weight.offset], values, 12);
  auto team = Team::create(2);
  deriveSymbols(toy.executable, arena.data(), **team);
  const uint8_t *rounded = &arena[copy.tensor.offset];
  EXPECT_EQ(elementAsDouble(Scalar::BF16, rounded, 0), 1);
  EXPECT_EQ(elementAsDouble(Scalar::BF16, rounded, 1), 1.0078125);
  EXPECT_NEAR(elementAsDouble(Scalar::BF16, rounded, 2), -3e38, 1e36);
  EXPECT_EQ(arena[copy.tensor.offset + 6], 0xff);
  for (const TrainSymbol *symbol : symbolsByName(toy.executable))
    EXPECT_NE(symbol->role, uint32_t(TRAIN_ROLE_COPY));
}

TEST(ScalarTest, EveryHalfRoundTrips) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    float value = halfToFloat(uint16_t(bits));
    uint16_t back = floatToHalf(value);
    if (std::isnan(value))
      EXPECT_TRUE(std::isnan(halfToFloat(back)));
    else
      ASSERT_EQ(back, bits);
    value = bfloatToFloat(uint16_t(bits));
    if (!std::isnan(value)) {
      ASSERT_EQ(floatToBfloat(value), bits);
    }
  }
}

// Between two neighbouring halves the nearer one is taken, and the even one from the
// middle. All finite non-negative halves are tried.
TEST(ScalarTest, HalvesRoundToNearestEven) {
  for (uint32_t bits = 0; bits < 0x7bff; ++bits) {
    float low = halfToFloat(uint16_t(bits)), high = halfToFloat(uint16_t(bits + 1));
    float middle = low + (high - low) / 2;
    ASSERT_EQ(floatToHalf(middle), bits % 2 ? bits + 1 : bits);
    ASSERT_EQ(floatToHalf(std::nextafter(middle, low)), bits);
    ASSERT_EQ(floatToHalf(std::nextafter(middle, high)), bits + 1);
    ASSERT_EQ(floatToHalf(-middle), floatToHalf(middle) | 0x8000);
  }
  EXPECT_EQ(floatToHalf(65519.996f), 0x7bff);
  EXPECT_EQ(floatToHalf(65520), 0x7c00);
  EXPECT_EQ(floatToHalf(INFINITY), 0x7c00);
  EXPECT_EQ(floatToBfloat(1.00390625f), 0x3f80); // the middle, to even
  EXPECT_EQ(floatToBfloat(1.01171875f), 0x3f82);
}

TEST(ScalarTest, IntegersThatDoNotFit) {
  int64_t wide[] = {1, INT32_MAX, int64_t(INT32_MAX) + 1};
  int32_t narrow[3];
  EXPECT_EQ(convertElements(Scalar::I64, wide, Scalar::I32, narrow, 3), 2u);
  EXPECT_EQ(narrow[1], INT32_MAX);
  uint64_t huge = UINT64_MAX;
  int64_t signedOut;
  EXPECT_EQ(convertElements(Scalar::U64, &huge, Scalar::I64, &signedOut, 1), 0u);
  int8_t negative = -1;
  EXPECT_EQ(convertElements(Scalar::I8, &negative, Scalar::I64, &signedOut, 1), 1u);
  EXPECT_EQ(signedOut, -1);
  uint8_t two = 2, boolean;
  EXPECT_EQ(convertElements(Scalar::U8, &two, Scalar::Bool, &boolean, 1), 0u);
  EXPECT_FALSE(canConvert(Scalar::F32, Scalar::I32));
  EXPECT_TRUE(canConvert(Scalar::U8, Scalar::F32));
}

// From the specification and the reference implementation's tests.
TEST(HashTest, Xxh64KnownAnswers) {
  auto hash = [](std::string_view text) {
    Hash64 whole;
    whole.update(text.data(), text.size());
    Hash64 pieces;
    for (char c : text)
      pieces.update(&c, 1);
    EXPECT_EQ(whole.digest(), pieces.digest());
    return whole.digest();
  };
  EXPECT_EQ(hash(""), 0xEF46DB3751D8E999);
  EXPECT_EQ(hash("a"), 0xD24EC4F1A98C6E5B);
  EXPECT_EQ(hash("abc"), 0x44BC2CF5AD770999);
  EXPECT_EQ(hash("Nobody inspects the spammish repetition"), 0xFBCEA83C8A378BF1);
}

TEST(HashTest, StateHashSeesEveryParameterBit) {
  toy::Toy toy;
  toy::makeRegression(toy);
  std::vector<uint8_t> arena(toy.executable.arena_bytes);
  uint64_t before = hashState(toy.executable, arena.data());
  for (const TrainSymbol &symbol : toy.symbols) {
    arena[symbol.tensor.offset] ^= 1;
    bool counts = symbol.role != TRAIN_ROLE_COUNTER;
    EXPECT_EQ(hashState(toy.executable, arena.data()) != before, counts)
        << symbol.tensor.name;
    arena[symbol.tensor.offset] ^= 1;
  }
  arena[toy.outputs[0][0].offset] ^= 1;
  EXPECT_EQ(hashState(toy.executable, arena.data()), before);
  std::swap(toy.symbols[0], toy.symbols[3]);
  toy.finish();
  EXPECT_EQ(hashState(toy.executable, arena.data()), before);
}

// RFC 3720, appendix B.4.
TEST(HashTest, Crc32cKnownAnswers) {
  EXPECT_EQ(crc32c("123456789", 9), 0xE3069283u);
  uint8_t zeros[32] = {}, ones[32];
  std::memset(ones, 0xff, 32);
  EXPECT_EQ(crc32c(zeros, 32), 0x8A9136AAu);
  EXPECT_EQ(crc32c(ones, 32), 0x62A8AB43u);
}

TEST(ScheduleTest, Values) {
  Schedule schedule;
  schedule.rate = 1;
  schedule.minRate = 0.2;
  schedule.warmupSteps = 4;
  schedule.steps = 12;
  EXPECT_DOUBLE_EQ(learningRate(schedule, 0), 0.25);
  EXPECT_DOUBLE_EQ(learningRate(schedule, 3), 1);
  EXPECT_DOUBLE_EQ(learningRate(schedule, 11), 1);
  schedule.kind = ScheduleKind::Linear;
  EXPECT_DOUBLE_EQ(learningRate(schedule, 1), 0.5);
  EXPECT_DOUBLE_EQ(learningRate(schedule, 4), 1);
  EXPECT_DOUBLE_EQ(learningRate(schedule, 8), 0.6);
  EXPECT_DOUBLE_EQ(learningRate(schedule, 12), 0.2);
  EXPECT_DOUBLE_EQ(learningRate(schedule, 100), 0.2);
  schedule.kind = ScheduleKind::Cosine;
  EXPECT_DOUBLE_EQ(learningRate(schedule, 4), 1);
  EXPECT_DOUBLE_EQ(learningRate(schedule, 8), 0.6);
  EXPECT_NEAR(learningRate(schedule, 6), 0.2 + 0.8 * (1 + std::sqrt(0.5)) / 2, 1e-15);
  EXPECT_DOUBLE_EQ(learningRate(schedule, 12), 0.2);
  schedule.warmupSteps = 20; // longer than the training: it only rises
  EXPECT_DOUBLE_EQ(learningRate(schedule, 11), 0.6);
}

TEST(ScheduleTest, NamesRoundTrip) {
  for (auto kind : {ScheduleKind::Constant, ScheduleKind::Linear, ScheduleKind::Cosine})
    EXPECT_EQ(scheduleFromName(scheduleName(kind)), kind);
  EXPECT_FALSE(scheduleFromName("cosin"));
}

} // namespace
