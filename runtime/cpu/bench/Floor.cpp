// The floors. The multiply-add loop holds twelve independent chains, more than latency
// times units on any core of today.
#include "Floor.h"

#include <cstring>
#include <vector>

namespace train::bench {
namespace {

constexpr int kChains = 12;
constexpr long kRounds = 400000;

#if defined(__x86_64__)
typedef float Wide __attribute__((vector_size(64)));
typedef float Narrow __attribute__((vector_size(32)));

template <typename Vector>
__attribute__((always_inline)) inline void chains(float *sink) {
  Vector sum[kChains], factor, term;
  for (unsigned i = 0; i < sizeof(Vector) / 4; ++i) {
    factor[i] = 0.999f;
    term[i] = 1e-3f;
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < kChains; ++i)
    sum[i] = term * static_cast<float>(i + 1); // equal chains would be computed once
  for (long round = 0; round < kRounds; ++round)
#pragma clang loop unroll(full)
    for (int i = 0; i < kChains; ++i)
      sum[i] = __builtin_elementwise_fma(sum[i], factor, term);
#pragma clang loop unroll(full)
  for (int i = 0; i < kChains; ++i)
    *sink += sum[i][0];
}

__attribute__((target("avx512f"), noinline)) void chains512(float *sink) {
  chains<Wide>(sink);
}
__attribute__((target("avx2,fma"), noinline)) void chains256(float *sink) {
  chains<Narrow>(sink);
}
#endif

#if defined(__x86_64__)
__attribute__((target("avx2")))
#endif
void updateStreams(float *__restrict a, float *__restrict b, float *__restrict c,
                   const float *__restrict d, int64_t count) {
#pragma clang loop vectorize(enable) interleave_count(2)
  for (int64_t i = 0; i < count; ++i) {
    const float g = d[i], x = a[i] + g, y = b[i] + g, z = c[i] + g;
    a[i] = x;
    b[i] = y;
    c[i] = z;
  }
}

template <typename Body> void share(rt::Team &team, int64_t count, const Body &body) {
  struct Context {
    const Body &body;
    int64_t count;
  } context{body, count};
  team.run(
      [](void *opaque, int thread, int threads) {
        auto &c = *static_cast<Context *>(opaque);
        c.body(c.count * thread / threads, c.count * (thread + 1) / threads);
      },
      &context);
}

constexpr int64_t kElements = 16 << 20;

} // namespace

double multiplyAddPeak(rt::Team &team) {
#if defined(__x86_64__)
  const bool wide = __builtin_cpu_supports("avx512f");
  std::vector<float> sinks(static_cast<size_t>(team.threads()) * 16);
  const double took = best([&] {
    share(team, team.threads(), [&](int64_t begin, int64_t) {
      (wide ? chains512 : chains256)(&sinks[static_cast<size_t>(begin) * 16]);
    });
  });
  return 2.0 * (wide ? 16 : 8) * kChains * kRounds * team.threads() / took * 1e-9;
#else
  return 0;
#endif
}

double copyBandwidth(rt::Team &team) {
  std::vector<float> a(kElements, 1.0f), b(kElements, 2.0f);
  const double took = best([&] {
    share(team, kElements, [&](int64_t begin, int64_t end) {
      std::memcpy(&a[static_cast<size_t>(begin)], &b[static_cast<size_t>(begin)],
                  static_cast<size_t>(end - begin) * 4);
    });
  });
  return 8.0 * kElements / took * 1e-9;
}

double triadBandwidth(rt::Team &team) {
  std::vector<float> a(kElements, 1.0f), b(kElements, 2.0f), c(kElements, 3.0f);
  const double took = best([&] {
    share(team, kElements, [&](int64_t begin, int64_t end) {
      float *to = a.data();
      const float *x = b.data(), *y = c.data();
      for (int64_t i = begin; i < end; ++i)
        to[i] = x[i] + 0.5f * y[i];
    });
  });
  return 12.0 * kElements / took * 1e-9;
}

double updateBandwidth(rt::Team &team) {
  // Streams a multiple of a page apart would make each load wait for a store to the
  // same place of another page; all loads come before the stores for the same reason.
  constexpr size_t kApart = 16 * 17;
  std::vector<float> all(4 * (kElements + kApart), 1.0f);
  const double took = best([&] {
    share(team, kElements, [&](int64_t begin, int64_t end) {
      float *a = all.data(), *b = a + kElements + kApart, *c = b + kElements + kApart;
      const float *d = c + kElements + kApart;
      updateStreams(a + begin, b + begin, c + begin, d + begin, end - begin);
    });
  });
  return 28.0 * kElements / took * 1e-9;
}

} // namespace train::bench
