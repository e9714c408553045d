// The choice of tiles: a search over a few hundred grids by a cost in multiply-adds,
// about a microsecond. It decides speed only; results are the same for every grid.
#include "Grid.h"
#include "Parallel.h"

namespace train::cpu {

Grid chooseGrid(Element element, int64_t batch, int64_t m, int64_t n, int64_t k,
                int threads, double rightPackCost) {
  constexpr double kTaskCost = 20000;
  const TileSize tile = simdKernels()->tileSize(element);
  Grid best;
  double bestCost = 0;
  const int64_t rowUnits = ceilDiv(m, tile.rows);
  const int64_t columnUnits = ceilDiv(n, tile.columns);
  // More tiles than this never helps: the last wave is then a small part of the whole.
  const int64_t limit = batch >= 4 * threads ? 1 : 8 * threads;
  for (int64_t rowTiles = 1; rowTiles <= std::min(limit, rowUnits); ++rowTiles)
    for (int64_t columnTiles = 1;
         rowTiles * columnTiles <= limit && columnTiles <= columnUnits; ++columnTiles) {
      Grid grid;
      grid.rows = ceilDiv(rowUnits, rowTiles) * tile.rows;
      grid.columns = ceilDiv(columnUnits, columnTiles) * tile.columns;
      grid.rowTiles = ceilDiv(m, grid.rows);
      grid.columnTiles = ceilDiv(n, grid.columns);
      const auto rows = static_cast<double>(grid.rows);
      const auto columns = static_cast<double>(grid.columns);
      const auto waves = static_cast<double>(ceilDiv(batch * grid.tiles(), threads));
      // The left-hand side is packed once for every block of columns.
      const auto leftPacks = static_cast<double>(ceilDiv(grid.columns, 1024));
      const double perK =
          rows * columns + rightPackCost * columns + kDensePackCost * rows * leftPacks;
      const double cost = waves * (perK * static_cast<double>(k) + kTaskCost);
      if (best.rows == 0 || cost < bestCost) {
        best = grid;
        bestCost = cost;
      }
    }
  return best;
}

} // namespace train::cpu
