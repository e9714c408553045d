// How many elements stand in a row of a full reduction decides its bits: the split has to
// be the one its declaration promises, and to be found at once for any size.
#include "../../../lib/Conversion/Rows/Expansion.h"

#include <gtest/gtest.h>

using namespace train;

namespace {

/// By pairs of divisors, up to the root of the size.
std::pair<int64_t, int64_t> splitByPairs(int64_t count) {
  int64_t best = 1;
  for (int64_t divisor = 1; divisor * divisor <= count; ++divisor) {
    if (count % divisor)
      continue;
    for (int64_t columns : {divisor, count / divisor})
      if (columns <= 16384)
        best = std::max(best, columns);
  }
  return best < 64 ? std::pair<int64_t, int64_t>{1, count}
                   : std::pair{count / best, best};
}

TEST(SplitForReduction, IsTheLargestDivisor) {
  for (int64_t count = 0; count <= 20000; ++count)
    ASSERT_EQ(rows::splitForReduction(count), splitByPairs(count)) << count;
  // Shapes of models: widths times rows, vocabularies, convolutions, and their
  // neighbours.
  for (int64_t rows : {1, 2, 3, 16, 64, 197, 1000, 1024, 4096, 50257})
    for (int64_t columns : {10, 64, 256, 768, 1000, 1024, 2304, 3072, 4096, 16384, 50257})
      for (int64_t count = rows * columns - 1; count <= rows * columns + 1; ++count)
        ASSERT_EQ(rows::splitForReduction(count), splitByPairs(count)) << count;
}

TEST(SplitForReduction, TheLargestSizesTakeNoTime) {
  // A walk to the root of 2^57 takes a second each.
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(rows::splitForReduction(int64_t(1) << 57).second, 16384);
    // A prime: all in one row.
    EXPECT_EQ(rows::splitForReduction((int64_t(1) << 57) - 13).first, 1);
  }
}

} // namespace
