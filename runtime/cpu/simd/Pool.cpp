// The rows of pools: loops without branches over many outputs, compiled apart for the
// strides that networks use, so that they become vectors.
#include "Kernels.h"
#include "Vector.h"

namespace train::cpu::TRAIN_SIMD {

namespace {

template <int64_t kValue> struct Fixed {
  static constexpr int64_t value = kValue;
};
struct Any {
  int64_t value;
};

template <typename Body>
__attribute__((always_inline)) inline void atStride(int64_t stride, const Body &body) {
  if (stride == 1)
    body(Fixed<1>{});
  else if (stride == 2)
    body(Fixed<2>{});
  else
    body(Any{stride});
}

} // namespace

void poolMaximum(const PoolRow &row, const float *__restrict image, int32_t offset,
                 float *__restrict best, int32_t *__restrict where) {
  atStride(row.stride, [&](auto stride) {
    const auto step = static_cast<int32_t>(stride.value);
    for (int64_t n = 0; n < row.count; ++n) {
      const float value = image[n * stride.value];
      const bool take =
          (where[n] < 0) | (value > best[n]) | ((value != value) & (best[n] == best[n]));
      best[n] = take ? value : best[n];
      where[n] = take ? offset + static_cast<int32_t>(n) * step : where[n];
    }
  });
}

void poolSum(const PoolRow &row, const float *__restrict image, float *__restrict sum) {
  atStride(row.stride, [&](auto stride) {
    for (int64_t n = 0; n < row.count; ++n)
      sum[n] += image[n * stride.value];
  });
}

void poolScatter(const PoolRow &row, const float *__restrict share,
                 float *__restrict image) {
  atStride(row.stride, [&](auto stride) {
    for (int64_t n = 0; n < row.count; ++n)
      image[n * stride.value] += share[n];
  });
}

} // namespace train::cpu::TRAIN_SIMD
