//===- SupportTest.cpp - what Support offers all tools --------------------===//
//
// The header-only helpers that the planner's tool shares with the driver
// and the runtime.
//
//===----------------------------------------------------------------------===//
#include "train/Support/ByteSize.h"
#include "train/Support/JsonDepth.h"
#include "train/Support/NearestName.h"
#include "train/Support/Readable.h"

#include <gtest/gtest.h>

using namespace train;

namespace {

TEST(ByteSize, ReadsPlainBinaryAndDecimalUnits) {
  EXPECT_EQ(parseByteSize("0"), 0);
  EXPECT_EQ(parseByteSize("4096"), 4096);
  EXPECT_EQ(parseByteSize("12B"), 12);
  EXPECT_EQ(parseByteSize("1KiB"), 1024);
  EXPECT_EQ(parseByteSize("64 MiB"), 64ll << 20);
  EXPECT_EQ(parseByteSize("1.5GiB"), 3ll << 29);
  EXPECT_EQ(parseByteSize("2TiB"), 2ll << 40);
  EXPECT_EQ(parseByteSize("3kb"), 3000);
  EXPECT_EQ(parseByteSize("2.25GB"), 2250000000);
  EXPECT_EQ(parseByteSize(".5KiB"), 512);
  EXPECT_EQ(parseByteSize("0.1GiB"), 107374182);
  EXPECT_EQ(parseByteSize("9223372036854775807"), INT64_MAX);
}

TEST(ByteSize, RefusesWhatIsNotASize) {
  for (const char *text : {"", " ", "-1", "-1GiB", "+5", "GiB", ".", "1.", "1.GiB", "1e3",
                           "0x10", "1GiBs", "1iB", "1 G iB", "5 apples", "1,5GiB",
                           "9223372036854775808", "8388608TiB", "99999999999999999999"})
    EXPECT_FALSE(parseByteSize(text)) << "'" << text << "'";
}

TEST(ByteSize, FormatsForPeople) {
  EXPECT_EQ(formatByteSize(0), "0 B");
  EXPECT_EQ(formatByteSize(1023), "1023 B");
  EXPECT_EQ(formatByteSize(1536), "1.50 KiB");
  EXPECT_EQ(formatByteSize(3ll << 29), "1.50 GiB");
  EXPECT_EQ(formatByteSize(5ll << 50), "5120.00 TiB");
}

TEST(NearestName, FindsSlipsOnly) {
  std::vector<std::string> names = {"arena", "residency", "--capacity", "--alignment"};
  EXPECT_EQ(nearestName("arean", names), "arena");
  EXPECT_EQ(nearestName("residancy", names), "residency");
  EXPECT_EQ(nearestName("--capcity", names), "--capacity");
  EXPECT_EQ(nearestName("banana", names), "");
  EXPECT_EQ(nearestName("", names), "");
  EXPECT_EQ(nearestName(std::string(100000, 'a'), names), "");
  EXPECT_EQ(nearestName("x", {"y", "x1"}), "x1");
}

TEST(NearestName, DistanceCountsSwapsOnce) {
  EXPECT_EQ(editDistance("", "abc"), 3u);
  EXPECT_EQ(editDistance("abc", "abc"), 0u);
  EXPECT_EQ(editDistance("abcd", "abdc"), 1u);
  EXPECT_EQ(editDistance("kitten", "sitting"), 3u);
}

TEST(NearestName, CaseIsNoDifference) {
  EXPECT_EQ(nearestName("MLIR", {"llvm", "mlir"}), "mlir");
  EXPECT_EQ(nearestName("adamw", {"SGD", "AdamW"}), "AdamW");
}

TEST(JsonDepth, CountsOpenBrackets) {
  EXPECT_FALSE(isNestedDeeper("[[], {}, []]", 2));
  EXPECT_TRUE(isNestedDeeper("[[], {\"a\": []}]", 2));
  EXPECT_FALSE(isNestedDeeper("[\"[[[\\\"[[[\"]", 1));
  EXPECT_TRUE(isNestedDeeper(std::string(kDeepestJson + 1, '{')));
  EXPECT_FALSE(isNestedDeeper(std::string(kDeepestJson, '{')));
}

TEST(Readable, DevicesMayHaveNoEnd) {
  EXPECT_NE(findEndless("/dev/zero"), "");
  EXPECT_EQ(findEndless("/dev/null"), "");
  EXPECT_EQ(findEndless("-"), "");
  EXPECT_EQ(findEndless("/nowhere at all"), "");
}

} // namespace
