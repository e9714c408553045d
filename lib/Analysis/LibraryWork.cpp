//===- LibraryWork.cpp - what a library call does -----------------------------===//
//
// The parameters are those of Abi.h. docs/rationale/cost-model.md sets each term against
// measurements.
//
//===----------------------------------------------------------------------===//
#include "LibraryWork.h"

using namespace mlir;
using namespace train;

namespace {

/// An element of a result is read and written, and its operands are packed, once per
/// inner loop: as long as this many of the loop's multiply-adds.
constexpr double kLoopStart = 16;

/// Rows of the tile that is kept in registers.
constexpr int64_t kTileRows = 6;

/// Multiply-adds in the time that an element of a window takes to be gathered.
constexpr double kGather = 24;

/// Blocks of the scores of attention.
constexpr double kQueryBlock = 96, kKeyBlock = 256;

/// Of one score in attention: scaling, maximum, exponential and sum, or forwards once
/// and the differences of backward.
constexpr double kScoreFlops = 16;

/// How much longer products with inner loops of this length take than with endless ones.
double stretch(double inner) { return (inner + kLoopStart) / std::max(inner, 1.0); }

/// The share of full tiles that is rows.
double fringe(int64_t rows) {
  return static_cast<double>((rows + kTileRows - 1) / kTileRows * kTileRows) /
         static_cast<double>(std::max<int64_t>(rows, 1));
}

LibraryWork getMatmulWork(ArrayRef<int64_t> p) {
  double madds = double(p[0]) * double(p[1]) * double(p[2]) * double(p[3]);
  return {2 * madds * stretch(double(p[3])) * fringe(p[1]), 0};
}

/// `rows` use a gathered element, `inner` of them are summed up.
LibraryWork getConvolutionWork(ArrayRef<int64_t> p, bool toInput, bool toFilter) {
  int64_t groups = p[15];
  double taps = double(p[5]) * double(p[6]), positions = double(p[16]) * double(p[17]);
  double madds = double(p[0]) * double(p[4]) * positions * double(p[1] / groups) * taps;
  // One channel per group is no product: a plain load and a multiply-add per tap.
  if (groups == p[1] && groups == p[4])
    return {0, 2 * madds};
  int64_t rows = (toInput ? p[1] : p[4]) / groups;
  double inner = toFilter ? double(p[0]) * positions
                          : double((toInput ? p[4] : p[1]) / groups) * taps;
  double gathered = kGather / double(std::max<int64_t>(rows, 1));
  return {2 * madds * (stretch(inner) * fringe(rows) + gathered), 0};
}

LibraryWork getAttentionWork(ArrayRef<int64_t> p, bool backward) {
  double queries = double(p[1]), keys = double(p[2]), size = double(p[5]);
  double pairs = queries * keys - (p[6] ? queries * (queries - 1) / 2 : 0);
  pairs *= double(p[0]) * double(p[3]);
  double scores = stretch(size), overKeys = stretch(std::min(keys, kKeyBlock)),
         overQueries = stretch(std::min(queries, kQueryBlock));
  // Forward: scores, and the weighted sum of values. Backward: scores and their
  // gradients, then the gradients of queries, and those of keys and values.
  double products =
      backward ? 2 * scores + overKeys + 2 * overQueries : scores + overKeys;
  return {2 * pairs * size * products, pairs * kScoreFlops};
}

} // namespace

std::optional<LibraryWork> train::getLibraryWork(const LibraryCall &call) {
  ArrayRef<int64_t> params(call.params);
  switch (call.entry) {
  case TRAIN_LIBRARY_MATMUL:
    return getMatmulWork(params);
  case TRAIN_LIBRARY_CONV2D:
    return getConvolutionWork(params, false, false);
  case TRAIN_LIBRARY_CONV2D_TRANSPOSE:
    return getConvolutionWork(params, true, false);
  case TRAIN_LIBRARY_CONV2D_FILTER_GRAD:
    return getConvolutionWork(params, false, true);
  case TRAIN_LIBRARY_ATTENTION:
    return getAttentionWork(params, false);
  case TRAIN_LIBRARY_ATTENTION_GRAD:
    return getAttentionWork(params, true);
  default:
    return std::nullopt;
  }
}
