// EMBEDDING bit for bit, EMBEDDING_GRAD as sums in ascending order of position, and the
// errors that name the first id outside the table and the first label that is no class.
#include "Support.h"

using namespace train;
using namespace train::test;

namespace {

std::vector<int64_t> makeIds(int64_t count, int64_t rows) {
  std::mt19937 generator(5);
  std::vector<int64_t> ids(static_cast<size_t>(count));
  for (int64_t &id : ids)
    id = static_cast<int64_t>(generator() % static_cast<unsigned>(rows));
  return ids;
}

} // namespace

TEST(Embedding, RowsInBothIdTypes) {
  for (int64_t rows : {1, 11})
    for (int64_t columns : {1, 3, 64, 257})
      for (int64_t count : {0, 1, 300}) {
        Floats table = randomFloats(rows * columns, 1);
        std::vector<int64_t> wide = makeIds(count, rows);
        std::vector<int32_t> narrow(wide.begin(), wide.end());
        Floats expected;
        for (int64_t id : wide)
          expected.insert(expected.end(), table.begin() + id * columns,
                          table.begin() + (id + 1) * columns);
        for (int threads : {1, 2}) {
          Floats out(expected.size());
          run(TRAIN_LIBRARY_EMBEDDING, {table.data(), wide.data(), out.data()},
              {rows, columns, count, TRAIN_TYPE_I64, 4}, threads);
          EXPECT_TRUE(sameBits(out, expected));
          out.assign(expected.size(), 0.0f);
          run(TRAIN_LIBRARY_EMBEDDING, {table.data(), narrow.data(), out.data()},
              {rows, columns, count, TRAIN_TYPE_I32, 4}, threads);
          EXPECT_TRUE(sameBits(out, expected));
          out.assign(expected.size(), 0.0f);
          if (columns % 2 == 0) { // the same bytes as twice as many halves
            run(TRAIN_LIBRARY_EMBEDDING, {table.data(), narrow.data(), out.data()},
                {rows, 2 * columns, count, TRAIN_TYPE_I32, 2}, threads);
            EXPECT_TRUE(sameBits(out, expected));
          }
        }
      }
}

TEST(Embedding, NamesTheFirstBadId) {
  std::vector<int32_t> ids(200000, 3);
  ids[150000] = 7;
  ids[199999] = -1;
  Floats table(7), out(ids.size());
  void *buffers[] = {table.data(), ids.data(), out.data()};
  int64_t params[] = {7, 1, 200000, TRAIN_TYPE_I32, 4};
  for (int threads : {1, 2}) {
    rt::Status status =
        rt::runLibrary(TRAIN_LIBRARY_EMBEDDING, buffers, params, team(threads));
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.message(), "id 7 at position 150000 is outside [0, 7)");
    EXPECT_EQ(status.kind(), rt::ErrorKind::Data);
  }
  void *gradBuffers[] = {ids.data(), out.data(), table.data()};
  int64_t gradParams[] = {
      7, 1, 200000, TRAIN_TYPE_I32, 0, TRAIN_TYPE_F32, TRAIN_TYPE_F32};
  EXPECT_FALSE(
      rt::runLibrary(TRAIN_LIBRARY_EMBEDDING_GRAD, gradBuffers, gradParams, team(1))
          .ok());
}

TEST(CheckLabels, NamesTheFirstThatIsNeitherAClassNorIgnored) {
  std::vector<int32_t> labels(200000, 3);
  labels[5] = -100;
  std::vector<int64_t> wide(labels.begin(), labels.end());
  auto check = [&](void *data, int64_t type, int64_t ignored, int threads) {
    void *buffers[] = {data};
    int64_t params[] = {200000, type, 7, ignored};
    rt::Status status =
        rt::runLibrary(TRAIN_LIBRARY_CHECK_LABELS, buffers, params, team(threads));
    EXPECT_TRUE(status.ok() || status.kind() == rt::ErrorKind::Data);
    return std::string(status.message());
  };
  for (int threads : {1, 2}) {
    EXPECT_EQ(check(labels.data(), TRAIN_TYPE_I32, -100, threads), "");
    EXPECT_EQ(check(wide.data(), TRAIN_TYPE_I64, -100, threads), "");
    EXPECT_EQ(check(labels.data(), TRAIN_TYPE_I32, -1, threads),
              "got label -100 at position 5, expected 0 to 6 or ignore_index -1");
    // The low half of this ignore_index is -100.
    EXPECT_EQ(check(labels.data(), TRAIN_TYPE_I32, 4294967196, threads),
              "got label -100 at position 5, expected 0 to 6 or ignore_index 4294967196");
  }
  labels[150000] = 7;
  labels[199999] = -2000000000;
  wide[170000] = (int64_t(1) << 32) + 3;
  for (int threads : {1, 2}) {
    EXPECT_EQ(check(labels.data(), TRAIN_TYPE_I32, -100, threads),
              "got label 7 at position 150000, expected 0 to 6 or ignore_index -100");
    EXPECT_EQ(
        check(wide.data(), TRAIN_TYPE_I64, -100, threads),
        "got label 4294967299 at position 170000, expected 0 to 6 or ignore_index -100");
  }
}

TEST(EmbeddingGrad, SumsInAscendingOrder) {
  const std::pair<TrainType, TrainType> types[] = {{TRAIN_TYPE_F32, TRAIN_TYPE_F32},
                                                   {TRAIN_TYPE_F16, TRAIN_TYPE_F32},
                                                   {TRAIN_TYPE_F16, TRAIN_TYPE_F16},
                                                   {TRAIN_TYPE_BF16, TRAIN_TYPE_F32},
                                                   {TRAIN_TYPE_BF16, TRAIN_TYPE_BF16}};
  for (auto [from, to] : types)
    for (bool accumulate : {false, true})
      for (int64_t columns : {1, 5, 48, 200}) {
        const int64_t rows = 9, count = 500;
        std::vector<int64_t> ids = makeIds(count, rows);
        Floats dout = roundedFloats(count * columns, 1, from),
               initial = roundedFloats(rows * columns, 2, to);
        Floats expected = initial;
        if (!accumulate)
          expected.assign(expected.size(), 0.0f);
        for (int64_t i = 0; i < count; ++i)
          for (int64_t j = 0; j < columns; ++j)
            expected[static_cast<size_t>(ids[static_cast<size_t>(i)] * columns + j)] +=
                dout[static_cast<size_t>(i * columns + j)];
        std::vector<int64_t> params = {rows,       columns, count, TRAIN_TYPE_I64,
                                       accumulate, from,    to};
        std::vector<char> terms = encode(dout, from);
        for (int threads : {1, 2, 3}) {
          std::vector<char> table = encode(initial, to);
          Workspace workspace(TRAIN_LIBRARY_EMBEDDING_GRAD, params, threads);
          run(TRAIN_LIBRARY_EMBEDDING_GRAD,
              {ids.data(), terms.data(), table.data(), workspace.data()}, params,
              threads);
          EXPECT_EQ(table, encode(rounded(expected, to), to)) << threads << " threads";
        }
      }
}
