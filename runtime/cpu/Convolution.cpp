// CONV2D and its two adjoints: cut into products, one per sample and group, whose tiles
// the team claims. Sums run over (channel, tap), (output channel, tap) and (sample,
// position) in ascending order; the filter gradient takes the samples one after another
// into the same tile, so no partial sums are kept.
#include "Blocking.h"
#include "ConvolutionShape.h"
#include "Entries.h"
#include "Grid.h"
#include "Scratch.h"
#include "SimdKernels.h"
#include "train/Runtime/Abi.h"

#include <cstring>
#include <numeric>

namespace train::cpu {
namespace {

/// The windows that the output positions see in one sample and group of the input.
WindowMap inputWindows(const ConvolutionShape &s, const float *input, int64_t n,
                       int64_t g) {
  WindowMap map;
  map.planeStride = s.H * s.W;
  map.channels = s.inputsPerGroup();
  map.image = input + (n * s.C + g * map.channels) * map.planeStride;
  map.height = s.H;
  map.width = s.W;
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
    while (first < kernel && first < step &&
           (phase + pad - first * dilation) % stride != 0)
      ++first;
    const bool reached = first < kernel && (phase + pad - first * dilation) % stride == 0;
    taps = reached ? ceilDiv(kernel - first, step) : 0;
    offset = reached ? (phase + pad - first * dilation) / stride : 0;
    outputStep = -(step * dilation / stride);
  }
};

} // namespace

Status convolution(void *const *buffers, const int64_t *params, Team &team) {
  const ConvolutionShape s(params);
  const auto *input = static_cast<const float *>(buffers[0]);
  const auto *filter = static_cast<const float *>(buffers[1]);
  auto *out = static_cast<float *>(buffers[2]);
  const int64_t m = s.outputsPerGroup(), positions = s.OH * s.OW;
  const int64_t k = s.inputsPerGroup() * s.taps(), products = s.N * s.groups;
  if (products <= 0 || m <= 0 || positions <= 0)
    return Status::success();
  const bool pointwise = s.isPointwise();
  const Grid grid = chooseGrid(products, m, positions, k, team.threads(),
                               pointwise ? kDensePackCost : kWindowPackCost);
  forEachTask(team, products * grid.tiles(), [&](int64_t index, int thread) {
    const int64_t product = index / grid.tiles(), tile = index % grid.tiles();
    const int64_t n = product / s.groups, g = product % s.groups;
    const int64_t row = tile % grid.rowTiles * grid.rows;
    const int64_t column = tile / grid.rowTiles * grid.columns;
    const int64_t rows = std::min(grid.rows, m - row);
    const int64_t columns = std::min(grid.columns, positions - column);
    float *to = out + (n * s.O + g * m + row) * positions + column;
    const float *weights = filter + g * m * k;
    if (pointwise) {
      GemmTask task{weights + row * k,
                    input + (n * s.C + g * k) * positions + column,
                    to,
                    rows,
                    columns,
                    k,
                    k,
                    positions,
                    positions,
                    false,
                    false,
                    s.accumulate};
      simdKernels()->gemm(task, threadScratch(thread));
      return;
    }
    ConvolutionTask task{};
    task.filter.filter = weights;
    task.windows = inputWindows(s, input, n, g);
    task.out = to;
    task.ldOut = positions;
    task.row = row;
    task.rows = rows;
    task.column = column;
    task.columns = columns;
    task.k = k;
    task.accumulate = s.accumulate;
    simdKernels()->convolution(task, threadScratch(thread));
  });
  return Status::success();
}

Status convolutionTranspose(void *const *buffers, const int64_t *params, Team &team) {
  const ConvolutionShape s(params);
  const auto *dout = static_cast<const float *>(buffers[0]);
  const auto *filter = static_cast<const float *>(buffers[1]);
  auto *din = static_cast<float *>(buffers[2]);
  auto *workspace = static_cast<char *>(buffers[3]);
  const int64_t perThread =
      trainLibraryWorkspaceBytes(TRAIN_LIBRARY_CONV2D_TRANSPOSE, params, 1);
  const int64_t m = s.inputsPerGroup(), outputs = s.outputsPerGroup();
  const int64_t products = s.N * s.groups, plane = s.H * s.W, positions = s.OH * s.OW;
  if (products <= 0 || m <= 0 || plane <= 0)
    return Status::success();

  if (s.isPointwise()) {
    const Grid grid =
        chooseGrid(products, m, plane, outputs, team.threads(), kDensePackCost);
    forEachTask(team, products * grid.tiles(), [&](int64_t index, int thread) {
      const int64_t product = index / grid.tiles(), tile = index % grid.tiles();
      const int64_t n = product / s.groups, g = product % s.groups;
      const int64_t row = tile % grid.rowTiles * grid.rows;
      const int64_t column = tile / grid.rowTiles * grid.columns;
      GemmTask task{filter + g * outputs * m + row,
                    dout + (n * s.O + g * outputs) * plane + column,
                    din + (n * s.C + g * m + row) * plane + column,
                    std::min(grid.rows, m - row),
                    std::min(grid.columns, plane - column),
                    outputs,
                    m,
                    plane,
                    plane,
                    true,
                    false,
                    s.accumulate};
      simdKernels()->gemm(task, threadScratch(thread));
    });
    return Status::success();
  }

  for (int64_t phaseY = 0; phaseY < s.strideH; ++phaseY)
    for (int64_t phaseX = 0; phaseX < s.strideW; ++phaseX) {
      const Phase y(phaseY, s.H, s.strideH, s.padTop, s.dilationH, s.kh);
      const Phase x(phaseX, s.W, s.strideW, s.padLeft, s.dilationW, s.kw);
      const int64_t count = y.count * x.count, k = outputs * y.taps * x.taps;
      if (count == 0 || (k == 0 && s.accumulate))
        continue;
      const bool strided = s.strideH != 1 || s.strideW != 1;
      Grid grid = chooseGrid(products, m, count, k, team.threads(), kWindowPackCost);
      if (strided) {
        grid.rows = std::min(grid.rows, kScatterRows);
        grid.columns = std::min(grid.columns, kScatterColumns);
        grid.rowTiles = ceilDiv(m, grid.rows);
        grid.columnTiles = ceilDiv(count, grid.columns);
      }
      forEachTask(team, products * grid.tiles(), [&](int64_t index, int thread) {
        const int64_t product = index / grid.tiles(), tile = index % grid.tiles();
        const int64_t n = product / s.groups, g = product % s.groups;
        ConvolutionTask task{};
        task.row = tile % grid.rowTiles * grid.rows;
        task.column = tile / grid.rowTiles * grid.columns;
        task.rows = std::min(grid.rows, m - task.row);
        task.columns = std::min(grid.columns, count - task.column);
        task.k = k;
        task.accumulate = s.accumulate;
        task.filter.filter = filter + g * outputs * m * s.taps();
        task.filter.outputStride = m * s.taps();
        task.filter.inputStride = s.taps();
        task.filter.tapRows = y.taps;
        task.filter.tapColumns = x.taps;
        task.filter.tap0 = y.first * s.kw + x.first;
        task.filter.tapRowStep = y.step * s.kw;
        task.filter.tapColumnStep = x.step;
        task.windows.image = dout + (n * s.O + g * outputs) * positions;
        task.windows.channels = outputs;
        task.windows.planeStride = positions;
        task.windows.height = s.OH;
        task.windows.width = s.OW;
        task.windows.gridWidth = x.count;
        task.windows.strideY = task.windows.strideX = 1;
        task.windows.tapRows = y.taps;
        task.windows.tapColumns = x.taps;
        task.windows.y0 = y.offset;
        task.windows.yStep = y.outputStep;
        task.windows.x0 = x.offset;
        task.windows.xStep = x.outputStep;
        float *planes = din + (n * s.C + g * m + task.row) * plane;
        if (!strided) {
          task.out = planes + task.column;
          task.ldOut = plane;
          simdKernels()->convolutionTranspose(task, threadScratch(thread));
          return;
        }
        auto *tileOut = reinterpret_cast<float *>(workspace + thread * perThread);
        task.out = tileOut;
        task.ldOut = task.columns;
        auto visit = [&](auto &&move) {
          for (int64_t i = 0; i < task.rows; ++i) {
            float *at = tileOut + i * task.columns;
            int64_t position = task.column, end = task.column + task.columns;
            while (position < end) {
              const int64_t row = position / x.count, first = position % x.count;
              const int64_t run = std::min(x.count - first, end - position);
              float *to = planes + i * plane + (phaseY + row * s.strideH) * s.W + phaseX +
                          first * s.strideW;
              for (int64_t j = 0; j < run; ++j)
                move(*at++, to[j * s.strideW]);
              position += run;
            }
          }
        };
        if (s.accumulate)
          visit([](float &inTile, float &inPlace) { inTile = inPlace; });
        simdKernels()->convolutionTranspose(task, threadScratch(thread));
        visit([](float &inTile, float &inPlace) { inPlace = inTile; });
      });
    }
  return Status::success();
}

Status convolutionFilterGrad(void *const *buffers, const int64_t *params, Team &team) {
  const ConvolutionShape s(params);
  const auto *input = static_cast<const float *>(buffers[0]);
  const auto *dout = static_cast<const float *>(buffers[1]);
  auto *dfilter = static_cast<float *>(buffers[2]);
  const int64_t m = s.outputsPerGroup(), inputs = s.inputsPerGroup();
  const int64_t columnsAll = inputs * s.taps(), positions = s.OH * s.OW;
  if (s.groups <= 0 || m <= 0 || columnsAll <= 0)
    return Status::success();
  const bool pointwise = s.isPointwise();
  const Grid grid =
      chooseGrid(s.groups, m, columnsAll, std::max<int64_t>(s.N, 1) * positions,
                 team.threads(), pointwise ? kDensePackCost : kWindowPackCost);
  forEachTask(team, s.groups * grid.tiles(), [&](int64_t index, int thread) {
    const int64_t g = index / grid.tiles(), tile = index % grid.tiles();
    const int64_t row = tile % grid.rowTiles * grid.rows;
    const int64_t column = tile / grid.rowTiles * grid.columns;
    const int64_t rows = std::min(grid.rows, m - row);
    const int64_t columns = std::min(grid.columns, columnsAll - column);
    float *to = dfilter + (g * m + row) * columnsAll + column;
    if (s.N == 0 && !s.accumulate)
      for (int64_t i = 0; i < rows; ++i)
        std::memset(to + i * columnsAll, 0, static_cast<size_t>(columns) * sizeof(float));
    for (int64_t n = 0; n < s.N; ++n) {
      const bool accumulate = s.accumulate || n > 0;
      const float *doutAt = dout + (n * s.O + g * m) * positions;
      if (pointwise) {
        GemmTask task{doutAt + row * positions,
                      input + (n * s.C + g * inputs + column) * positions,
                      to,
                      rows,
                      columns,
                      positions,
                      positions,
                      positions,
                      columnsAll,
                      false,
                      true,
                      accumulate};
        simdKernels()->gemm(task, threadScratch(thread));
        continue;
      }
      ConvolutionTask task{};
      task.dout = doutAt;
      task.windows = inputWindows(s, input, n, g);
      task.out = to;
      task.ldOut = columnsAll;
      task.row = row;
      task.rows = rows;
      task.column = column;
      task.columns = columns;
      task.k = positions;
      task.accumulate = accumulate;
      simdKernels()->convolutionFilterGrad(task, threadScratch(thread));
    }
  });
  return Status::success();
}

} // namespace train::cpu
