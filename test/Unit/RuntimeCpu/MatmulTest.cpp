// MATMUL against two twins: a chain of fused multiply-adds in ascending k, which it must
// match bit for bit for any number of threads, and the sum in double, within the rounding
// of such a chain.
#include "SimdKernels.h"
#include "Support.h"

using namespace train;
using namespace train::test;

namespace {

struct Case {
  int64_t batch, m, n, k;
  bool transposeLhs, transposeRhs, accumulate;
  bool sharedLhs = false, sharedRhs = false;
};

void check(const Case &c) {
  SCOPED_TRACE(testing::Message()
               << c.batch << " x " << c.m << "x" << c.n << "x" << c.k << " transposes "
               << c.transposeLhs << c.transposeRhs << " accumulate " << c.accumulate);
  int64_t lhsStride = c.sharedLhs ? 0 : c.m * c.k,
          rhsStride = c.sharedRhs ? 0 : c.k * c.n;
  Floats lhs = randomFloats(c.batch * c.m * c.k, 1),
         rhs = randomFloats(c.batch * c.k * c.n, 2);
  Floats initial = randomFloats(c.batch * c.m * c.n, 3);
  Floats chain = initial;
  for (int64_t b = 0; b < c.batch; ++b)
    for (int64_t i = 0; i < c.m; ++i)
      for (int64_t j = 0; j < c.n; ++j) {
        auto at = static_cast<size_t>((b * c.m + i) * c.n + j);
        float sum = c.accumulate ? initial[at] : 0.0f;
        Sum exact;
        exact.add(sum);
        for (int64_t p = 0; p < c.k; ++p) {
          float x = lhs[static_cast<size_t>(
              b * lhsStride + (c.transposeLhs ? p * c.m + i : i * c.k + p))];
          float y = rhs[static_cast<size_t>(
              b * rhsStride + (c.transposeRhs ? j * c.k + p : p * c.n + j))];
          sum = std::fma(x, y, sum);
          exact.add(static_cast<double>(x) * y);
        }
        chain[at] = sum;
        expectNear(sum, exact, 1e-5, "the chain itself");
      }
  for (int threads : {1, 2, 3}) {
    Floats out = initial;
    run(TRAIN_LIBRARY_MATMUL, {lhs.data(), rhs.data(), out.data()},
        {c.batch, c.m, c.n, c.k, lhsStride, rhsStride, c.m * c.n, c.transposeLhs,
         c.transposeRhs, c.accumulate},
        threads);
    ASSERT_TRUE(sameBits(out, chain)) << threads << " threads";
  }
}

} // namespace

TEST(Matmul, SmallSizesInAllLayouts) {
  for (int64_t m : {1, 2, 5, 6, 7, 13, 24, 25})
    for (int64_t n : {1, 3, 15, 16, 17, 33, 50})
      for (int64_t k : {0, 1, 2, 7, 33})
        for (int flags = 0; flags < 8; ++flags)
          check({1, m, n, k, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0});
}

TEST(Matmul, CrossesEveryBlock) {
  for (int flags = 0; flags < 8; ++flags) {
    check({1, 199, 37, 259, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0});
    check({1, 9, 1041, 300, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0});
    check({1, 30, 1041, 257, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0});
  }
}

TEST(Matmul, Batches) {
  for (bool sharedLhs : {false, true})
    for (bool sharedRhs : {false, true}) {
      check({5, 11, 19, 8, false, true, false, sharedLhs, sharedRhs});
      check({3, 40, 70, 31, true, false, true, sharedLhs, sharedRhs});
    }
  check({0, 4, 4, 4, false, false, false});
}

TEST(Matmul, BatchIntoOneOutputIsSummedInOrder) {
  const int64_t batch = 4, m = 7, n = 21, k = 5;
  Floats lhs = randomFloats(batch * m * k, 1), rhs = randomFloats(batch * k * n, 2);
  Floats expected(static_cast<size_t>(m * n), 0.5f), out = expected;
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j)
      for (int64_t b = 0; b < batch; ++b)
        for (int64_t p = 0; p < k; ++p) {
          float &sum = expected[static_cast<size_t>(i * n + j)];
          sum = std::fma(lhs[static_cast<size_t>((b * m + i) * k + p)],
                         rhs[static_cast<size_t>((b * k + p) * n + j)], sum);
        }
  run(TRAIN_LIBRARY_MATMUL, {lhs.data(), rhs.data(), out.data()},
      {batch, m, n, k, m * k, k * n, 0, 0, 0, 1}, 2);
  EXPECT_TRUE(sameBits(out, expected));
}

TEST(Matmul, NaNsAndInfinitiesArrive) {
  Floats lhs(20, 1.0f), rhs(20, 1.0f), out(16);
  lhs[5] = NAN;      // row 1
  rhs[2] = INFINITY; // column 2
  run(TRAIN_LIBRARY_MATMUL, {lhs.data(), rhs.data(), out.data()},
      {1, 4, 4, 5, 0, 0, 0, 0, 0, 0}, 1);
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 4; ++j) {
      float value = out[static_cast<size_t>(4 * i + j)];
      if (i == 1)
        EXPECT_TRUE(std::isnan(value));
      else if (j == 2)
        EXPECT_TRUE(std::isinf(value));
      else
        EXPECT_EQ(value, 5.0f);
    }
}

#ifdef TRAIN_TEST_WIDE_TILES
namespace train::cpu::widetiles {
extern const SimdKernels kernels;
}

// The AVX-512 tile sizes, run in AVX2 instructions, give the bits of the AVX2 tiles.
TEST(Matmul, WideTilesGiveTheSameBits) {
  Floats scratch(cpu::kGemmScratchBytes / sizeof(float));
  for (int64_t m : {1, 11, 12, 13, 25, 200})
    for (int64_t n : {1, 16, 17, 31, 32, 33, 70})
      for (int flags = 0; flags < 8; ++flags) {
        const int64_t k = 261;
        Floats a = randomFloats(m * k, 1), b = randomFloats(k * n, 2);
        Floats narrow = randomFloats(m * n, 3), wide = narrow;
        cpu::GemmTask task{a.data(),
                           b.data(),
                           narrow.data(),
                           m,
                           n,
                           k,
                           (flags & 1) ? m : k,
                           (flags & 2) ? k : n,
                           n,
                           (flags & 1) != 0,
                           (flags & 2) != 0,
                           (flags & 4) != 0};
        cpu::simdKernels()->gemm(task, scratch.data());
        task.c = wide.data();
        cpu::widetiles::kernels.gemm(task, scratch.data());
        ASSERT_TRUE(sameBits(narrow, wide)) << m << "x" << n << " flags " << flags;
      }
}
#endif
