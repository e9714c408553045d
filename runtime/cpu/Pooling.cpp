// MAX_POOL, AVG_POOL and their adjoints. The team shares the planes of samples and
// channels; within a plane sums run over output positions in ascending order. A plane of
// narrow sums is held in f32, in the workspace, and rounded once.
#include "Blocking.h"
#include "ConvolutionShape.h"
#include "Elements.h"
#include "Entries.h"

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

/// Shares the planes among the team: body(plane, thread).
template <typename Body>
void forEachPlane(const ConvolutionShape &s, Team &team, const Body &body) {
  const int64_t perPlane = std::max<int64_t>(1, s.OH * s.OW * s.taps());
  forEachRange(team, s.N * s.C, ceilDiv(32768, perPlane),
               [&](int64_t begin, int64_t end, int thread) {
                 for (int64_t plane = begin; plane < end; ++plane)
                   body(plane, thread);
               });
}

Status elementOfPool(const ConvolutionShape &s, Element &element) {
  if (elementOf(s.operandType, element) && s.resultType == s.operandType)
    return Status::success();
  return Status::error("a pool of elements of type " + std::to_string(s.operandType) +
                       " with results of type " + std::to_string(s.resultType) +
                       " is not known");
}

PoolPlane planeOf(const ConvolutionShape &s, const Elements &input, Element element,
                  int64_t plane) {
  return {element,     input.at(plane * s.H * s.W),
          s.H,         s.W,
          s.OH,        s.OW,
          s.kh,        s.kw,
          s.strideH,   s.strideW,
          s.padTop,    s.padLeft,
          s.dilationH, s.dilationW};
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

/// Elements of any type are widened this many at a time.
constexpr int64_t kPiece = 256;

/// Calls body(floats, begin, count) for the pieces of `count` elements from `first` on.
template <typename Body>
void forEachPiece(const Elements &elements, Element element, int64_t first, int64_t count,
                  const Body &body) {
  float buffer[kPiece];
  for (int64_t begin = 0; begin < count; begin += kPiece) {
    const int64_t size = std::min(kPiece, count - begin);
    const void *at = elements.at(first + begin);
    if (element != Element::F32)
      simdKernels()->convert(at, element, buffer, Element::F32, size);
    body(element == Element::F32 ? static_cast<const float *>(at) : buffer, begin, size);
  }
}

/// The gradients of planes, of any type, as f32 to add to.
class GradientPlanes {
public:
  GradientPlanes(const ConvolutionShape &s, Element element, void *planes, void *held)
      : s(s), element(element), planes(planes, element), held(static_cast<char *>(held)),
        heldBytes(heldPlaneBytes(s.H * s.W)) {}

  /// Calls body(image) with the plane as it is to be added to, and puts it where it
  /// belongs. Plane by plane, so that it is in the cache when it is used.
  template <typename Body>
  void update(int64_t plane, int thread, const Body &body) const {
    const int64_t area = s.H * s.W;
    void *result = planes.at(plane * area);
    const bool narrow = element != Element::F32;
    auto *image = reinterpret_cast<float *>(narrow ? held + thread * heldBytes
                                                   : static_cast<char *>(result));
    if (!s.accumulate)
      std::memset(image, 0, static_cast<size_t>(area) * sizeof(float));
    else if (narrow)
      simdKernels()->convert(result, element, image, Element::F32, area);
    body(image);
    if (narrow)
      simdKernels()->convert(image, Element::F32, result, element, area);
  }

private:
  const ConvolutionShape &s;
  Element element;
  Elements planes;
  char *held;
  int64_t heldBytes;
};

} // namespace

Status maxPool(void *const *buffers, const int64_t *params, Team &team) {
  const ConvolutionShape s(params);
  Element element;
  TRAIN_RT_RETURN_IF_ERROR(elementOfPool(s, element));
  const Elements input(buffers[0], element), out(buffers[1], element);
  auto *indices = static_cast<int32_t *>(buffers[2]);
  forEachPlane(s, team, [&](int64_t plane, int) {
    const int64_t first = plane * s.OH * s.OW;
    simdKernels()->poolMaximum(planeOf(s, input, element, plane), out.at(first),
                               indices + first);
  });
  return Status::success();
}

Status maxPoolGrad(void *const *buffers, const int64_t *params, Team &team) {
  const ConvolutionShape s(params);
  Element element;
  TRAIN_RT_RETURN_IF_ERROR(elementOfPool(s, element));
  const Elements dout(buffers[0], element);
  const auto *indices = static_cast<const int32_t *>(buffers[1]);
  const GradientPlanes din(s, element, buffers[2], buffers[3]);
  const int64_t perPlane = s.OH * s.OW, area = s.H * s.W;
  constexpr int64_t kNone = std::numeric_limits<int64_t>::max();
  std::atomic<int64_t> firstBad{kNone}; // of all positions, whatever thread meets it
  forEachPlane(s, team, [&](int64_t plane, int thread) {
    const int32_t *where = indices + plane * perPlane;
    din.update(plane, thread, [&](float *image) {
      forEachPiece(dout, element, plane * perPlane, perPlane,
                   [&](const float *from, int64_t begin, int64_t count) {
                     for (int64_t i = begin; i < begin + count; ++i) {
                       if (where[i] >= 0 && where[i] < area) {
                         image[where[i]] += from[i - begin];
                         continue;
                       }
                       if (where[i] == -1) // an empty window sends nothing
                         continue;
                       int64_t position = plane * perPlane + i, seen = firstBad.load();
                       while (position < seen &&
                              !firstBad.compare_exchange_weak(seen, position)) {
                       }
                     }
                   });
    });
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
  Element element;
  TRAIN_RT_RETURN_IF_ERROR(elementOfPool(s, element));
  const Elements input(buffers[0], element), out(buffers[1], element);
  forEachPlane(s, team, [&](int64_t plane, int) {
    simdKernels()->poolMean(planeOf(s, input, element, plane),
                            out.at(plane * s.OH * s.OW));
  });
  return Status::success();
}

Status averagePoolGrad(void *const *buffers, const int64_t *params, Team &team) {
  const ConvolutionShape s(params);
  Element element;
  TRAIN_RT_RETURN_IF_ERROR(elementOfPool(s, element));
  const Elements dout(buffers[0], element);
  const GradientPlanes din(s, element, buffers[1], buffers[2]);
  const auto area = static_cast<float>(s.taps());
  forEachPlane(s, team, [&](int64_t plane, int thread) {
    din.update(plane, thread, [&](float *image) {
      float shares[kPiece];
      for (int64_t y = 0; y < s.OH; ++y)
        forEachPiece(dout, element, (plane * s.OH + y) * s.OW, s.OW,
                     [&](const float *from, int64_t x, int64_t count) {
                       for (int64_t i = 0; i < count; ++i)
                         shares[i] = from[i] / area;
                       // Taps from right to left: an input then receives from its outputs
                       // in ascending order.
                       forEachTapOfRow(
                           s, y, [&](const PoolRow &row, int64_t first, int64_t offset) {
                             const int64_t low = std::max(first, x),
                                           high = std::min(first + row.count, x + count);
                             if (low < high)
                               simdKernels()->poolScatter(
                                   PoolRow{high - low, row.stride}, shares + low - x,
                                   image + offset + (low - first) * s.strideW);
                           });
                     });
    });
  });
  return Status::success();
}

} // namespace train::cpu
