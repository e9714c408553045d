// COPY and FILL against a loop over the index space, bit for bit, for all element sizes.
#include "Support.h"

#include <numeric>

using namespace train;
using namespace train::test;

namespace {

struct Case {
  std::vector<int64_t> shape, src, dst;
  int64_t srcOffset = 0, dstOffset = 0;
};

int64_t extent(const std::vector<int64_t> &shape, const std::vector<int64_t> &strides,
               int64_t offset) {
  int64_t last = offset;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0)
      return offset;
    last += (shape[i] - 1) * strides[i];
  }
  return last + 1;
}

void check(const Case &c) {
  for (int64_t bytes : {1, 2, 4, 8}) {
    auto srcCount = static_cast<size_t>(extent(c.shape, c.src, c.srcOffset) * bytes);
    auto dstCount = static_cast<size_t>(extent(c.shape, c.dst, c.dstOffset) * bytes);
    std::vector<unsigned char> src(srcCount), expected(dstCount, 0xee);
    for (size_t i = 0; i < srcCount; ++i)
      src[i] = static_cast<unsigned char>(i * 131 + i / 251);
    std::vector<int64_t> index(c.shape.size(), 0);
    int64_t total = std::accumulate(c.shape.begin(), c.shape.end(), int64_t{1},
                                    std::multiplies<int64_t>());
    for (int64_t n = 0; n < total; ++n) {
      int64_t rest = n, from = c.srcOffset, to = c.dstOffset;
      for (size_t i = c.shape.size(); i-- > 0;) {
        from += rest % c.shape[i] * c.src[i];
        to += rest % c.shape[i] * c.dst[i];
        rest /= c.shape[i];
      }
      std::memcpy(&expected[static_cast<size_t>(to * bytes)],
                  &src[static_cast<size_t>(from * bytes)], static_cast<size_t>(bytes));
    }
    std::vector<int64_t> params = {bytes, static_cast<int64_t>(c.shape.size()),
                                   c.srcOffset, c.dstOffset};
    for (const auto *part : {&c.shape, &c.src, &c.dst})
      params.insert(params.end(), part->begin(), part->end());
    for (int threads : {1, 2, 3}) {
      std::vector<unsigned char> dst(dstCount, 0xee);
      run(TRAIN_LIBRARY_COPY, {src.data(), dst.data()}, params, threads);
      ASSERT_EQ(dst, expected) << bytes << " bytes, " << threads << " threads";
    }
  }
}

std::vector<int64_t> dense(const std::vector<int64_t> &shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  return strides;
}

/// Result dimension i is source dimension permutation[i].
Case transpose(const std::vector<int64_t> &srcShape,
               const std::vector<size_t> &permutation) {
  Case c;
  std::vector<int64_t> strides = dense(srcShape);
  for (size_t source : permutation) {
    c.shape.push_back(srcShape[source]);
    c.src.push_back(strides[source]);
  }
  c.dst = dense(c.shape);
  return c;
}

} // namespace

TEST(Copy, Contiguous) {
  for (int64_t n : {1, 7, 1000, 300000})
    check({{n}, {1}, {1}});
  check({{}, {}, {}});
  check({{3, 0, 2}, {2, 2, 1}, {2, 2, 1}});
  check({{30, 40, 50}, dense({30, 40, 50}), dense({30, 40, 50})});
}

TEST(Copy, Transposes) {
  for (auto shape :
       {std::vector<int64_t>{1, 5}, {8, 8}, {64, 64}, {65, 130}, {3, 1000}, {700, 9}})
    check(transpose(shape, {1, 0}));
  check(transpose({4, 33, 6, 20}, {0, 2, 1, 3}));
  check(transpose({4, 33, 6, 20}, {3, 2, 1, 0}));
  check(transpose({2, 1, 70, 1, 40}, {4, 1, 0, 3, 2}));
  check(transpose({2, 3, 4, 5, 2, 3, 2, 2}, {7, 5, 3, 1, 6, 4, 2, 0}));
}

TEST(Copy, SlicesAndPads) {
  check({{20, 30}, {100, 1}, {30, 1}, 205, 0});
  check({{20, 30}, {30, 1}, {100, 1}, 0, 305});
  check({{20, 30}, {100, 2}, {30, 1}, 3, 0});
  check({{20, 30}, {30, 1}, {300, 3}, 0, 7});
}

TEST(Copy, Broadcasts) {
  check({{50, 70}, {0, 1}, {70, 1}});
  check({{50, 70}, {1, 0}, {70, 1}});
  check({{50, 70}, {0, 0}, {70, 1}});
  check({{5, 300, 70}, {70, 0, 1}, {21000, 70, 1}});
}

TEST(Copy, LargeEnoughToShare) {
  check(transpose({300, 500}, {1, 0}));
  check({{400, 300}, {0, 1}, {300, 1}});
}

TEST(Copy, RefusesOddElements) {
  float x = 0;
  void *buffers[] = {&x, &x};
  int64_t params[] = {3, 0, 0, 0};
  rt::Status status = rt::runLibrary(TRAIN_LIBRARY_COPY, buffers, params, team(1));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.message(), "copy of elements of 3 bytes; expected 1, 2, 4 or 8");
}

TEST(Fill, AllSizesAndValues) {
  for (int64_t bytes : {1, 2, 4, 8})
    for (int64_t count : {0, 1, 1000, 200001})
      for (int64_t value : {int64_t{0}, int64_t{0x0123456789abcdef}}) {
        std::vector<unsigned char> dst(static_cast<size_t>((count + 1) * bytes), 0xee);
        std::vector<unsigned char> expected = dst;
        for (int64_t i = 0; i < count; ++i)
          std::memcpy(&expected[static_cast<size_t>(i * bytes)], &value,
                      static_cast<size_t>(bytes));
        run(TRAIN_LIBRARY_FILL, {dst.data()}, {bytes, count, value}, 2);
        ASSERT_EQ(dst, expected);
      }
}
