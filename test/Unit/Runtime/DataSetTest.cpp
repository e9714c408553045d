// Binding of files to inputs, conversion of samples, and the sample order.
#include "TestFiles.h"
#include "Toy.h"

#include "train/rt/DataSet.h"
#include "train/rt/Permutation.h"
#include "train/rt/Symbols.h"

#include <cstring>
#include <set>

using namespace train;
using namespace train::rt;
using namespace train::rt::test;

namespace {

class DataSetTest : public TestFiles {
protected:
  DataSetTest() {
    toy::makeBigram(bigram, 2, 4);
    toy::makeRegression(regression, 2, 1);
  }
  template <typename T>
  std::vector<T> loaded(const toy::Toy &toy, const DataSet &data, const char *input,
                        std::vector<int64_t> rows) {
    std::vector<uint8_t> arena(toy.executable.arena_bytes);
    const TrainProgram &program = toy.programs[0];
    EXPECT_TRUE(data.load(arena.data(), program, rows.data()).ok());
    const TrainTensor &tensor = findInput(program, input)->tensor;
    std::vector<T> values(tensor.bytes / sizeof(T));
    std::memcpy(values.data(), arena.data() + tensor.offset, tensor.bytes);
    return values;
  }
  toy::Toy bigram, regression;
};

TEST_F(DataSetTest, LabelsAreTheNextTokens) {
  // 13 tokens: three windows of four, the last label is token 12.
  auto data = DataSet::open(bigram.programs[0], {write("t.txt", "abcdefghijklm")});
  ASSERT_TRUE(data.ok()) << data.message();
  EXPECT_EQ(data->samples(), 3);
  EXPECT_TRUE(data->isText());
  EXPECT_EQ(loaded<int32_t>(bigram, *data, "tokens", {0, 2}),
            (std::vector<int32_t>{'a', 'b', 'c', 'd', 'i', 'j', 'k', 'l'}));
  EXPECT_EQ(loaded<int32_t>(bigram, *data, "labels", {0, 2}),
            (std::vector<int32_t>{'b', 'c', 'd', 'e', 'j', 'k', 'l', 'm'}));
}

TEST_F(DataSetTest, TooShortStreamsSayWhatTheyNeed) {
  EXPECT_ERROR(DataSet::open(bigram.programs[0], {write("t.txt", "abcd")}),
               "4 tokens, one sample needs 5");
  EXPECT_ERROR(DataSet::open(bigram.programs[0], {write("t.txt", "")}), "0 tokens");
  EXPECT_TRUE(DataSet::open(bigram.programs[0], {write("t.txt", "abcde")}).ok());
}

TEST_F(DataSetTest, RowsOfNpyFiles) {
  std::string x =
      write("x.npy", npyOf("<f8", "(2, 3)", bytes<double>({1, 2, 3, 4, 5, 6})));
  std::string y = write("y.npy", npyOf("<i4", "(2,)", bytes<int32_t>({7, 8})));
  auto data = DataSet::open(regression.programs[0], {"x:" + x, "labels:" + y});
  ASSERT_TRUE(data.ok()) << data.message();
  EXPECT_EQ(data->samples(), 2);
  EXPECT_EQ(loaded<float>(regression, *data, "x", {1, 0}),
            (std::vector<float>{4, 5, 6, 1, 2, 3}));
  EXPECT_EQ(loaded<float>(regression, *data, "labels", {1, 1}),
            (std::vector<float>{8, 8}));
}

TEST_F(DataSetTest, WhatCannotBeBound) {
  const TrainProgram &program = regression.programs[0];
  std::string x = write("x.npy", npyOf("<f4", "(2, 3)", std::string(24, '\0')));
  std::string wide = write("w.npy", npyOf("<f4", "(2, 4)", std::string(32, '\0')));
  std::string three = write("l.npy", npyOf("<f4", "(3,)", std::string(12, '\0')));
  EXPECT_ERROR(DataSet::open(program, {"x:" + x}), "no data for input 'labels'");
  EXPECT_ERROR(DataSet::open(program, {x}), "name one with");
  EXPECT_ERROR(DataSet::open(program, {"y:" + x}), "no input 'y'");
  EXPECT_ERROR(DataSet::open(program, {"label:" + x}), "did you mean 'labels'");
  EXPECT_ERROR(DataSet::open(program, {"x:" + x, "x:" + x}), "given twice");
  EXPECT_ERROR(DataSet::open(program, {"x:" + wide}), "[samples,3]");
  EXPECT_ERROR(DataSet::open(program, {"x:" + x, "labels:" + three}), "3 samples");
  EXPECT_ERROR(
      DataSet::open(bigram.programs[0],
                    {write("f.npy", npyOf("<f4", "(9,)", std::string(36, 'x')))}),
      "f32 values cannot become the i32");
}

TEST_F(DataSetTest, IdsAreComparedWithTheVocabulary) {
  bigram.inputs[0][0].vocabulary = 100;
  bigram.finish();
  auto data =
      DataSet::open(bigram.programs[0],
                    {write("t.bin", bytes<uint16_t>({1, 2, 3, 4, 5, 6, 100, 8, 9}))});
  ASSERT_TRUE(data.ok()) << data.message();
  std::vector<uint8_t> arena(bigram.executable.arena_bytes);
  int64_t rows[] = {0, 1};
  Status status = data->load(arena.data(), bigram.programs[0], rows);
  EXPECT_ERROR(status, "id 100 at position 6 is not below the vocabulary of 100");
  EXPECT_ERROR(status, "t.bin");
}

// The last token of a stream is only ever a label, and labels have no vocabulary of their
// own here.
TEST_F(DataSetTest, LabelsOfAStreamAreCompared) {
  bigram.inputs[0][0].vocabulary = 100;
  bigram.finish();
  auto data = DataSet::open(bigram.programs[0],
                            {write("t.bin", bytes<uint16_t>({1, 2, 3, 4, 200}))});
  ASSERT_TRUE(data.ok()) << data.message();
  std::vector<uint8_t> arena(bigram.executable.arena_bytes);
  int64_t rows[] = {0, 0};
  EXPECT_ERROR(
      data->load(arena.data(), bigram.programs[0], rows),
      "id 200 at position 4 is not below the vocabulary of 100 (input 'labels')");
}

// Each input has a bound of its own: a token is no label, and a label no token.
TEST_F(DataSetTest, LabelsHaveTheirOwnClasses) {
  bigram.inputs[0][0].vocabulary = 100;
  bigram.inputs[0][1].vocabulary = 50;
  bigram.finish();
  std::vector<uint8_t> arena(bigram.executable.arena_bytes);
  int64_t rows[] = {0, 0};
  for (auto [first, second, message] :
       {std::tuple{99, 49, ""},
        {49, 60,
         "id 60 at position 1 is not below the vocabulary of 50 (input 'labels')"},
        {100, 3,
         "id 100 at position 0 is not below the vocabulary of 100 (input 'tokens')"}}) {
    auto tokens = std::vector<uint16_t>{uint16_t(first), uint16_t(second), 3, 4, 5};
    auto data = DataSet::open(bigram.programs[0], {write("t.bin", bytes(tokens))});
    ASSERT_TRUE(data.ok()) << data.message();
    Status status = data->load(arena.data(), bigram.programs[0], rows);
    if (*message)
      EXPECT_ERROR(status, message);
    else
      EXPECT_TRUE(status.ok()) << status.message();
  }
}

TEST_F(DataSetTest, OnlyTheIgnoredLabelIsNegative) {
  bigram.inputs[0][1].vocabulary = 50;
  bigram.inputs[0][1].ignored = -100;
  bigram.finish();
  std::vector<uint8_t> arena(bigram.executable.arena_bytes);
  int64_t rows[] = {0, 0};
  auto load = [&](int32_t token, int32_t label) {
    auto x = npyOf("<i4", "(1, 4)", bytes<int32_t>({1, 2, token, 4}));
    auto y = npyOf("<i4", "(1, 4)", bytes<int32_t>({1, 2, 3, label}));
    auto data = DataSet::open(bigram.programs[0], {"tokens:" + write("x.npy", x),
                                                   "labels:" + write("y.npy", y)});
    EXPECT_TRUE(data.ok()) << data.message();
    return data->load(arena.data(), bigram.programs[0], rows);
  };
  EXPECT_TRUE(load(0, -100).ok());
  for (int32_t label : {-1, -101, -2000000000}) {
    Status status = load(0, label);
    EXPECT_ERROR(status, "y.npy': id " + std::to_string(label) +
                             " at position 3 is negative, the vocabulary has 50, and not "
                             "the ignored label -100 either (input 'labels')");
    EXPECT_EQ(status.kind(), ErrorKind::Data);
  }
  EXPECT_ERROR(load(0, 50), "id 50 at position 3 is not below the vocabulary of 50");
  EXPECT_ERROR(load(-1, 0), "x.npy': id -1 at position 2 is negative, the vocabulary has "
                            "256 (input 'tokens')");
  EXPECT_FALSE(load(-100, 0).ok());
}

TEST_F(DataSetTest, ValuesThatDoNotFitAreNamed) {
  auto data = DataSet::open(
      bigram.programs[0],
      {write("t.npy",
             npyOf("<i8", "(9,)", bytes<int64_t>({1, 2, 3, 4, 5, 6, 7, 1ll << 40, 9})))});
  ASSERT_TRUE(data.ok()) << data.message();
  std::vector<uint8_t> arena(bigram.executable.arena_bytes);
  int64_t rows[] = {0, 1};
  EXPECT_ERROR(data->load(arena.data(), bigram.programs[0], rows),
               "value 1099511627776 at position 7 does not fit the i32");
  // Exactly, where a double would round.
  for (auto [type, value, text] :
       {std::tuple{"<i8", uint64_t(INT64_MAX), "9223372036854775807"},
        {"<u8", UINT64_MAX, "18446744073709551615"},
        {"<i8", uint64_t(INT64_MIN) + 1, "-9223372036854775807"}}) {
    data = DataSet::open(
        bigram.programs[0],
        {write("t.npy", npyOf(type, "(9,)", bytes(std::vector<uint64_t>(9, value))))});
    ASSERT_TRUE(data.ok()) << data.message();
    EXPECT_ERROR(data->load(arena.data(), bigram.programs[0], rows),
                 "value " + std::string(text) + " at position 0 does not fit the i32");
  }
}

TEST(PermutationTest, IsABijectionForEverySize) {
  for (uint64_t n : {1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 255, 1000, 4097}) {
    for (uint64_t epoch : {0, 1, 7}) {
      Permutation permutation(n, 42, epoch);
      std::vector<bool> seen(n);
      for (uint64_t i = 0; i < n; ++i) {
        uint64_t image = permutation(i);
        ASSERT_LT(image, n);
        ASSERT_FALSE(seen[image]) << n << " " << i;
        seen[image] = true;
      }
    }
  }
}

TEST(PermutationTest, DependsOnSeedAndEpoch) {
  auto order = [](uint64_t seed, uint64_t epoch) {
    std::vector<uint64_t> images;
    for (uint64_t i = 0; i < 100; ++i)
      images.push_back(Permutation(100, seed, epoch)(i));
    return images;
  };
  std::set<std::vector<uint64_t>> orders = {order(1, 0), order(1, 1), order(2, 0),
                                            order(2, 1)};
  EXPECT_EQ(orders.size(), 4u);
  EXPECT_EQ(order(1, 0), order(1, 0));
}

// Where element 0 goes must be spread evenly; chi-square with 15 degrees of freedom stays
// below 45 with probability 0.9999.
TEST(PermutationTest, SpreadsFirstElement) {
  std::vector<int> counts(16);
  for (uint64_t seed = 0; seed < 16000; ++seed)
    ++counts[Permutation(16, seed, 0)(0)];
  double chi = 0;
  for (int count : counts)
    chi += (count - 1000.0) * (count - 1000.0) / 1000.0;
  EXPECT_LT(chi, 45);
}

TEST(PermutationTest, LargeDomains) {
  uint64_t n = (uint64_t(1) << 40) + 12345;
  Permutation permutation(n, 3, 0);
  std::set<uint64_t> images;
  for (uint64_t i = 0; i < 1000; ++i)
    images.insert(permutation(i * (n / 1000)));
  EXPECT_EQ(images.size(), 1000u);
  EXPECT_LT(*images.rbegin(), n);
}

TEST(PermutationTest, EachEpochVisitsEverySample) {
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    std::set<int64_t> seen;
    for (int64_t i = 0; i < 50; ++i)
      seen.insert(shuffledSample(50, 9, epoch * 50 + i));
    EXPECT_EQ(seen.size(), 50u);
  }
}

TEST(PermutationTest, FileOrderStartsAgainAtEachEpoch) {
  for (int64_t position = 0; position < 120; ++position) {
    EXPECT_EQ(sampleAt(SampleOrder::File, 50, 9, position), position % 50);
    EXPECT_EQ(sampleAt(SampleOrder::Shuffled, 50, 9, position),
              shuffledSample(50, 9, position));
  }
}

} // namespace
