// CONV2D and its two adjoints: cut into tiles of one product per group that the team
// claims. Sums run over (channel, tap), (output channel, tap) and (sample, position) in
// ascending order; the filter gradient takes the samples one after another into the same
// tile, so no partial sums are kept.
#include "ConvolutionShape.h"
#include "Elements.h"
#include "Entries.h"
#include "Grid.h"
#include "Scratch.h"
#include "SimdKernels.h"

#include <numeric>

namespace train::cpu {
namespace {

/// The types of a command's operands and of its result, which is of one type with them
/// or, with `sumsMayBeWider`, of f32.
Status elementsOf(const ConvolutionShape &s, bool sumsMayBeWider, Element &from,
                  Element &to) {
  if (elementOf(s.operandType, from) && elementOf(s.resultType, to) &&
      (to == from || (sumsMayBeWider && to == Element::F32)))
    return Status::success();
  return Status::error("a convolution of elements of type " +
                       std::to_string(s.operandType) + " with results of type " +
                       std::to_string(s.resultType) + " is not known");
}

/// The windows of the input that the output positions see, from sample n on.
WindowMap inputWindows(const ConvolutionShape &s, const Elements &input, int64_t n,
                       int64_t g) {
  WindowMap map{};
  map.planeStride = s.H * s.W;
  map.channels = s.inputsPerGroup();
  map.images = s.N - n;
  map.imageStride = s.C * map.planeStride;
  map.image = input.at(n * map.imageStride + g * map.channels * map.planeStride);
  map.height = s.H;
  map.width = s.W;
  map.gridHeight = s.OH;
  map.gridWidth = s.OW;
  map.strideY = s.strideH;
  map.strideX = s.strideW;
  map.tapRows = s.kh;
  map.tapColumns = s.kw;
  map.y0 = -s.padTop;
  map.yStep = s.dilationH;
  map.x0 = -s.padLeft;
  map.xStep = s.dilationW;
  return map;
}

/// Without padding and stride a plane is one long row: segments are then cut at the ends
/// of images only.
void flatten(WindowMap &map, PlaneMap &planes) {
  map.width = map.gridWidth = map.planeStride;
  map.height = map.gridHeight = 1;
  planes.rowStride = map.planeStride;
}

/// One dimension of a phase: the inputs phase, phase + stride, ... and the taps that
/// reach them. Input phase + stride * i receives tap first + step * j from output
/// i + offset + outputStep * j.
struct Phase {
  int64_t count; ///< inputs
  int64_t first, step, taps;
  int64_t offset, outputStep;

  Phase(int64_t phase, int64_t size, int64_t stride, int64_t pad, int64_t dilation,
        int64_t kernel) {
    count = phase < size ? ceilDiv(size - phase, stride) : 0;
    step = stride / std::gcd(stride, dilation);
    first = 0;
    while (first < std::min(kernel, step) &&
           (phase + pad - first * dilation) % stride != 0)
      ++first;
    const bool reached = first < std::min(kernel, step);
    taps = reached ? ceilDiv(kernel - first, step) : 0;
    offset = reached ? (phase + pad - first * dilation) / stride : 0;
    outputStep = -(step * dilation / stride);
  }
};

/// Whether each group is one channel with one filter of few taps, and the rows that four
/// rows of results need fit into the scratch, with what pads them.
bool runsAsPlanes(const ConvolutionShape &s) {
  if (s.groups != s.C || s.groups != s.O || s.taps() > kMaxDepthwiseTaps)
    return false;
  const int64_t spanY = (s.kh - 1) * s.dilationH + 1, spanX = (s.kw - 1) * s.dilationW;
  const int64_t width = std::max(s.W, s.OW) + spanX + 32;
  const int64_t forward = (4 * s.strideH + spanY) * width * s.strideW;
  const int64_t gradient = (spanY + 1) * (s.OW * s.strideW + spanX + 32) * 8;
  return std::max(forward, gradient) <= kGemmScratchBytes / int64_t(sizeof(float));
}

/// Shares the planes of all samples among the team: body(n, channel, thread).
template <typename Body>
void forEachChannel(const ConvolutionShape &s, Team &team, const Body &body) {
  const int64_t perPlane = std::max<int64_t>(1, s.OH * s.OW * s.taps());
  forEachRange(team, s.N * s.C, ceilDiv(65536, perPlane),
               [&](int64_t begin, int64_t end, int thread) {
                 for (int64_t plane = begin; plane < end; ++plane)
                   body(plane / s.C, plane % s.C, thread);
               });
}

/// Fills in tile `index` of the grid.
template <typename Task>
void placeTile(Task &task, const Grid &grid, int64_t index, int64_t m, int64_t n) {
  task.row = index % grid.rowTiles * grid.rows;
  task.rows = std::min(grid.rows, m - task.row);
  task.column = index / grid.rowTiles * grid.columns;
  task.columns = std::min(grid.columns, n - task.column);
}

} // namespace

Status convolution(void *const *buffers, const int64_t *params, Team &team) {
  const ConvolutionShape s(params);
  Element element, to;
  TRAIN_RT_RETURN_IF_ERROR(elementsOf(s, false, element, to));
  const Elements input(buffers[0], element), filter(buffers[1], element),
      out(buffers[2], element);
  const int64_t m = s.outputsPerGroup(), positions = s.OH * s.OW;
  const int64_t k = s.inputsPerGroup() * s.taps();
  if (s.N <= 0 || m <= 0 || positions <= 0)
    return Status::success();
  if (runsAsPlanes(s)) {
    forEachChannel(s, team, [&](int64_t n, int64_t channel, int thread) {
      ConvolutionTask task{};
      task.element = element;
      task.filter = {filter.at(channel * k), 0, 0, s.kh, s.kw, 0, s.kw, 1};
      task.windows = inputWindows(s, input, n, channel);
      task.planes = {out.at((n * s.O + channel) * positions), 0, 0, s.OW, 1};
      task.accumulate = s.accumulate;
      simdKernels()->depthwise(task, threadScratch(thread));
    });
    return Status::success();
  }
  const Grid grid = chooseGrid(element, s.groups, m, s.N * positions, k, team.threads(),
                               kWindowPackCost);
  forEachTask(team, s.groups * grid.tiles(), [&](int64_t index, int thread) {
    const int64_t g = index / grid.tiles();
    ConvolutionTask task{};
    task.element = element;
    placeTile(task, grid, index % grid.tiles(), m, s.N * positions);
    task.filter.filter = filter.at(g * m * k);
    task.windows = inputWindows(s, input, 0, g);
    task.planes = {out.at(g * m * positions), positions, s.O * positions, s.OW, 1};
    if (s.isPointwise())
      flatten(task.windows, task.planes);
    task.k = k;
    task.accumulate = s.accumulate;
    simdKernels()->convolution(task, threadScratch(thread));
  });
  return Status::success();
}

Status convolutionTranspose(void *const *buffers, const int64_t *params, Team &team) {
  const ConvolutionShape s(params);
  Element element, to;
  TRAIN_RT_RETURN_IF_ERROR(elementsOf(s, false, element, to));
  const Elements dout(buffers[0], element), filter(buffers[1], element),
      din(buffers[2], element);
  const int64_t m = s.inputsPerGroup(), outputs = s.outputsPerGroup();
  const int64_t plane = s.H * s.W, positions = s.OH * s.OW;
  if (s.N <= 0 || m <= 0 || plane <= 0)
    return Status::success();

  const bool planeByPlane = runsAsPlanes(s);
  for (int64_t phaseY = 0; phaseY < s.strideH; ++phaseY)
    for (int64_t phaseX = 0; phaseX < s.strideW; ++phaseX) {
      const Phase y(phaseY, s.H, s.strideH, s.padTop, s.dilationH, s.kh);
      const Phase x(phaseX, s.W, s.strideW, s.padLeft, s.dilationW, s.kw);
      const int64_t count = s.N * y.count * x.count, k = outputs * y.taps * x.taps;
      if (count == 0)
        continue;
      // Group g, seen from sample n on.
      auto describe = [&](ConvolutionTask &task, int64_t g, int64_t n) {
        task.element = element;
        task.accumulate = s.accumulate;
        FilterMap &weights = task.filter;
        weights.filter = filter.at(g * outputs * m * s.taps());
        weights.outputStride = m * s.taps();
        weights.inputStride = s.taps();
        weights.tapRows = y.taps;
        weights.tapColumns = x.taps;
        weights.tap0 = y.first * s.kw + x.first;
        weights.tapRowStep = y.step * s.kw;
        weights.tapColumnStep = x.step;
        WindowMap &windows = task.windows;
        windows.image = dout.at((n * s.O + g * outputs) * positions);
        windows.images = s.N - n;
        windows.imageStride = s.O * positions;
        windows.channels = outputs;
        windows.planeStride = positions;
        windows.height = s.OH;
        windows.width = s.OW;
        windows.gridHeight = y.count;
        windows.gridWidth = x.count;
        windows.strideY = windows.strideX = 1;
        windows.tapRows = y.taps;
        windows.tapColumns = x.taps;
        windows.y0 = y.offset;
        windows.yStep = y.outputStep;
        windows.x0 = x.offset;
        windows.xStep = x.outputStep;
        task.planes = {din.at((n * s.C + g * m) * plane + phaseY * s.W + phaseX), plane,
                       s.C * plane, s.strideH * s.W, s.strideW};
        if (s.isPointwise() && !planeByPlane)
          flatten(windows, task.planes);
      };
      if (planeByPlane) {
        forEachChannel(s, team, [&](int64_t n, int64_t channel, int thread) {
          ConvolutionTask task{};
          describe(task, channel, n);
          simdKernels()->depthwise(task, threadScratch(thread));
        });
        continue;
      }
      const Grid grid =
          chooseGrid(element, s.groups, m, count, k, team.threads(), kWindowPackCost);
      forEachTask(team, s.groups * grid.tiles(), [&](int64_t index, int thread) {
        ConvolutionTask task{};
        placeTile(task, grid, index % grid.tiles(), m, count);
        task.k = k;
        describe(task, index / grid.tiles(), 0);
        simdKernels()->convolutionTranspose(task, threadScratch(thread));
      });
    }
  return Status::success();
}

Status convolutionFilterGrad(void *const *buffers, const int64_t *params, Team &team) {
  const ConvolutionShape s(params);
  Element from, to;
  TRAIN_RT_RETURN_IF_ERROR(elementsOf(s, true, from, to));
  const Elements input(buffers[0], from), dout(buffers[1], from), dfilter(buffers[2], to);
  const int64_t m = s.outputsPerGroup(), inputs = s.inputsPerGroup();
  const int64_t columns = inputs * s.taps(), positions = s.OH * s.OW;
  if (s.groups <= 0 || m <= 0 || columns <= 0)
    return Status::success();
  if (s.N > 0 && runsAsPlanes(s)) {
    constexpr int64_t kChannels = 8;
    forEachTask(team, ceilDiv(s.C, kChannels), [&](int64_t index, int thread) {
      const int64_t first = index * kChannels;
      DepthwiseGradTask task{};
      task.from = from;
      task.to = to;
      task.windows = inputWindows(s, input, 0, first);
      task.dout = dout.at(first * positions);
      task.doutImageStride = s.C * positions;
      task.out = dfilter.at(first * s.taps());
      task.channels = std::min(kChannels, s.C - first);
      task.accumulate = s.accumulate;
      simdKernels()->depthwiseFilterGrad(task, threadScratch(thread));
    });
    return Status::success();
  }
  const Grid grid =
      chooseGrid(from, s.groups, m, columns, std::max<int64_t>(s.N, 1) * positions,
                 team.threads(), s.isPointwise() ? kDensePackCost : kWindowPackCost);
  forEachTask(team, s.groups * grid.tiles(), [&](int64_t index, int thread) {
    const int64_t g = index / grid.tiles();
    FilterGradTask task{};
    placeTile(task, grid, index % grid.tiles(), m, columns);
    task.from = from;
    task.to = to;
    task.dout = dout.at(g * m * positions);
    task.doutImageStride = s.O * positions;
    task.windows = inputWindows(s, input, 0, g);
    task.out = dfilter.at((g * m + task.row) * columns + task.column);
    task.ldOut = columns;
    task.k = positions;
    task.pointwise = s.isPointwise();
    task.accumulate = s.accumulate;
    simdKernels()->convolutionFilterGrad(task, threadScratch(thread));
  });
  return Status::success();
}

} // namespace train::cpu
