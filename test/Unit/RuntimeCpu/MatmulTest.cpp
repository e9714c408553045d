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
  TrainType from = TRAIN_TYPE_F32, to = TRAIN_TYPE_F32;
};

void check(const Case &c) {
  SCOPED_TRACE(testing::Message()
               << c.batch << " x " << c.m << "x" << c.n << "x" << c.k << " transposes "
               << c.transposeLhs << c.transposeRhs << " accumulate " << c.accumulate);
  int64_t lhsStride = c.sharedLhs ? 0 : c.m * c.k,
          rhsStride = c.sharedRhs ? 0 : c.k * c.n;
  Floats lhs = roundedFloats(c.batch * c.m * c.k, 1, c.from),
         rhs = roundedFloats(c.batch * c.k * c.n, 2, c.from);
  Floats initial = roundedFloats(c.batch * c.m * c.n, 3, c.to);
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
        chain[at] = nearest(sum, c.to);
        expectNear(sum, exact, 1e-5, "the chain itself");
      }
  std::vector<char> left = encode(lhs, c.from), right = encode(rhs, c.from);
  for (int threads : {1, 2, 3}) {
    std::vector<char> out = encode(initial, c.to);
    run(TRAIN_LIBRARY_MATMUL, {left.data(), right.data(), out.data()},
        {c.batch, c.m, c.n, c.k, lhsStride, rhsStride, c.m * c.n, c.transposeLhs,
         c.transposeRhs, c.accumulate, c.from, c.to},
        threads);
    ASSERT_EQ(out, encode(chain, c.to)) << threads << " threads";
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

// Sums of elements of two bytes are those of the same numbers in f32; results of two
// bytes are rounded once.
TEST(Matmul, NarrowElements) {
  for (TrainType from : {TRAIN_TYPE_F16, TRAIN_TYPE_BF16})
    for (TrainType to : {TRAIN_TYPE_F32, from})
      for (int flags = 0; flags < 8; ++flags) {
        auto with = [&](int64_t batch, int64_t m, int64_t n, int64_t k,
                        bool sharedLhs = false, bool sharedRhs = false) {
          check({batch, m, n, k, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0,
                 sharedLhs, sharedRhs, from, to});
        };
        for (int64_t m : {1, 5, 6, 25})
          for (int64_t n : {1, 3, 17, 50})
            for (int64_t k : {0, 1, 7, 33})
              with(1, m, n, k);
        with(1, 450, 37, 400);
        with(1, 9, 1041, 30);
        with(1, 146, 515, 33); // rounded block by block
        with(1, 146, 20, 390);
        with(1, 440, 17, 770); // held until k is over
        with(1, 5, 520, 770);
        with(1, 1, 70000, 3);
        with(3, 40, 70, 31, true, false);
        with(3, 40, 70, 31, false, true);
      }
}

TEST(Matmul, NarrowResultsRoundAsTheirTypeDoes) {
  struct Sum2 {
    TrainType type;
    float a, b;
    uint16_t expected;
  };
  for (const Sum2 &c : std::initializer_list<Sum2>{
           {TRAIN_TYPE_F16, 65504, 15, 0x7bff},              // below the middle
           {TRAIN_TYPE_F16, 65504, 16, 0x7c00},              // overflow
           {TRAIN_TYPE_F16, -65504, -16, 0xfc00},            //
           {TRAIN_TYPE_F16, 2048, 1, 0x6800},                // ties to even
           {TRAIN_TYPE_F16, 2050, 1, 0x6802},                //
           {TRAIN_TYPE_F16, 0x1p-24f, 0, 0x0001},            // the smallest
           {TRAIN_TYPE_F16, INFINITY, 1, 0x7c00},            //
           {TRAIN_TYPE_BF16, 256, 1, 0x4380},                // ties to even
           {TRAIN_TYPE_BF16, 258, 1, 0x4382},                //
           {TRAIN_TYPE_BF16, 0x1.FEp127f, 0x1p119f, 0x7f80}, // overflow
           {TRAIN_TYPE_BF16, 0x1p-133f, 0, 0x0001}}) {
    std::vector<char> lhs = encode({c.a, c.b}, c.type), ones = encode({1, 1}, c.type);
    uint16_t out = 0;
    run(TRAIN_LIBRARY_MATMUL, {lhs.data(), ones.data(), &out},
        {1, 1, 1, 2, 0, 0, 0, 0, 0, 0, c.type, c.type}, 1);
    EXPECT_EQ(out, c.expected) << c.a << " + " << c.b;
  }
  float nan = NAN;
  uint16_t out = 0;
  std::vector<char> lhs = encode({nan}, TRAIN_TYPE_BF16),
                    one = encode({1}, TRAIN_TYPE_BF16);
  run(TRAIN_LIBRARY_MATMUL, {lhs.data(), one.data(), &out},
      {1, 1, 1, 1, 0, 0, 0, 0, 0, 0, TRAIN_TYPE_BF16, TRAIN_TYPE_BF16}, 1);
  EXPECT_GT(out & 0x7fff, 0x7f80) << "NaN";
}

TEST(Matmul, UnknownElementsAreAnError) {
  float x = 1;
  void *buffers[] = {&x, &x, &x};
  for (auto [from, to] : {std::pair{TRAIN_TYPE_F64, TRAIN_TYPE_F64},
                          {TRAIN_TYPE_F32, TRAIN_TYPE_BF16},
                          {TRAIN_TYPE_F16, TRAIN_TYPE_BF16}}) {
    int64_t params[] = {1, 1, 1, 1, 0, 0, 0, 0, 0, 0, from, to};
    EXPECT_FALSE(rt::runLibrary(TRAIN_LIBRARY_MATMUL, buffers, params, team(1)).ok());
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
      {batch, m, n, k, m * k, k * n, 0, 0, 0, 1, TRAIN_TYPE_F32, TRAIN_TYPE_F32}, 2);
  EXPECT_TRUE(sameBits(out, expected));
}

TEST(Matmul, NaNsAndInfinitiesArrive) {
  Floats lhs(20, 1.0f), rhs(20, 1.0f), out(16);
  lhs[5] = NAN;      // row 1
  rhs[2] = INFINITY; // column 2
  run(TRAIN_LIBRARY_MATMUL, {lhs.data(), rhs.data(), out.data()},
      {1, 4, 4, 5, 0, 0, 0, 0, 0, 0, TRAIN_TYPE_F32, TRAIN_TYPE_F32}, 1);
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
                           cpu::Element::F32,
                           cpu::Element::F32,
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
