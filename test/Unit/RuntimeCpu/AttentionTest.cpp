// ATTENTION and its adjoint against the textbook formulas in double, one thread against
// several bit for bit, and the rows that see no key.
#include "Blocking.h"
#include "SimdKernels.h"
#include "Support.h"

using namespace train;
using namespace train::test;

namespace {

struct Case {
  int64_t B, T, S, H, G, D;
  bool causal;
  float scale = 0.3f;
};

struct Twin {
  std::vector<double> out, lse, dq, dk, dv;
  double largestScore = 0; ///< what a relative rounding of the scores is multiplied by
};

struct Data {
  Floats q, k, v, dout;
};

Data makeData(const Case &c) {
  return {randomFloats(c.B * c.T * c.H * c.D, 1), randomFloats(c.B * c.S * c.G * c.D, 2),
          randomFloats(c.B * c.S * c.G * c.D, 3), randomFloats(c.B * c.T * c.H * c.D, 4)};
}

Twin evaluate(const Case &c, const Data &data) {
  Twin twin;
  twin.out.assign(data.q.size(), 0);
  twin.dq.assign(data.q.size(), 0);
  twin.dk.assign(data.k.size(), 0);
  twin.dv.assign(data.k.size(), 0);
  twin.lse.assign(static_cast<size_t>(c.B * c.H * c.T), -INFINITY);
  for (int64_t b = 0; b < c.B; ++b)
    for (int64_t h = 0; h < c.H; ++h)
      for (int64_t t = 0; t < c.T; ++t) {
        int64_t keys =
            c.causal ? std::min(c.S, std::max<int64_t>(0, t + c.S - c.T + 1)) : c.S;
        if (keys == 0)
          continue;
        auto query = static_cast<size_t>(((b * c.T + t) * c.H + h) * c.D);
        auto key = [&](int64_t s) {
          return static_cast<size_t>(((b * c.S + s) * c.G + h / (c.H / c.G)) * c.D);
        };
        auto D = static_cast<size_t>(c.D);
        std::vector<double> p(static_cast<size_t>(keys));
        double sum = 0, maximum = -INFINITY;
        for (int64_t s = 0; s < keys; ++s) {
          double score = 0;
          for (size_t d = 0; d < D; ++d)
            score += static_cast<double>(data.q[query + d]) * data.k[key(s) + d];
          p[static_cast<size_t>(s)] = score * c.scale;
          twin.largestScore = std::max(twin.largestScore, std::fabs(score * c.scale));
          maximum = std::max(maximum, score * c.scale);
        }
        for (double &value : p)
          sum += value = std::exp(value - maximum);
        for (double &value : p)
          value /= sum;
        twin.lse[static_cast<size_t>((b * c.H + h) * c.T + t)] = maximum + std::log(sum);
        std::vector<double> dp(p.size(), 0);
        double common = 0;
        for (size_t s = 0; s < p.size(); ++s) {
          size_t at = key(static_cast<int64_t>(s));
          for (size_t d = 0; d < D; ++d) {
            twin.out[query + d] += p[s] * data.v[at + d];
            twin.dv[at + d] += p[s] * data.dout[query + d];
            dp[s] += static_cast<double>(data.dout[query + d]) * data.v[at + d];
          }
          common += p[s] * dp[s];
        }
        for (size_t s = 0; s < p.size(); ++s) {
          size_t at = key(static_cast<int64_t>(s));
          double ds = p[s] * (dp[s] - common) * c.scale;
          for (size_t d = 0; d < D; ++d) {
            twin.dq[query + d] += ds * data.k[at + d];
            twin.dk[at + d] += ds * data.q[query + d];
          }
        }
      }
  return twin;
}

struct Results {
  Floats out, lse, dq, dk, dv;
};

/// Out and lse, of numbers that `type` holds.
Results forward(const Case &c, const Data &data, int threads,
                TrainType type = TRAIN_TYPE_F32) {
  std::vector<int64_t> params = {
      c.B, c.T, c.S, c.H, c.G, c.D, c.causal, floatBits(c.scale), type};
  std::vector<char> q = encode(data.q, type), k = encode(data.k, type),
                    v = encode(data.v, type);
  std::vector<char> out = encode(Floats(data.q.size(), NAN), type);
  Results r;
  r.lse.assign(static_cast<size_t>(c.B * c.H * c.T), NAN);
  Workspace workspace(TRAIN_LIBRARY_ATTENTION, params, threads);
  run(TRAIN_LIBRARY_ATTENTION,
      {q.data(), k.data(), v.data(), out.data(), r.lse.data(), workspace.data()}, params,
      threads);
  r.out = decode(out, type);
  return r;
}

/// The gradients, given out and lse in `r`.
void backward(const Case &c, const Data &data, int threads, Results &r,
              TrainType type = TRAIN_TYPE_F32) {
  std::vector<int64_t> params = {
      c.B, c.T, c.S, c.H, c.G, c.D, c.causal, floatBits(c.scale), type};
  std::vector<char> q = encode(data.q, type), k = encode(data.k, type),
                    v = encode(data.v, type), out = encode(r.out, type),
                    dout = encode(data.dout, type);
  std::vector<char> dq = encode(Floats(data.q.size(), NAN), type),
                    dk = encode(Floats(data.k.size(), NAN), type), dv = dk;
  Workspace workspace(TRAIN_LIBRARY_ATTENTION_GRAD, params, threads);
  run(TRAIN_LIBRARY_ATTENTION_GRAD,
      {q.data(), k.data(), v.data(), out.data(), r.lse.data(), dout.data(), dq.data(),
       dk.data(), dv.data(), workspace.data()},
      params, threads);
  r.dq = decode(dq, type);
  r.dk = decode(dk, type);
  r.dv = decode(dv, type);
}

Results execute(const Case &c, const Data &data, int threads) {
  Results r = forward(c, data, threads);
  backward(c, data, threads, r);
  return r;
}

void compare(const Floats &actual, const std::vector<double> &expected, double tolerance,
             const char *name) {
  ASSERT_EQ(actual.size(), expected.size());
  double largest = 1e-3, worst = 0;
  size_t where = 0;
  for (double value : expected)
    if (std::isfinite(value))
      largest = std::max(largest, std::fabs(value));
  for (size_t i = 0; i < actual.size(); ++i) {
    if (std::isinf(expected[i])) {
      ASSERT_EQ(actual[i], expected[i]) << name << "[" << i << "]";
      continue;
    }
    double error = std::fabs(actual[i] - expected[i]) / largest;
    if (!(error <= worst)) {
      worst = error;
      where = i;
    }
  }
  EXPECT_TRUE(worst <= tolerance) << name << "[" << where << "]: " << actual[where]
                                  << " where " << expected[where] << " was expected";
}

void check(const Case &c) {
  SCOPED_TRACE(testing::Message()
               << "B " << c.B << " T " << c.T << " S " << c.S << " H " << c.H << " G "
               << c.G << " D " << c.D << " causal " << c.causal);
  Data data = makeData(c);
  Twin twin = evaluate(c, data);
  Results one = execute(c, data, 1);
  // Scores are rounded to f32 before they are exponentiated: 2^-23 of the largest.
  const double tolerance = 6e-6 + 2.4e-7 * twin.largestScore;
  compare(one.out, twin.out, tolerance, "out");
  compare(one.lse, twin.lse, tolerance, "lse");
  compare(one.dq, twin.dq, tolerance, "dq");
  compare(one.dk, twin.dk, tolerance, "dk");
  compare(one.dv, twin.dv, tolerance, "dv");
  for (int threads : {2, 3, 8}) {
    Results more = execute(c, data, threads);
    EXPECT_TRUE(sameBits(one.out, more.out)) << "out, threads " << threads;
    EXPECT_TRUE(sameBits(one.lse, more.lse)) << "lse, threads " << threads;
    EXPECT_TRUE(sameBits(one.dq, more.dq)) << "dq, threads " << threads;
    EXPECT_TRUE(sameBits(one.dk, more.dk)) << "dk, threads " << threads;
    EXPECT_TRUE(sameBits(one.dv, more.dv)) << "dv, threads " << threads;
  }
}

/// Narrow elements: the bits of f32 on the same numbers, rounded once.
void checkNarrow(const Case &c) {
  for (TrainType type : {TRAIN_TYPE_F16, TRAIN_TYPE_BF16}) {
    SCOPED_TRACE(testing::Message() << "type " << type << " T " << c.T << " S " << c.S
                                    << " H " << c.H << " G " << c.G << " D " << c.D);
    auto rounded = [&](Floats values) {
      for (float &value : values)
        value = nearest(value, type);
      return values;
    };
    Data data = makeData(c);
    data = {rounded(data.q), rounded(data.k), rounded(data.v), rounded(data.dout)};
    Results wide = forward(c, data, 1);
    wide.out = rounded(wide.out);
    backward(c, data, 1, wide);
    for (int threads : {1, 2, 8}) {
      Results narrow = forward(c, data, threads, type);
      EXPECT_TRUE(sameBits(narrow.out, wide.out)) << "out, threads " << threads;
      EXPECT_TRUE(sameBits(narrow.lse, wide.lse)) << "lse, threads " << threads;
      backward(c, data, threads, narrow, type);
      EXPECT_TRUE(sameBits(narrow.dq, rounded(wide.dq))) << "dq, threads " << threads;
      EXPECT_TRUE(sameBits(narrow.dk, rounded(wide.dk))) << "dk, threads " << threads;
      EXPECT_TRUE(sameBits(narrow.dv, rounded(wide.dv))) << "dv, threads " << threads;
    }
  }
}

} // namespace

TEST(Attention, NarrowElements) {
  for (bool causal : {false, true}) {
    checkNarrow({1, 1, 1, 1, 1, 1, causal});
    checkNarrow({2, 5, 7, 3, 3, 5, causal});
    checkNarrow({1, 300, 300, 2, 1, 40, causal});
    checkNarrow({2, 3, 300, 2, 1, 8, causal});
    // More queries to a group of keys than a task holds sums for.
    checkNarrow({1, 1000, 260, 2, 1, 4, causal});
    checkNarrow({1, 1700, 40, 1, 1, 4, causal});
  }
}

TEST(Attention, OneOfEverything) {
  check({1, 1, 1, 1, 1, 1, false});
  check({1, 1, 1, 1, 1, 1, true});
}

TEST(Attention, OddSizes) {
  for (bool causal : {false, true}) {
    check({2, 5, 7, 3, 3, 5, causal});
    check({1, 33, 33, 2, 2, 17, causal});
    check({1, 97, 130, 1, 1, 16, causal});
    check({2, 3, 300, 2, 1, 8, causal});
  }
}

TEST(Attention, CrossesEveryBlock) {
  for (bool causal : {false, true}) {
    check({1, 300, 300, 2, 2, 64, causal});
    check({1, 200, 530, 1, 1, 40, causal});
    check({1, 1700, 260, 1, 1, 4, causal});
  }
}

TEST(Attention, GroupedHeads) {
  for (bool causal : {false, true}) {
    check({2, 40, 40, 6, 2, 12, causal});
    check({1, 100, 280, 8, 1, 16, causal});
  }
}

TEST(Attention, RowsThatSeeNothingAreZero) {
  Case c{1, 120, 10, 2, 2, 8, true};
  check(c);
  Results r = execute(c, makeData(c), 2);
  EXPECT_EQ(r.out[0], 0.0f);
  EXPECT_EQ(r.lse[0], -INFINITY);
  EXPECT_EQ(r.dq[0], 0.0f);
}

TEST(Attention, LargeScoresDoNotOverflow) {
  check({1, 50, 50, 1, 1, 32, true, 30.0f});
  check({1, 50, 300, 1, 1, 32, false, -25.0f});
}

TEST(Attention, NaNsArrive) {
  Case c{1, 20, 20, 1, 1, 8, true};
  Data data = makeData(c);
  data.q[8 * 7] = NAN; // query 7
  Results r = execute(c, data, 1);
  EXPECT_TRUE(std::isnan(r.out[8 * 7]));
  EXPECT_TRUE(std::isnan(r.lse[7]));
  EXPECT_FALSE(std::isnan(r.out[8 * 6]));
}

#ifdef TRAIN_TEST_WIDE_TILES
namespace train::cpu::widetiles {
extern const SimdKernels kernels;
}

// The AVX-512 tile sizes, run in AVX2 instructions, give the bits of the AVX2 tiles.
TEST(Attention, WideTilesGiveTheSameBits) {
  for (bool causal : {false, true}) {
    const Case c{1, 290, 310, 2, 1, 40, causal};
    Data data = makeData(c);
    const cpu::AttentionShape shape{c.B, c.T, c.S, c.H, c.G, c.D, causal, c.scale};
    std::vector<Results> results;
    for (const cpu::SimdKernels *kernels :
         {cpu::simdKernels(), &cpu::widetiles::kernels}) {
      Floats workspace(
          static_cast<size_t>(std::max(cpu::attentionFloats(c.D, false),
                                       cpu::attentionGradFloats(c.D, false, 0))),
          NAN);
      Results r;
      r.out.resize(data.q.size());
      r.lse.resize(static_cast<size_t>(c.H * c.T));
      r.dq.resize(data.q.size());
      r.dk.resize(data.k.size());
      r.dv.resize(data.k.size());
      const cpu::AttentionForward forward{data.q.data(), data.k.data(),
                                          data.v.data(), r.out.data(),
                                          r.lse.data(),  cpu::Element::F32};
      for (int64_t h = 0; h < c.H; ++h)
        kernels->attention(shape, forward, 0, h, 0, c.T, workspace.data());
      const cpu::AttentionBackward backward{
          data.q.data(), data.k.data(), data.v.data(), r.out.data(), data.dout.data(),
          r.lse.data(),  r.dq.data(),   r.dk.data(),   r.dv.data(),  cpu::Element::F32};
      kernels->attentionGrad(shape, backward, {0, 0, 0, c.H, 0, c.T, 0, c.S, true, true},
                             workspace.data());
      results.push_back(std::move(r));
    }
    EXPECT_TRUE(sameBits(results[0].out, results[1].out));
    EXPECT_TRUE(sameBits(results[0].lse, results[1].lse));
    EXPECT_TRUE(sameBits(results[0].dq, results[1].dq));
    EXPECT_TRUE(sameBits(results[0].dk, results[1].dk));
    EXPECT_TRUE(sameBits(results[0].dv, results[1].dv));
  }
}
#endif
