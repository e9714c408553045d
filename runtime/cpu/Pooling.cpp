// MAX_POOL, AVG_POOL and their adjoints. The team shares the planes of samples and
// channels; within a plane sums run over output positions in ascending order.
#include "ConvolutionShape.h"
#include "Entries.h"

#include <cstring>
#include <limits>

namespace train::cpu {
namespace {

/// The taps of one window that lie inside the image, in one dimension.
struct Taps {
  int64_t begin, end, first; ///< taps [begin, end), tap t at first + t * dilation
  Taps(int64_t position, int64_t stride, int64_t pad, int64_t dilation, int64_t kernel,
       int64_t size)
      : first(position * stride - pad) {
    begin = first >= 0 ? 0 : std::min(kernel, ceilDiv(-first, dilation));
    end = first >= size
              ? begin
              : std::max(begin, std::min(kernel, ceilDiv(size - first, dilation)));
  }
};

/// Calls visit(plane, output position, row taps, column taps) for all windows.
template <typename Visit>
void forEachWindow(const ConvolutionShape &s, Team &team, const Visit &visit) {
  const int64_t perPlane = std::max<int64_t>(1, s.OH * s.OW * s.taps());
  forEachRange(
      team, s.N * s.C, ceilDiv(32768, perPlane), [&](int64_t begin, int64_t end, int) {
        for (int64_t plane = begin; plane < end; ++plane)
          for (int64_t y = 0; y < s.OH; ++y) {
            const Taps rows(y, s.strideH, s.padTop, s.dilationH, s.kh, s.H);
            for (int64_t x = 0; x < s.OW; ++x) {
              const Taps columns(x, s.strideW, s.padLeft, s.dilationW, s.kw, s.W);
              visit(plane, y * s.OW + x, rows, columns);
            }
          }
      });
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
  forEachWindow(s, team,
                [&](int64_t plane, int64_t at, const Taps &rows, const Taps &columns) {
                  const float *image = input + plane * s.H * s.W;
                  // A window that is all padding has no maximum and sends no gradient.
                  float best = -std::numeric_limits<float>::infinity();
                  int64_t where = -1;
                  for (int64_t r = rows.begin; r < rows.end; ++r)
                    for (int64_t c = columns.begin; c < columns.end; ++c) {
                      const int64_t offset = (rows.first + r * s.dilationH) * s.W +
                                             columns.first + c * s.dilationW;
                      const float value = image[offset];
                      // The first NaN wins over everything, as a maximum must not hide
                      // it.
                      if (where < 0 || value > best || (value != value && best == best)) {
                        best = value;
                        where = offset;
                      }
                    }
                  out[plane * s.OH * s.OW + at] = best;
                  indices[plane * s.OH * s.OW + at] = static_cast<int32_t>(where);
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
  forEachWindow(s, team,
                [&](int64_t plane, int64_t at, const Taps &rows, const Taps &columns) {
                  const float *image = input + plane * s.H * s.W;
                  float sum = 0;
                  for (int64_t r = rows.begin; r < rows.end; ++r)
                    for (int64_t c = columns.begin; c < columns.end; ++c)
                      sum += image[(rows.first + r * s.dilationH) * s.W + columns.first +
                                   c * s.dilationW];
                  out[plane * s.OH * s.OW + at] = sum / area;
                });
  return Status::success();
}

Status averagePoolGrad(void *const *buffers, const int64_t *params, Team &team) {
  const ConvolutionShape s(params);
  const auto *dout = static_cast<const float *>(buffers[0]);
  auto *din = static_cast<float *>(buffers[1]);
  const auto area = static_cast<float>(s.taps());
  clearUnlessAccumulating(s, din, team);
  forEachWindow(s, team,
                [&](int64_t plane, int64_t at, const Taps &rows, const Taps &columns) {
                  float *image = din + plane * s.H * s.W;
                  const float share = dout[plane * s.OH * s.OW + at] / area;
                  for (int64_t r = rows.begin; r < rows.end; ++r)
                    for (int64_t c = columns.begin; c < columns.end; ++c)
                      image[(rows.first + r * s.dilationH) * s.W + columns.first +
                            c * s.dilationW] += share;
                });
  return Status::success();
}

} // namespace train::cpu
