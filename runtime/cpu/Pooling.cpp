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

PoolPlane planeOf(const ConvolutionShape &s, const void *input, int64_t plane) {
  return {static_cast<const float *>(input) + plane * s.H * s.W,
          s.H,
          s.W,
          s.OH,
          s.OW,
          s.kh,
          s.kw,
          s.strideH,
          s.strideW,
          s.padTop,
          s.padLeft,
          s.dilationH,
          s.dilationW};
}

/// Calls visit(row, first output, offset in the plane) for each tap of output row y that
/// meets the image: rows of taps in ascending order, columns descending.
template <typename Visit>
void forEachTapOfRow(const ConvolutionShape &s, int64_t y, const Visit &visit) {
  for (int64_t r = 0; r < s.kh; ++r) {
    const int64_t line = y * s.strideH - s.padTop + r * s.dilationH;
    if (line < 0 || line >= s.H)
      continue;
    for (int64_t c = s.kw - 1; c >= 0; --c) {
      const Inside inside(c, s.strideW, s.padLeft, s.dilationW, s.W, s.OW);
      if (inside.begin < inside.end)
        visit(PoolRow{inside.end - inside.begin, s.strideW}, inside.begin,
              line * s.W + inside.begin * s.strideW - s.padLeft + c * s.dilationW);
    }
  }
}

/// The gradient of a plane starts from zero unless it is to be added to; plane by plane,
/// so that it is in the cache when it is used.
void clearUnlessAccumulating(const ConvolutionShape &s, float *plane) {
  if (!s.accumulate)
    std::memset(plane, 0, static_cast<size_t>(s.H * s.W) * sizeof(float));
}

} // namespace

Status maxPool(void *const *buffers, const int64_t *params, Team &team) {
  const ConvolutionShape s(params);
  auto *out = static_cast<float *>(buffers[1]);
  auto *indices = static_cast<int32_t *>(buffers[2]);
  forEachPlane(s, team, [&](int64_t plane) {
    const int64_t first = plane * s.OH * s.OW;
    simdKernels()->poolMaximum(planeOf(s, buffers[0], plane), out + first,
                               indices + first);
  });
  return Status::success();
}

Status maxPoolGrad(void *const *buffers, const int64_t *params, Team &team) {
  const ConvolutionShape s(params);
  const auto *dout = static_cast<const float *>(buffers[0]);
  const auto *indices = static_cast<const int32_t *>(buffers[1]);
  auto *din = static_cast<float *>(buffers[2]);
  const int64_t perPlane = s.OH * s.OW, area = s.H * s.W;
  constexpr int64_t kNone = std::numeric_limits<int64_t>::max();
  std::atomic<int64_t> firstBad{kNone}; // of all positions, whatever thread meets it
  forEachPlane(s, team, [&](int64_t plane) {
    float *image = din + plane * s.H * s.W;
    const float *from = dout + plane * perPlane;
    const int32_t *where = indices + plane * perPlane;
    clearUnlessAccumulating(s, image);
    for (int64_t i = 0; i < perPlane; ++i) {
      if (where[i] >= 0 && where[i] < area) {
        image[where[i]] += from[i];
      } else if (where[i] != -1) { // an empty window has no maximum and sends nothing
        int64_t position = plane * perPlane + i, seen = firstBad.load();
        while (position < seen && !firstBad.compare_exchange_weak(seen, position)) {
        }
        break;
      }
    }
  });
  if (firstBad == kNone)
    return Status::success();
  return Status::error(rt::ErrorKind::Data,
                       "got index " + std::to_string(indices[firstBad]) +
                           " at position " + std::to_string(firstBad) +
                           " into a plane of " + std::to_string(area) + " elements");
}

Status averagePool(void *const *buffers, const int64_t *params, Team &team) {
  const ConvolutionShape s(params);
  auto *out = static_cast<float *>(buffers[1]);
  forEachPlane(s, team, [&](int64_t plane) {
    simdKernels()->poolMean(planeOf(s, buffers[0], plane), out + plane * s.OH * s.OW);
  });
  return Status::success();
}

Status averagePoolGrad(void *const *buffers, const int64_t *params, Team &team) {
  const ConvolutionShape s(params);
  const auto *dout = static_cast<const float *>(buffers[0]);
  auto *din = static_cast<float *>(buffers[1]);
  const auto area = static_cast<float>(s.taps());
  forEachPlane(s, team, [&](int64_t plane) {
    float *image = din + plane * s.H * s.W;
    clearUnlessAccumulating(s, image);
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
        forEachTapOfRow(s, y, [&](const PoolRow &row, int64_t first, int64_t offset) {
          const int64_t low = std::max(first, x),
                        high = std::min(first + row.count, x + count);
          if (low < high)
            simdKernels()->poolScatter(PoolRow{high - low, row.stride}, shares + low - x,
                                       image + offset + (low - first) * s.strideW);
        });
      }
  });
  return Status::success();
}

} // namespace train::cpu
