//===- ArenaTextTest.cpp - the CSV form, and what it refuses --------------===//

#include "train/Planning/ArenaText.h"

#include <gtest/gtest.h>

using namespace train::planning;

namespace {

TEST(ArenaText, ReadsColumnsInAnyOrder) {
  std::string error;
  std::optional<ArenaText> text =
      parseArena("size, id ,upper,lower\r\n4,b1,3,0\r\n\r\n8,b2,9,3", error);
  ASSERT_TRUE(text) << error;
  EXPECT_FALSE(text->offsets);
  ASSERT_EQ(text->problem.buffers.size(), 2u);
  const Buffer &last = text->problem.buffers[1];
  EXPECT_EQ(last.id, "b2");
  EXPECT_EQ(last.lower, 3);
  EXPECT_EQ(last.upper, 9);
  EXPECT_EQ(last.size, 8);
}

TEST(ArenaText, HeaderAloneIsAnEmptyProblem) {
  std::string error;
  std::optional<ArenaText> text = parseArena("id,lower,upper,size\n", error);
  ASSERT_TRUE(text) << error;
  EXPECT_TRUE(text->problem.buffers.empty());
}

TEST(ArenaText, PrintedSolutionReadsBack) {
  std::string error;
  std::optional<ArenaText> text =
      parseArena("id,lower,upper,size\nx,-2,3,4\ny,0,9,8\n", error);
  ASSERT_TRUE(text) << error;
  std::string printed = printArena(text->problem, {8, 0});
  EXPECT_EQ(printed, "id,lower,upper,size,offset\nx,-2,3,4,8\ny,0,9,8,0\n");
  std::optional<ArenaText> again = parseArena(printed, error);
  ASSERT_TRUE(again) << error;
  EXPECT_EQ(again->offsets, (std::vector<int64_t>{8, 0}));
}

struct Malformed {
  const char *name, *text, *error;
};

class ArenaTextErrors : public testing::TestWithParam<Malformed> {};

TEST_P(ArenaTextErrors, SayLineAndCause) {
  std::string error;
  EXPECT_FALSE(parseArena(GetParam().text, error));
  EXPECT_EQ(error, GetParam().error);
}

const Malformed malformed[] = {
    {"empty", "", "the file is empty: expected a header line id,lower,upper,size"},
    {"blank", "\n \r\n", "the file is empty: expected a header line id,lower,upper,size"},
    {"missing", "id,lower,size\n",
     "line 1: column 'upper' is missing: expected id, lower, upper and size"},
    {"extra", "id,lower,upper,size,alignment\n",
     "line 1: column 'alignment' is not supported: expected id, lower, upper and size"},
    {"binary", "\x01\x02\x7f\n",
     "line 1: column '?\?\?' is not supported: expected id, lower, upper and size"},
    {"twice", "id,lower,lower,upper,size\n", "line 1: column 'lower' appears twice"},
    {"fields", "id,lower,upper,size\na,0,1\n", "line 2: expected 4 fields, got 3"},
    {"number", "id,lower,upper,size\n\na,0,1,4\nb,0,x1,4\n",
     "line 4: upper 'x1' is not a whole number"},
    {"fraction", "id,lower,upper,size\na,0,1,4.5\n",
     "line 2: size '4.5' is not a whole number"},
    {"nothing", "id,lower,upper,size\na,,1,4\n",
     "line 2: lower '' is not a whole number"},
    {"overflow", "id,lower,upper,size\na,0,1,9223372036854775808\n",
     "line 2: size '9223372036854775808' overflows 63 bits"},
    {"duplicate", "id,lower,upper,size\na,0,1,4\nb,0,1,4\na,2,3,4\n",
     "line 4: id 'a' is already used on line 2"},
    {"unnamed", "id,lower,upper,size\n,0,1,4\n", "line 2: the id is empty"},
    {"reversed", "id,lower,upper,size\na,5,5,4\n",
     "line 2: lower 5 is not less than upper 5"},
    {"negative", "id,lower,upper,size\na,0,1,-4\n", "line 2: size -4 is negative"},
    {"total", "id,lower,upper,size\na,0,1,4611686018427387904\nb,0,1,1\n",
     "sizes exceed 2^62 bytes in all at buffer 'b' of 1 bytes"},
    {"offset", "id,lower,upper,size,offset\na,0,1,4,-\n",
     "line 2: offset '-' is not a whole number"},
};

INSTANTIATE_TEST_SUITE_P(Arena, ArenaTextErrors, testing::ValuesIn(malformed),
                         [](const auto &info) { return std::string(info.param.name); });

TEST(ArenaText, HugeLineIsRefusedNotShown) {
  std::string error;
  EXPECT_FALSE(parseArena("id,lower,upper,size\n" + std::string(1 << 20, '7'), error));
  EXPECT_EQ(error, "line 2: has 1048576 bytes, the limit is 65536");
  EXPECT_FALSE(parseArena(std::string(1000, 'x') + "\n", error));
  EXPECT_LT(error.size(), 200u);
}

} // namespace
