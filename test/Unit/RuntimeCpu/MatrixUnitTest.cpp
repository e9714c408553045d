// Products of bf16 on a matrix unit: the software unit against the arithmetic of
// TDPBF16PS written out, bit for bit, and against sums in double; then the same source in
// AMX instructions against the software unit, bit for bit. Where the CPU has no AMX, a
// handler executes these instructions (AmxInstructions.h).
#include "AmxInstructions.h"
#include "SimdKernels.h"
#include "Support.h"

#ifdef TRAIN_TEST_MATRIX_UNIT

using namespace train;
using namespace train::test;

namespace train::cpu::softunit {
void addMatrixUnit(SimdKernels &kernels);
}
namespace train::cpu::amxunit {
void addMatrixUnit(SimdKernels &kernels);
}

namespace {

/// This machine's table with a unit.
cpu::SimdKernels tableWith(void (*addMatrixUnit)(cpu::SimdKernels &)) {
  cpu::useSimdKernels(nullptr);
  cpu::SimdKernels kernels = *cpu::simdKernels();
  addMatrixUnit(kernels);
  return kernels;
}
const cpu::SimdKernels kSoft = tableWith(cpu::softunit::addMatrixUnit);
const cpu::SimdKernels kAmx = tableWith(cpu::amxunit::addMatrixUnit);

/// The library entries compute with this table while it lives.
struct Using {
  explicit Using(const cpu::SimdKernels &kernels) { cpu::useSimdKernels(&kernels); }
  ~Using() { cpu::useSimdKernels(nullptr); }
};

float flushed(float x) { return std::fpclassify(x) == FP_SUBNORMAL ? x * 0.0f : x; }

/// One element of C as the unit computes it, and in double.
struct Element {
  float value;
  Sum exact;
  float even = 0, odd = 0;
  int64_t terms = 0;
  explicit Element(float initial) : value(initial) { exact.add(initial); }
  void add(float x, float y) {
    exact.add(static_cast<double>(x) * y);
    step(x, y);
  }
  float result() {
    while (terms % 32)
      step(0, 0);
    return value;
  }

private:
  void step(float x, float y) {
    float &chain = terms % 2 ? odd : even;
    chain = flushed(std::fma(flushed(x), flushed(y), chain));
    if (++terms % 32 == 0) {
      value = flushed(flushed(value) + flushed(even + odd));
      even = odd = 0;
    }
  }
};

struct Case {
  int64_t batch, m, n, k;
  bool transposeLhs, transposeRhs, accumulate;
  TrainType to = TRAIN_TYPE_F32;
  bool oneOutput = false; ///< the batch is summed
};

std::vector<char> product(const Case &c, const Floats &lhs, const Floats &rhs,
                          const Floats &initial, int threads) {
  std::vector<char> left = encode(lhs, TRAIN_TYPE_BF16),
                    right = encode(rhs, TRAIN_TYPE_BF16), out = encode(initial, c.to);
  run(TRAIN_LIBRARY_MATMUL, {left.data(), right.data(), out.data()},
      {c.batch, c.m, c.n, c.k, c.m * c.k, c.k * c.n, c.oneOutput ? 0 : c.m * c.n,
       c.transposeLhs, c.transposeRhs, c.accumulate, TRAIN_TYPE_BF16, c.to},
      threads);
  return out;
}

/// Some elements are subnormal.
Floats operand(int64_t count, unsigned seed) {
  Floats values = roundedFloats(count, seed, TRAIN_TYPE_BF16);
  for (size_t i = 5; i < values.size(); i += 97)
    values[i] = 0x1.8p-128f;
  return values;
}

void check(const Case &c) {
  SCOPED_TRACE(testing::Message()
               << c.batch << " x " << c.m << "x" << c.n << "x" << c.k << " transposes "
               << c.transposeLhs << c.transposeRhs << " accumulate " << c.accumulate);
  const Floats lhs = operand(c.batch * c.m * c.k, 1),
               rhs = operand(c.batch * c.k * c.n, 2),
               initial = roundedFloats((c.oneOutput ? 1 : c.batch) * c.m * c.n, 3, c.to);
  Floats expected(initial.size());
  for (size_t at = 0; at < initial.size(); ++at) {
    const auto place = static_cast<int64_t>(at);
    const int64_t i = place / c.n % c.m, j = place % c.n;
    const int64_t first = c.oneOutput ? 0 : place / c.n / c.m;
    float sum = c.accumulate ? initial[at] : 0.0f;
    for (int64_t b = first; b < (c.oneOutput ? c.batch : first + 1); ++b) {
      Element element(sum);
      for (int64_t p = 0; p < c.k; ++p)
        element.add(lhs[static_cast<size_t>(
                        b * c.m * c.k + (c.transposeLhs ? p * c.m + i : i * c.k + p))],
                    rhs[static_cast<size_t>(
                        b * c.k * c.n + (c.transposeRhs ? j * c.k + p : p * c.n + j))]);
      sum = element.result();
      expectNear(sum, element.exact, 1e-5, "the unit's order itself");
    }
    expected[at] = nearest(sum, c.to);
  }
  const Using soft(kSoft);
  for (int threads : {1, 2, 3})
    ASSERT_EQ(product(c, lhs, rhs, initial, threads), encode(expected, c.to))
        << threads << " threads";
}

} // namespace

TEST(MatrixUnit, SmallSizesInAllLayouts) {
  for (TrainType to : {TRAIN_TYPE_F32, TRAIN_TYPE_BF16})
    for (int64_t m : {1, 2, 15, 16, 17, 33, 65})
      for (int64_t n : {1, 2, 15, 16, 17, 33, 65})
        for (int64_t k : {0, 1, 2, 31, 32, 33, 70})
          for (int flags = 0; flags < 8; ++flags)
            check({1, m, n, k, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0, to});
}

TEST(MatrixUnit, CrossesEveryBlock) {
  for (int flags = 0; flags < 8; ++flags)
    for (TrainType to : {TRAIN_TYPE_F32, TRAIN_TYPE_BF16}) {
      auto with = [&](int64_t m, int64_t n, int64_t k) {
        check({1, m, n, k, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0, to});
      };
      with(450, 37, 40);
      with(20, 1475, 33);
      with(18, 35, 1061);
    }
}

TEST(MatrixUnit, Batches) {
  check({5, 19, 18, 40, false, true, false});
  check({3, 40, 70, 31, true, false, true, TRAIN_TYPE_BF16});
  Case summed{4, 21, 35, 45, true, false, true};
  summed.oneOutput = true;
  check(summed);
}

// What C held before its first block of k, or a cut tile's neighbours, must not leak in.
TEST(MatrixUnit, NaNsAndInfinitiesArrive) {
  const int64_t m = 20, n = 37, k = 70;
  Floats lhs(m * k, 1.0f), rhs(k * n, 1.0f), initial(m * n, NAN);
  lhs[5 * k + 69] = NAN;
  rhs[3 * n + 36] = INFINITY;
  const Using soft(kSoft);
  Floats out = decode(product({1, m, n, k, false, false, false}, lhs, rhs, initial, 1),
                      TRAIN_TYPE_F32);
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      const float value = out[static_cast<size_t>(i * n + j)];
      if (i == 5)
        EXPECT_TRUE(std::isnan(value));
      else if (j == 36)
        EXPECT_TRUE(std::isinf(value));
      else
        EXPECT_EQ(value, 70.0f);
    }
}

TEST(MatrixUnit, OtherElementsKeepTheirChains) {
  const int64_t m = 37, n = 50, k = 61;
  for (TrainType type : {TRAIN_TYPE_F32, TRAIN_TYPE_F16}) {
    const std::vector<char> lhs = encode(roundedFloats(m * k, 1, type), type),
                            rhs = encode(roundedFloats(k * n, 2, type), type);
    std::vector<char> chain = encode(Floats(m * n), type), unit = chain;
    auto into = [&](std::vector<char> &out) {
      std::vector<char> left = lhs, right = rhs;
      run(TRAIN_LIBRARY_MATMUL, {left.data(), right.data(), out.data()},
          {1, m, n, k, 0, 0, 0, 0, 0, 0, type, type}, 2);
    };
    into(chain);
    const Using soft(kSoft);
    into(unit);
    EXPECT_EQ(chain, unit);
  }
}

namespace {

struct Images {
  int64_t N, C, H, W, O, kernel, stride, pad, groups = 1;
  int64_t OH() const { return (H + 2 * pad - kernel) / stride + 1; }
  int64_t OW() const { return (W + 2 * pad - kernel) / stride + 1; }
};

/// CONV2D, its transpose and its filter gradient, bf16 but for a gradient of `to`.
std::vector<std::vector<char>> convolve(const Images &s, const Floats &input,
                                        const Floats &filter, const Floats &dout,
                                        bool accumulate, TrainType to, int threads) {
  std::vector<int64_t> params = {
      s.N,      s.C,      s.H,    s.W,    s.O,        s.kernel,        s.kernel,
      s.stride, s.stride, s.pad,  s.pad,  s.pad,      s.pad,           1,
      1,        s.groups, s.OH(), s.OW(), accumulate, TRAIN_TYPE_BF16, TRAIN_TYPE_BF16};
  std::vector<char> x = encode(input, TRAIN_TYPE_BF16),
                    w = encode(filter, TRAIN_TYPE_BF16),
                    dy = encode(dout, TRAIN_TYPE_BF16),
                    y = encode(Floats(dout.size(), 0.25f), TRAIN_TYPE_BF16),
                    dx = encode(Floats(input.size(), 0.25f), TRAIN_TYPE_BF16),
                    dw = encode(Floats(filter.size(), 0.25f), to);
  auto call = [&](TrainLibrary entry, std::vector<char> &a, std::vector<char> &b,
                  std::vector<char> &c) {
    Workspace workspace(entry, params, threads);
    run(entry, {a.data(), b.data(), c.data(), workspace.data()}, params, threads);
  };
  call(TRAIN_LIBRARY_CONV2D, x, w, y);
  call(TRAIN_LIBRARY_CONV2D_TRANSPOSE, dy, w, dx);
  params.back() = to;
  call(TRAIN_LIBRARY_CONV2D_FILTER_GRAD, x, dy, dw);
  return {y, dx, dw};
}

Floats magnitudes(Floats values) {
  for (float &value : values)
    value = std::fabs(value);
  return values;
}

} // namespace

// Windows, planes and filters reach the unit by way of their panels of f32; the chains of
// the default table, which have tests of their own, are the reference.
TEST(MatrixUnit, Convolutions) {
  for (const Images &s : std::initializer_list<Images>{{1, 3, 9, 20, 7, 3, 1, 1},
                                                       {2, 20, 11, 14, 37, 3, 2, 1},
                                                       {2, 7, 5, 3, 13, 1, 1, 0},
                                                       {1, 70, 20, 31, 40, 3, 1, 1},
                                                       {2, 3, 16, 16, 18, 8, 8, 0},
                                                       {2, 36, 8, 9, 36, 3, 1, 1, 3}})
    for (bool accumulate : {false, true})
      for (TrainType to : {TRAIN_TYPE_F32, TRAIN_TYPE_BF16}) {
        const Floats input = operand(s.N * s.C * s.H * s.W, 1),
                     filter = operand(s.O * s.C / s.groups * s.kernel * s.kernel, 2),
                     dout = operand(s.N * s.O * s.OH() * s.OW(), 3);
        const auto chains = convolve(s, input, filter, dout, accumulate, to, 1);
        const auto sums = convolve(s, magnitudes(input), magnitudes(filter),
                                   magnitudes(dout), true, to, 1);
        const Using soft(kSoft);
        const auto unit = convolve(s, input, filter, dout, accumulate, to, 1);
        EXPECT_EQ(unit, convolve(s, input, filter, dout, accumulate, to, 3));
        for (size_t result = 0; result < 3; ++result) {
          const TrainType type = result == 2 ? to : TRAIN_TYPE_BF16;
          const Floats chain = decode(chains[result], type),
                       value = decode(unit[result], type),
                       magnitude = decode(sums[result], type);
          for (size_t i = 0; i < chain.size(); ++i)
            ASSERT_LE(std::fabs(value[i] - chain[i]),
                      1e-5f * magnitude[i] +
                          (type == TRAIN_TYPE_F32 ? 0 : 0x1p-7f * std::fabs(chain[i])))
                << "result " << result << " at " << i << " of " << s.C << "x" << s.H
                << " -> " << s.O << ", kernel " << s.kernel;
        }
      }
}

TEST(MatrixUnit, InstructionsGiveTheBitsOfTheSoftwareUnit) {
  AmxInstructions instructions;
  for (int flags = 0; flags < 8; ++flags)
    for (TrainType to : {TRAIN_TYPE_F32, TRAIN_TYPE_BF16})
      for (auto [m, n, k] : {std::tuple<int64_t, int64_t, int64_t>{2, 2, 1},
                             {16, 16, 32},
                             {17, 40, 70},
                             {33, 65, 31},
                             {40, 18, 545}}) {
        const Case c{1, m, n, k, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0,
                     to};
        const Floats lhs = operand(m * k, 1), rhs = operand(k * n, 2),
                     initial = roundedFloats(m * n, 3, to);
        std::vector<char> soft, amx;
        {
          const Using table(kSoft);
          soft = product(c, lhs, rhs, initial, 1);
        }
        const int64_t before = instructions.products();
        {
          const Using table(kAmx);
          amx = product(c, lhs, rhs, initial, flags % 2 + 1);
        }
        ASSERT_EQ(soft, amx) << m << "x" << n << "x" << k << " flags " << flags;
        if (instructions.native())
          continue;
        EXPECT_GE(instructions.products() - before,
                  (m + 15) / 16 * ((n + 15) / 16) * ((k + 31) / 32));
        EXPECT_FALSE(instructions.configured()) << "tiles are released";
      }
}

// Nobody gets the unit's bits without having been compiled for them, nor a signal where
// the CPU has none.
TEST(MatrixUnit, IsChosenByTheExecutable) {
  const cpu::SimdKernels *usual = cpu::simdKernels();
  for (const char *features : {"", "avx,avx2,fma", "amx_tile,amx_bf16_of_another_kind"}) {
    EXPECT_TRUE(rt::prepareBackend(features).ok()) << features;
    EXPECT_EQ(cpu::simdKernels(), usual) << features;
  }
  EXPECT_TRUE(rt::prepareBackend(nullptr).ok());
  const AmxInstructions instructions;
  const rt::Status status = rt::prepareBackend("avx512f,amx_bf16,amx_tile");
  EXPECT_EQ(status.ok(), instructions.native()) << status.message();
  if (status.ok())
    EXPECT_STREQ(cpu::simdKernels()->name, "amx");
  else
    EXPECT_EQ(cpu::simdKernels(), usual);
  cpu::useSimdKernels(nullptr);
}

#endif
