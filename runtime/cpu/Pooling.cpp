// MAX_POOL, AVG_POOL and their adjoints. The team shares the planes of samples and
// channels; within a plane sums run over output positions in ascending order.
#include "ConvolutionShape.h"
#include "Entries.h"
#include "SimdKernels.h"

#include <cstring>
#include <limits>

namespace train::cpu {
namespace {

/// The outputs [begin, end) of one dimension whose tap lies inside the image.
struct Inside {
  int64_t begin, end;
  Inside(int64_t tap, int64_t stride, int64_t pad, int64_t dilation, int64_t size,
         int64_t outputs) {
    const int64_t first = tap * dilation - pad; // of output 0
    begin = std::min(outputs, first >= 0 ? 0 : ceilDiv(-first, stride));
    end = first >= size
              ? begin
              : std::max(begin, std::min(outputs, ceilDiv(size - first, stride)));
  }
};

/// Shares the planes among the team: body(plane).
template <typename Body>
void forEachPlane(const ConvolutionShape &s, Team &team, const Body &body) {
  const int64_t perPlane = std::max<int64_t>(1, s.OH * s.OW * s.taps());
  forEachRange(team, s.N * s.C, ceilDiv(32768, perPlane),
               [&](int64_t begin, int64_t end, int) {
                 for (int64_t plane = begin; plane < end; ++plane)
                   body(plane);
               });
}

/// Calls visit(row, first output, offset in the plane) for each tap of output row y that
/// meets the image: rows of taps in ascending order, columns ascending or descending.
template <typename Visit>
void forEachTapOfRow(const ConvolutionShape &s, int64_t y, bool descending,
                     const Visit &visit) {
  for (int64_t r = 0; r < s.kh; ++r) {
    const int64_t line = y * s.strideH - s.padTop + r * s.dilationH;
    if (line < 0 || line >= s.H)
      continue;
    for (int64_t i = 0; i < s.kw; ++i) {
      const int64_t c = descending ? s.kw - 1 - i : i;
      const Inside inside(c, s.strideW, s.padLeft, s.dilationW, s.W, s.OW);
      if (inside.begin < inside.end)
        visit(PoolRow{inside.end - inside.begin, s.strideW}, inside.begin,
              line * s.W + inside.begin * s.strideW - s.padLeft + c * s.dilationW);
    }
  }
}

void clearUnlessAccumulating(const ConvolutionShape &s, float *din, Team &team) {
  if (s.accumulate)
    return;
  forEachRange(team, s.N * s.C * s.H * s.W, 65536, [&](int64_t begin, int64_t end, int) {
    std::memset(din + begin, 0, static_cast<size_t>(end - begin) * sizeof(float));
  });
}

} // namespace

Status maxPool(void *const *buffers, const int64_t *params, Team &team) {
  const ConvolutionShape s(params);
  const auto *input = static_cast<const float *>(buffers[0]);
  auto *out = static_cast<float *>(buffers[1]);
  auto *indices = static_cast<int32_t *>(buffers[2]);
  forEachPlane(s, team, [&](int64_t plane) {
    const float *image = input + plane * s.H * s.W;
    for (int64_t y = 0; y < s.OH; ++y) {
      float *best = out + (plane * s.OH + y) * s.OW;
      int32_t *where = indices + (plane * s.OH + y) * s.OW;
      // A window that is all padding has no maximum and sends no gradient.
      std::fill(best, best + s.OW, -std::numeric_limits<float>::infinity());
      std::fill(where, where + s.OW, -1);
      forEachTapOfRow(
          s, y, false, [&](const PoolRow &row, int64_t first, int64_t offset) {
            simdKernels()->poolMaximum(row, image + offset, static_cast<int32_t>(offset),
                                       best + first, where + first);
          });
    }
  });
  return Status::success();
}

Status maxPoolGrad(void *const *buffers, const int64_t *params, Team &team) {
  const ConvolutionShape s(params);
  const auto *dout = static_cast<const float *>(buffers[0]);
  const auto *indices = static_cast<const int32_t *>(buffers[1]);
  auto *din = static_cast<float *>(buffers[2]);
  clearUnlessAccumulating(s, din, team);
  const int64_t perPlane = s.OH * s.OW;
  forEachRange(team, s.N * s.C, ceilDiv(32768, std::max<int64_t>(1, perPlane)),
               [&](int64_t begin, int64_t end, int) {
                 for (int64_t plane = begin; plane < end; ++plane)
                   for (int64_t i = plane * perPlane; i < (plane + 1) * perPlane; ++i)
                     if (indices[i] >= 0)
                       din[plane * s.H * s.W + indices[i]] += dout[i];
               });
  return Status::success();
}

Status averagePool(void *const *buffers, const int64_t *params, Team &team) {
  const ConvolutionShape s(params);
  const auto *input = static_cast<const float *>(buffers[0]);
  auto *out = static_cast<float *>(buffers[1]);
  const auto area = static_cast<float>(s.taps());
  forEachPlane(s, team, [&](int64_t plane) {
    const float *image = input + plane * s.H * s.W;
    for (int64_t y = 0; y < s.OH; ++y) {
      float *sum = out + (plane * s.OH + y) * s.OW;
      std::fill(sum, sum + s.OW, 0.0f);
      forEachTapOfRow(s, y, false,
                      [&](const PoolRow &row, int64_t first, int64_t offset) {
                        simdKernels()->poolSum(row, image + offset, sum + first);
                      });
      for (int64_t x = 0; x < s.OW; ++x)
        sum[x] /= area;
    }
  });
  return Status::success();
}

Status averagePoolGrad(void *const *buffers, const int64_t *params, Team &team) {
  const ConvolutionShape s(params);
  const auto *dout = static_cast<const float *>(buffers[0]);
  auto *din = static_cast<float *>(buffers[1]);
  const auto area = static_cast<float>(s.taps());
  clearUnlessAccumulating(s, din, team);
  forEachPlane(s, team, [&](int64_t plane) {
    float *image = din + plane * s.H * s.W;
    constexpr int64_t kPiece = 256;
    float shares[kPiece];
    for (int64_t y = 0; y < s.OH; ++y)
      for (int64_t x = 0; x < s.OW; x += kPiece) {
        const int64_t count = std::min(kPiece, s.OW - x);
        const float *from = dout + (plane * s.OH + y) * s.OW + x;
        for (int64_t i = 0; i < count; ++i)
          shares[i] = from[i] / area;
        // Taps from right to left: an input then receives from its outputs in ascending
        // order.
        forEachTapOfRow(
            s, y, true, [&](const PoolRow &row, int64_t first, int64_t offset) {
              const int64_t low = std::max(first, x),
                            high = std::min(first + row.count, x + count);
              if (low < high)
                simdKernels()->poolScatter(PoolRow{high - low, row.stride},
                                           shares + low - x,
                                           image + offset + (low - first) * s.strideW);
            });
      }
  });
  return Status::success();
}

} // namespace train::cpu
