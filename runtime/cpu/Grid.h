// How a product is cut into tiles for the team.
#ifndef TRAIN_RUNTIME_CPU_GRID_H
#define TRAIN_RUNTIME_CPU_GRID_H

#include "SimdKernels.h"

#include <cstdint>

namespace train::cpu {

/// Tiles of rows x columns outputs; K is never cut.
struct Grid {
  int64_t rows = 0, columns = 0;
  int64_t rowTiles = 0, columnTiles = 0;
  int64_t tiles() const { return rowTiles * columnTiles; }
};

/// What packing one element costs, in multiply-adds: a dense matrix 0.2 ns at 47 G per
/// second, the windows of a convolution several times that.
constexpr double kDensePackCost = 12;
constexpr double kWindowPackCost = 60;

/// The tiling of `batch` products m x n x k of such elements that ends first on this many
/// threads, packing included. `rightPackCost` is that of the right-hand side.
Grid chooseGrid(Element element, int64_t batch, int64_t m, int64_t n, int64_t k,
                int threads, double rightPackCost);

} // namespace train::cpu

#endif // TRAIN_RUNTIME_CPU_GRID_H
