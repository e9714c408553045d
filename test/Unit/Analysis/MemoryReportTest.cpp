// The report's file read back, what is wrong with files from elsewhere, and the
// comparison of reports made by hand.
#include "train/Analysis/ExplainMemory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace train;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

MemoryReport::Buffer makeBuffer(std::string name, Category category, int64_t bytes,
                                int64_t first, int64_t last) {
  MemoryReport::Buffer buffer;
  buffer.name = std::move(name);
  buffer.location = "here";
  buffer.category = category;
  buffer.shape = "4xf32";
  buffer.bytes = bytes;
  buffer.firstUse = first;
  buffer.lastUse = last;
  buffer.uses = {first, last};
  return buffer;
}

/// Five positions, the peak at 2; a parameter and an activation that is saved over it.
MemoryReport makeReport() {
  MemoryReport report;
  report.spaces = {{"device"}, {"host", 4096, 3072}, {"file"}};
  report.peakBytes = 4096;
  report.lowerBoundBytes = 3072;
  report.programs = {{"step", 3072}, {"eval", 1024}};
  report.peak = {"step", 2, "train.matmul", "head", 3072};
  report.buffers = {makeBuffer("w", Category::Parameters, 1024, 0, 4),
                    makeBuffer("h.0/gelu@1", Category::Activations, 2048, 1, 3)};
  report.buffers[1].recompute = MemoryReport::Cost{1000, 4096, 0.25};
  report.byCategory[static_cast<unsigned>(Category::Parameters)] = 1024;
  report.byCategory[static_cast<unsigned>(Category::Activations)] = 2048;
  report.steps = {1024, 3072, 3072, 3072, 1024};
  report.ops.resize(5);
  for (auto [i, op] : llvm::enumerate(report.ops)) {
    op.name = "op" + std::to_string(i);
    op.cost = {static_cast<int64_t>(10 * i), 64, 0.5};
  }
  report.ops[3].recomputed = true;
  return report;
}

std::string print(const MemoryReport &report) {
  return llvm::formatv("{0:2}", llvm::json::Value(toJson(report)));
}

std::string explain(const MemoryReport &report) {
  std::string text;
  llvm::raw_string_ostream os(text);
  explainMemory(report, os);
  return text;
}

std::string compare(const MemoryReport &before, const MemoryReport &after) {
  std::string text;
  llvm::raw_string_ostream os(text);
  compareMemory(before, after, os);
  return text;
}

/// The error of a report's text in which `from`, which is there, is `to`.
std::string errorOf(const std::string &from, const std::string &to) {
  std::string text = print(makeReport());
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  llvm::Expected<MemoryReport> report = parseMemoryReport(text);
  return report ? "" : llvm::toString(report.takeError());
}

TEST(MemoryReport, IsReadBackAsItWasWritten) {
  std::string text = print(makeReport());
  llvm::Expected<MemoryReport> report = parseMemoryReport(text);
  ASSERT_TRUE(static_cast<bool>(report)) << llvm::toString(report.takeError());
  EXPECT_EQ(print(*report), text);
}

TEST(MemoryReport, OfAnOlderVersionHasNeitherOpsNorUses) {
  MemoryReport old = makeReport();
  old.ops.clear();
  for (MemoryReport::Buffer &buffer : old.buffers)
    buffer.uses.clear();
  llvm::Expected<MemoryReport> report = parseMemoryReport(print(old));
  ASSERT_TRUE(static_cast<bool>(report)) << llvm::toString(report.takeError());
  EXPECT_THAT(explain(*report), HasSubstr("from @1 to @3"));
}

TEST(MemoryReport, SaysWhatIsWrongWithAFile) {
  EXPECT_THAT(errorOf("{", ""), Not(""));
  EXPECT_THAT(errorOf("\"buffers\"", "\"others\""), HasSubstr("buffers"));
  EXPECT_THAT(errorOf("\"bytes\": 2048", "\"bytes\": -1"), HasSubstr("2^50"));
  EXPECT_THAT(errorOf("\"bytes\": 2048", "\"bytes\": 9000000000000000000"),
              HasSubstr("2^50"));
  EXPECT_THAT(errorOf("\"bytes\": 2048", "\"bytes\": \"many\""), HasSubstr("bytes"));
  EXPECT_THAT(errorOf("\"category\": \"parameters\"", "\"category\": \"cats\""),
              HasSubstr("unknown category"));
  EXPECT_THAT(errorOf("\"last_use\": 3", "\"last_use\": 5"), HasSubstr("last_use"));
  EXPECT_THAT(errorOf("\"position\": 2", "\"position\": 7"), HasSubstr("position"));
  std::string deep(100000, '[');
  llvm::Expected<MemoryReport> report = parseMemoryReport(deep);
  ASSERT_FALSE(static_cast<bool>(report));
  EXPECT_EQ(llvm::toString(report.takeError()), "nested more than 32 deep");
}

TEST(ExplainMemory, NamesWhatLivesAndWhatItCosts) {
  std::string text = explain(makeReport());
  EXPECT_THAT(text, HasSubstr("3.00 KiB (3072 bytes) live at position 2 of 4"));
  EXPECT_THAT(text, HasSubstr("Activations are 2.00 times the parameters."));
  EXPECT_THAT(text, HasSubstr("from op1 @1 to op3 @3"));
  EXPECT_THAT(text, HasSubstr("lives across steps"));
  EXPECT_THAT(text, HasSubstr("Saved activations: 1 buffers, 2.00 KiB"));
  EXPECT_THAT(text, HasSubstr("Computed again: 1 ops"));
  EXPECT_THAT(text, HasSubstr("@eval needs 1.00 KiB at its own peak."));
}

TEST(ExplainMemory, ShowsLayersAsOneLine) {
  MemoryReport report = makeReport();
  for (int layer = 1; layer < 12; ++layer)
    report.buffers.push_back(makeBuffer("h." + std::to_string(layer) + "/gelu@2",
                                        Category::Activations, 2048, 1, 3));
  std::string text = explain(report);
  EXPECT_THAT(text, HasSubstr("24.00 KiB      12 x 2.00 KiB  h.*/gelu  4xf32"));
  EXPECT_THAT(text, HasSubstr("the first: from op1 @1 to op3 @3"));
}

TEST(CompareMemory, OfEqualReportsIsNothing) {
  EXPECT_THAT(compare(makeReport(), makeReport()),
              HasSubstr("Every buffer is there with the same size in both."));
}

TEST(CompareMemory, ForgetsPositions) {
  MemoryReport after = makeReport();
  after.buffers[1].name = "h.0/gelu@2";
  EXPECT_THAT(compare(makeReport(), after), HasSubstr("Every buffer"));
}

TEST(CompareMemory, NamesEachKindOfChange) {
  MemoryReport before = makeReport(), after = makeReport();
  auto activation = [](std::string name, int64_t bytes, int64_t first, int64_t last) {
    return makeBuffer(std::move(name), Category::Activations, bytes, first, last);
  };
  before.buffers.push_back(activation("gone@1", 64, 1, 1));
  after.buffers.push_back(activation("new@2", 128, 2, 2));
  before.buffers.push_back(activation("bigger@1", 64, 1, 1));
  after.buffers.push_back(activation("bigger@1", 320, 1, 1));
  before.buffers.push_back(activation("smaller@1", 1024, 1, 1));
  after.buffers.push_back(activation("smaller@1", 512, 1, 1));
  // Two of a name: the equal one is the same, the other is new.
  after.buffers.push_back(activation("h.0/gelu@4", 192, 4, 4));
  // Alive at the peak before, and not any more.
  after.buffers[1].lastUse = 1;
  std::string text = compare(before, after);
  EXPECT_THAT(text, HasSubstr("64 B  disappeared     gone@1"));
  EXPECT_THAT(text, HasSubstr("128 B  appeared        new@2  4xf32, alive at the peak"));
  EXPECT_THAT(text, HasSubstr("256 B  grew            bigger@1  from 64 B to 320 B"));
  EXPECT_THAT(text, HasSubstr("512 B  shrank          smaller@1"));
  EXPECT_THAT(text, HasSubstr("192 B  appeared        h.0/gelu@4"));
  EXPECT_THAT(text, HasSubstr("2.00 KiB  left the peak   h.0/gelu@1"));
  EXPECT_LT(text.find("left the peak   h.0"), text.find("shrank          smaller"));
}

} // namespace
