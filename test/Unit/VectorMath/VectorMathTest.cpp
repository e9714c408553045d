// The promises of train/Conversion/VectorMath.h, executed: error bounds over all
// exponents and signs, special values, bits that do not depend on lane or width, and
// object code that calls nothing.
//
// TRAIN_VMATH_POINTS=n sweeps n points per function and range (default 2^18);
// TRAIN_VMATH_BENCH=1 turns the throughput figures on.
#include "References.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>

using namespace train::vmath::test;

namespace {

const std::vector<int> widths = {1, 4, 8, 16};
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// All functions in one precision, compiled once for the whole binary.
const Compiled &compiled(bool f64) {
  static std::unique_ptr<Compiled> both[2];
  if (!both[f64]) {
    std::vector<Function> functions;
    for (const Case &c : cases())
      functions.push_back({c.name, c.emit});
    std::string error;
    both[f64] = Compiled::get(functions, widths, f64, error);
    if (!both[f64]) {
      std::fprintf(stderr, "cannot compile the kernels: %s\n", error.c_str());
      std::exit(1);
    }
  }
  return *both[f64];
}

/// A counter-based stream: the same points on every machine.
uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}
double unit(uint64_t i) { return double(mix(i * 0x9e3779b97f4a7c15) >> 11) * 0x1p-53; }

template <typename T> struct Bits;
template <> struct Bits<float> {
  using type = uint32_t;
};
template <> struct Bits<double> {
  using type = uint64_t;
};
template <typename T> T fromBits(typename Bits<T>::type b) {
  T x;
  std::memcpy(&x, &b, sizeof x);
  return x;
}
template <typename T> typename Bits<T>::type toBits(T x) {
  typename Bits<T>::type b;
  std::memcpy(&b, &x, sizeof b);
  return b;
}

/// The gap between `x` rounded to T and its neighbour, at least the smallest subnormal.
template <typename T> long double ulpOf(long double x) {
  int exponent = std::numeric_limits<T>::min_exponent;
  if (x != 0)
    std::frexp(x, &exponent);
  exponent = std::max(exponent, std::numeric_limits<T>::min_exponent);
  return std::ldexp(1.0L, exponent - std::numeric_limits<T>::digits);
}

template <typename T> double error(T got, long double want, long double scale) {
  T rounded = T(want);
  if (std::isnan(rounded) || std::isnan(got))
    return std::isnan(rounded) && std::isnan(got) ? 0 : inf;
  if (std::isinf(rounded) || std::isinf(got)) {
    if (rounded == got)
      return 0;
    // One side overflowed: an error of one unit if the other stands beside it.
    T other = std::isinf(rounded) ? got : rounded;
    return std::signbit(rounded) == std::signbit(got) &&
                   std::abs(other) == std::numeric_limits<T>::max()
               ? 1
               : inf;
  }
  return double(std::abs((long double)got - want) /
                ulpOf<T>(std::max(std::abs(want), scale)));
}

struct Worst {
  double ulp = 0;
  double x = 0, y = 0, got = 0;
};

/// Sweeps bit patterns evenly (so every exponent and both signs), then [-120, 120] and
/// [-6, 6], where the functions bend.
template <typename T> Worst sweep(const Case &c, int64_t points, double limit) {
  Worst worst;
  constexpr int64_t chunk = 4096;
  std::vector<T> x(chunk), y(chunk), out(chunk);
  const int digits = std::numeric_limits<typename Bits<T>::type>::digits;
  for (int range = 0; range < 3; ++range)
    for (int64_t base = 0; base < points; base += chunk) {
      for (int64_t i = 0; i < chunk; ++i) {
        uint64_t id = uint64_t(range) << 40 | uint64_t(base + i);
        double position = (double(base + i) + unit(id)) / double(points);
        if (range == 0)
          x[i] =
              fromBits<T>(typename Bits<T>::type(std::ldexp(double(position), digits)));
        else
          x[i] = T((2 * position - 1) * (range == 1 ? 120 : 6));
        double u = unit(id + (uint64_t(1) << 50)), v = unit(id + (uint64_t(1) << 51));
        if (c.second == Case::Gradient) // around 1 for the most part, sometimes extreme
          y[i] = T(std::ldexp(v - 0.5, int(range == 0 ? 100 * u - 50 : 2 * u)));
        else if (c.second == Case::Exponent) // integers, halves and large ones too
          y[i] = T(range == 0   ? (2 * u - 1) * 10
                   : range == 1 ? std::round((2 * u - 1) * 20) / 2
                                : (2 * u - 1) * 60);
        else
          y[i] = T(0);
      }
      compiled(sizeof(T) == 8).run(c.name, 8, out.data(), x.data(), y.data(), chunk);
      for (int64_t i = 0; i < chunk; ++i) {
        if (std::abs(double(x[i])) > limit)
          continue;
        long double want = c.reference(x[i], y[i]);
        double e = error(out[i], want, c.floor * std::abs((long double)y[i]));
        if (!(e <= worst.ulp))
          worst = {e, double(x[i]), double(y[i]), double(out[i])};
      }
    }
  return worst;
}

int64_t pointCount(int64_t standard) {
  const char *text = std::getenv("TRAIN_VMATH_POINTS");
  int64_t points = text ? std::atoll(text) : standard;
  return std::max<int64_t>(4096, points / 4096 * 4096);
}

TEST(VectorMath, F32WithinItsBound) {
  for (const Case &c : cases()) {
    Worst w = sweep<float>(c, pointCount(1 << 18), c.limit32);
    std::printf("%-14s %7.3f ULP at x = %.9g, y = %.9g (got %.9g)\n", c.name.c_str(),
                w.ulp, w.x, w.y, w.got);
    EXPECT_LE(w.ulp, c.bound) << c.name;
  }
}

TEST(VectorMath, F64ToTenToTheMinusThirteen) {
  for (const Case &c : cases()) {
    Case wide = c;
    wide.floor = c.second == Case::Gradient ? 0.25 : 0;
    Worst w = sweep<double>(wide, pointCount(1 << 18) / 8, c.limit64);
    std::printf("%-14s %7.1f f64 ULP at x = %.17g, y = %.17g (got %.17g)\n",
                c.name.c_str(), w.ulp, w.x, w.y, w.got);
    // The error of the logarithm counts up to 1024 times in pow.
    EXPECT_LE(w.ulp, c.second == Case::Exponent ? 2000 : 400) << c.name;
  }
}

template <typename T> void checkSpecialValues() {
  const double tiny = std::numeric_limits<T>::denorm_min();
  const double big = std::numeric_limits<T>::max();
  struct Row {
    const char *name;
    double x, y, want;
  };
  const std::vector<Row> rows = {
      {"exp", 0.0, 0, 1},
      {"exp", -0.0, 0, 1},
      {"exp", inf, 0, inf},
      {"exp", -inf, 0, 0},
      {"exp", big, 0, inf},
      {"exp", -big, 0, 0},
      {"exp", tiny, 0, 1},
      {"expm1", -0.0, 0, -0.0},
      {"expm1", inf, 0, inf},
      {"expm1", -inf, 0, -1},
      {"log", 0.0, 0, -inf},
      {"log", -0.0, 0, -inf},
      {"log", 1, 0, 0},
      {"log", inf, 0, inf},
      {"log", -1, 0, nan},
      {"log", -inf, 0, nan},
      {"log", -tiny, 0, nan},
      {"log1p", -1, 0, -inf},
      {"log1p", -0.0, 0, -0.0},
      {"log1p", inf, 0, inf},
      {"log1p", -2, 0, nan},
      {"log1p", -inf, 0, nan},
      {"log1p", tiny, 0, tiny},
      {"tanh", inf, 0, 1},
      {"tanh", -inf, 0, -1},
      {"tanh", -0.0, 0, -0.0},
      {"tanh", tiny, 0, tiny},
      {"tanh", -big, 0, -1},
      {"sigmoid", inf, 0, 1},
      {"sigmoid", -inf, 0, 0},
      {"sigmoid", 0.0, 0, 0.5},
      {"sigmoid", big, 0, 1},
      {"sigmoid", -big, 0, 0},
      {"erf", inf, 0, 1},
      {"erf", -inf, 0, -1},
      {"erf", -0.0, 0, -0.0},
      {"erf", big, 0, 1},
      {"sin", -0.0, 0, -0.0},
      {"sin", inf, 0, nan},
      {"sin", -inf, 0, nan},
      {"sin", tiny, 0, tiny},
      {"cos", 0.0, 0, 1},
      {"cos", inf, 0, nan},
      {"cos", -inf, 0, nan},
      {"cos", tiny, 0, 1},
      {"sqrt", -0.0, 0, -0.0},
      {"sqrt", inf, 0, inf},
      {"sqrt", -1, 0, nan},
      {"sqrt", 4, 0, 2},
      {"rsqrt", 0.0, 0, inf},
      {"rsqrt", -0.0, 0, -inf},
      {"rsqrt", inf, 0, 0},
      {"rsqrt", -1, 0, nan},
      {"rsqrt", 4, 0, 0.5},
      {"silu", inf, 0, inf},
      {"silu", -inf, 0, -0.0},
      {"silu", -0.0, 0, -0.0},
      {"silu", big, 0, big},
      {"silu", -big, 0, -0.0},
      {"geluErf", inf, 0, inf},
      {"geluErf", -inf, 0, -0.0},
      {"geluErf", -0.0, 0, -0.0},
      {"geluErf", big, 0, big},
      {"geluErf", -big, 0, -0.0},
      {"geluErf", 0.0, 0, 0},
      {"geluTanh", inf, 0, inf},
      {"geluTanh", -inf, 0, -0.0},
      {"geluTanh", -0.0, 0, -0.0},
      {"geluTanh", big, 0, big},
      {"geluTanh", -big, 0, -0.0},
      {"geluTanh", 0.0, 0, 0},
      {"siluGrad", 0.0, 3, 1.5},
      {"siluGrad", inf, 3, 3},
      {"siluGrad", 1, nan, nan},

      {"geluErfGrad", inf, 3, 3},
      {"geluErfGrad", 1, nan, nan},
      {"geluTanhGrad", 0.0, 3, 1.5},
      {"geluTanhGrad", inf, 3, 3},
      {"geluTanhGrad", 1, nan, nan},
      {"geluErfGrad", big, big, big},
      {"geluTanhGrad", big, big, big},
      {"siluGrad", big, big, big},
      {"pow", nan, 0, 1},
      {"pow", nan, -0.0, 1},
      {"pow", 1, nan, 1},
      {"pow", -1, inf, 1},
      {"pow", -1, -inf, 1},
      {"pow", 2, nan, nan},
      {"pow", nan, 2, nan},
      {"pow", 0.0, -1, inf},
      {"pow", -0.0, -1, -inf},
      {"pow", -0.0, -2, inf},
      {"pow", -0.0, 3, -0.0},
      {"pow", -0.0, 2, 0},
      {"pow", 0.0, -inf, inf},
      {"pow", 0.0, 0.5, 0},
      {"pow", -0.0, 0.5, 0},
      {"pow", 0.5, inf, 0},
      {"pow", 0.5, -inf, inf},
      {"pow", 2, inf, inf},
      {"pow", 2, -inf, 0},
      {"pow", -inf, 3, -inf},
      {"pow", -inf, 2, inf},
      {"pow", -inf, -3, -0.0},
      {"pow", -inf, 0.5, inf},
      {"pow", -inf, -0.5, 0},
      {"pow", inf, 0.5, inf},
      {"pow", inf, -0.5, 0},
      {"pow", -8, 1.0 / 3, nan},
      {"pow", -2, 3, -8},
      {"pow", -2, 2, 4},
      {"pow", -2, inf, inf},
      {"pow", -0.5, inf, 0},
      {"pow", big, 2, inf},
      {"pow", -big, 3, -inf},
      {"pow", 2, 10, 1024},
      {"pow", tiny, 1, tiny},
  };
  auto check = [&](const char *name, double xv, double yv, double want) {
    for (int width : widths) {
      std::vector<T> x(width, T(xv)), y(width, T(yv)), out(width);
      compiled(sizeof(T) == 8).run(name, width, out.data(), x.data(), y.data(), width);
      for (T got : out)
        if (std::isnan(want))
          EXPECT_TRUE(std::isnan(got))
              << name << "(" << xv << ", " << yv << ") = " << got;
        else
          EXPECT_TRUE(double(got) == double(T(want)) &&
                      std::signbit(got) == std::signbit(want))
              << name << "(" << xv << ", " << yv << ") = " << got << ", not " << want;
    }
  };
  for (const Row &r : rows)
    check(r.name, r.x, r.y, r.want);
  for (const Case &c : cases())
    if (c.second != Case::Exponent)
      check(c.name.c_str(), nan, 1, nan);
}

TEST(VectorMath, SpecialValuesF32) { checkSpecialValues<float>(); }
TEST(VectorMath, SpecialValuesF64) { checkSpecialValues<double>(); }

template <typename T> void checkLanes() {
  // The same values at every offset from 0 to 15, in every width: one set of bits.
  constexpr int64_t n = 2048, room = n + 16;
  for (const Case &c : cases()) {
    std::vector<T> x(room), y(room), first(room), out(room);
    for (int64_t i = 0; i < room; ++i) {
      x[i] = T(i % 4 == 0 ? std::ldexp(unit(i) - 0.5, int(i % 200) - 100)
                          : (unit(i) - 0.5) * 40);
      y[i] = T(c.second == Case::None ? 0 : (unit(i + 100000) - 0.5) * 8);
    }
    const Compiled &code = compiled(sizeof(T) == 8);
    code.run(c.name, 1, first.data(), x.data(), y.data(), room);
    for (int width : widths)
      for (int offset = 0; offset < 16; ++offset) {
        code.run(c.name, width, out.data(), x.data() + offset, y.data() + offset, n);
        for (int64_t i = 0; i < n; ++i)
          if (toBits(out[i]) != toBits(first[i + offset]) && !std::isnan(out[i])) {
            ADD_FAILURE() << c.name << " width " << width << " offset " << offset << " x "
                          << x[i + offset];
            break;
          }
      }
  }
}

TEST(VectorMath, BitsIndependentOfLaneAndWidthF32) { checkLanes<float>(); }
TEST(VectorMath, BitsIndependentOfLaneAndWidthF64) { checkLanes<double>(); }

TEST(VectorMath, ObjectCodeCallsNothing) {
  for (bool f64 : {false, true})
    for (const std::string &name : compiled(f64).undefinedSymbols())
      ADD_FAILURE() << "undefined symbol " << name;
}

TEST(VectorMath, PtxRoundsEachOperationAndCallsNothing) {
  std::vector<Function> functions;
  for (const Case &c : cases())
    functions.push_back({c.name, c.emit});
  std::string error, ptx = compileToPtx(functions, error);
  ASSERT_FALSE(ptx.empty()) << error;
  // ptxas may contract products and sums without a rounding mode into fma.
  for (const char *word : {"call", ".approx", ".ftz", "mul.f32", "add.f32", "sub.f32",
                           "mul.f64", "add.f64", "sub.f64", "div.full"})
    EXPECT_EQ(ptx.find(word), std::string::npos) << word;
  for (const char *word : {"fma.rn.f32", "div.rn.f32", "sqrt.rn.f32", "cvt.rni.f32"})
    EXPECT_NE(ptx.find(word), std::string::npos) << word;
}

double seconds(const std::function<void()> &f) {
  auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST(VectorMath, Throughput) {
  // A benchmark, which asserts nothing: its figures mean something on an idle machine
  // only, so it runs on request.
  if (!std::getenv("TRAIN_VMATH_BENCH"))
    GTEST_SKIP() << "set TRAIN_VMATH_BENCH=1";
  // In cache: 4096 elements, best of several rounds. In memory: 64 MiB in, 64 MiB out.
  constexpr int64_t small = 4096, large = 16 << 20;
  std::vector<float> x(large), y(large, 0.75f), out(large);
  for (int64_t i = 0; i < large; ++i)
    x[i] = float((unit(i) - 0.5) * 8);
  auto best = [](int rounds, const std::function<void()> &f) {
    double time = inf;
    for (int i = 0; i < rounds; ++i)
      time = std::min(time, seconds(f));
    return time;
  };
  double copy = best(5, [&] { std::memcpy(out.data(), x.data(), large * 4); });
  std::printf("memcpy %.1f GB/s (read + write)\n", large * 8 / copy * 1e-9);
  const Compiled &code = compiled(false);
  for (const Case &c : cases()) {
    std::printf("%-14s", c.name.c_str());
    for (int width : widths) {
      Compiled::Kernel kernel = code.lookup(c.name, width);
      double t = best(20, [&] {
        for (int i = 0; i < 16; ++i)
          kernel(out.data(), x.data(), y.data(), small);
      });
      std::printf("  w%-2d %6.3f ns", width, t / (16 * small) * 1e9);
    }
    double t =
        best(3, [&] { code.run(c.name, 8, out.data(), x.data(), y.data(), large); });
    std::printf("  memory %5.1f GB/s, %3.0f%% of memcpy\n", large * 8 / t * 1e-9,
                100 * copy / t);
  }
}

} // namespace
