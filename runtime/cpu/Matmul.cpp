// MATMUL: cuts a batch of products into tiles of the outputs and lets the team claim
// them. K is never cut, and an element is one chain of multiply-adds in ascending k, so
// the result has the same bits for any number of threads, any tiling and any instruction
// set; on a matrix unit it is the unit's chain, and the same for threads and tilings.
#include "Elements.h"
#include "Entries.h"
#include "Grid.h"
#include "Scratch.h"
#include "SimdKernels.h"

namespace train::cpu {

Status matmul(void *const *buffers, const int64_t *params, Team &team) {
  const int64_t batch = params[0], m = params[1], n = params[2], k = params[3];
  const int64_t lhsStride = params[4], rhsStride = params[5], outStride = params[6];
  const bool transposeLhs = params[7] != 0, transposeRhs = params[8] != 0;
  const bool accumulate = params[9] != 0;
  Element from, to;
  if (!elementOf(params[10], from) || !elementOf(params[11], to) ||
      (to != Element::F32 && to != from))
    return Status::error("a product of elements of type " + std::to_string(params[10]) +
                         " with results of type " + std::to_string(params[11]) +
                         " is not known");
  if (batch <= 0 || m <= 0 || n <= 0)
    return Status::success();
  const SimdKernels &simd = *simdKernels();
  // A vector on the unit fills a sixteenth of it, but an element of a product has the
  // same bits then whatever the number of rows.
  const bool onUnit = simd.matrixUnit && from == Element::BF16;
  const Elements lhs(buffers[0], from), rhs(buffers[1], from), out(buffers[2], to);

  // A batch of one output (a sum over the batch) goes in order, tile by tile.
  const bool ordered = outStride == 0 && batch > 1;
  if (ordered && to != Element::F32)
    return Status::error("a batch of products is summed into results of f32 only");
  Grid grid = ordered
                  ? chooseGrid(from, 1, m, n, k * batch, team.threads(), kDensePackCost)
                  : chooseGrid(from, batch, m, n, k, team.threads(), kDensePackCost);
  int64_t tiles = grid.rowTiles * grid.columnTiles;
  auto runTile = [&](int64_t index, int thread) {
    int64_t b = index / tiles, tile = index % tiles;
    int64_t row = tile % grid.rowTiles * grid.rows;
    int64_t column = tile / grid.rowTiles * grid.columns;
    if ((m == 1 || n == 1) && !onUnit) {
      const bool left = m == 1; // the vector is on the left
      const int64_t first = left ? column : row;
      VectorTask task;
      task.from = from;
      task.to = to;
      task.sumsAlongRows = left ? transposeRhs : !transposeLhs;
      task.ld = task.sumsAlongRows ? k : left ? n : m;
      const int64_t skipped = task.sumsAlongRows ? first * k : first;
      task.vector = left ? lhs.at(b * lhsStride) : rhs.at(b * rhsStride);
      task.matrix =
          left ? rhs.at(b * rhsStride + skipped) : lhs.at(b * lhsStride + skipped);
      task.out = out.at(b * outStride + first);
      task.count =
          left ? std::min(grid.columns, n - first) : std::min(grid.rows, m - first);
      task.k = k;
      task.accumulate = accumulate;
      simd.matrixVector(task, threadScratch(thread));
      return;
    }
    GemmTask task;
    task.from = from;
    task.to = to;
    task.lda = transposeLhs ? m : k;
    task.ldb = transposeRhs ? k : n;
    task.ldc = n;
    task.a = lhs.at(b * lhsStride + (transposeLhs ? row : row * task.lda));
    task.b = rhs.at(b * rhsStride + (transposeRhs ? column * task.ldb : column));
    task.c = out.at(b * outStride + row * n + column);
    task.m = std::min(grid.rows, m - row);
    task.n = std::min(grid.columns, n - column);
    task.k = k;
    task.transposeA = transposeLhs;
    task.transposeB = transposeRhs;
    task.accumulate = accumulate;
    simd.gemm(task, threadScratch(thread));
  };
  if (ordered) {
    forEachTask(team, tiles, [&](int64_t tile, int thread) {
      for (int64_t b = 0; b < batch; ++b)
        runTile(b * tiles + tile, thread);
    });
    return Status::success();
  }
  // Products that are over before the next one is claimed are claimed in groups.
  constexpr int64_t kTaskProducts = 1 << 18;
  const int64_t each = std::min(grid.rows, m) * std::min(grid.columns, n) * k;
  const int64_t group = std::max<int64_t>(1, kTaskProducts / std::max<int64_t>(1, each));
  forEachTask(team, ceilDiv(batch * tiles, group), [&](int64_t task, int thread) {
    const int64_t end = std::min(batch * tiles, (task + 1) * group);
    for (int64_t index = task * group; index < end; ++index)
      runTile(index, thread);
  });
  return Status::success();
}

} // namespace train::cpu
