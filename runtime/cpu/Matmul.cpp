// MATMUL: cuts a batch of products into tiles of the outputs and lets the team claim
// them. K is never cut, and an element is one chain of multiply-adds in ascending k, so
// the result has the same bits for any number of threads, any tiling and either
// instruction set.
#include "Entries.h"
#include "Scratch.h"
#include "SimdKernels.h"

namespace train::cpu {
namespace {

struct Grid {
  int64_t rows, columns; ///< of a tile
  int64_t rowTiles, columnTiles;
};

/// The tiling that ends first, counting in multiply-adds. A packed element costs about
/// as much as kPackCost of them: measured 0.3 ns against 95 GFLOP/s.
Grid chooseGrid(int64_t batch, int64_t m, int64_t n, int64_t k, int threads,
                const SimdKernels &simd) {
  constexpr double kPackCost = 16;
  constexpr double kTaskCost = 20000;
  Grid best{};
  double bestCost = 0;
  int64_t rowUnits = ceilDiv(m, simd.tileRows),
          columnUnits = ceilDiv(n, simd.tileColumns);
  // More tiles than this never helps: the last wave is then a small part of the whole.
  int64_t limit = batch >= 4 * threads ? 1 : 8 * threads;
  for (int64_t rowTiles = 1; rowTiles <= std::min(limit, rowUnits); ++rowTiles)
    for (int64_t columnTiles = 1;
         rowTiles * columnTiles <= limit && columnTiles <= columnUnits; ++columnTiles) {
      Grid grid;
      grid.rows = ceilDiv(rowUnits, rowTiles) * simd.tileRows;
      grid.columns = ceilDiv(columnUnits, columnTiles) * simd.tileColumns;
      grid.rowTiles = ceilDiv(m, grid.rows);
      grid.columnTiles = ceilDiv(n, grid.columns);
      double waves =
          static_cast<double>(ceilDiv(batch * grid.rowTiles * grid.columnTiles, threads));
      double area = static_cast<double>(grid.rows) * static_cast<double>(grid.columns);
      double edge = static_cast<double>(grid.columns) +
                    static_cast<double>(grid.rows) *
                        static_cast<double>(ceilDiv(grid.columns, 1024));
      double cost =
          waves * ((area + kPackCost * edge) * static_cast<double>(k) + kTaskCost);
      if (best.rows == 0 || cost < bestCost) {
        best = grid;
        bestCost = cost;
      }
    }
  return best;
}

} // namespace

Status matmul(void *const *buffers, const int64_t *params, Team &team) {
  const int64_t batch = params[0], m = params[1], n = params[2], k = params[3];
  const int64_t lhsStride = params[4], rhsStride = params[5], outStride = params[6];
  const bool transposeLhs = params[7] != 0, transposeRhs = params[8] != 0;
  const bool accumulate = params[9] != 0;
  if (batch <= 0 || m <= 0 || n <= 0)
    return Status::success();
  const SimdKernels &simd = *simdKernels();
  const auto *lhs = static_cast<const float *>(buffers[0]);
  const auto *rhs = static_cast<const float *>(buffers[1]);
  auto *out = static_cast<float *>(buffers[2]);

  Grid grid = chooseGrid(batch, m, n, k, team.threads(), simd);
  int64_t tiles = grid.rowTiles * grid.columnTiles;
  auto runTile = [&](int64_t index, int thread) {
    int64_t b = index / tiles, tile = index % tiles;
    int64_t row = tile % grid.rowTiles * grid.rows;
    int64_t column = tile / grid.rowTiles * grid.columns;
    GemmTask task;
    task.lda = transposeLhs ? m : k;
    task.ldb = transposeRhs ? k : n;
    task.ldc = n;
    task.a = lhs + b * lhsStride + (transposeLhs ? row : row * task.lda);
    task.b = rhs + b * rhsStride + (transposeRhs ? column * task.ldb : column);
    task.c = out + b * outStride + row * n + column;
    task.m = std::min(grid.rows, m - row);
    task.n = std::min(grid.columns, n - column);
    task.k = k;
    task.transposeA = transposeLhs;
    task.transposeB = transposeRhs;
    task.accumulate = accumulate;
    simd.gemm(task, threadScratch(thread));
  };
  // A batch of one output (a sum over the batch) would race; it must go in order.
  if (outStride == 0 && batch > 1) {
    for (int64_t b = 0; b < batch; ++b)
      forEachTask(team, tiles,
                  [&](int64_t tile, int thread) { runTile(b * tiles + tile, thread); });
    return Status::success();
  }
  forEachTask(team, batch * tiles, runTile);
  return Status::success();
}

} // namespace train::cpu
