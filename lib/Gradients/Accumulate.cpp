//===- Accumulate.cpp - the sum of what flows back into one value -------------===//
//
// The sum of the padded adjoints of a split would write and read the whole tensor
// once per slice; a concat writes it once. Adding zeros changes no bit but the sign of a
// zero, so both forms mean the same.
//
//===----------------------------------------------------------------------===//
#include "train/Gradients/Accumulate.h"
#include "train/IR/TrainDialect.h"

using namespace mlir;
using namespace train;

namespace {
/// A part of a tensor along one dimension, with zeros before and after.
struct Part {
  Value value;
  int64_t dim, before, after;
};
} // namespace

static std::optional<Part> findPart(Value value) {
  auto pad = value.getDefiningOp<PadOp>();
  if (!pad || !pad.getValue().isPosZero())
    return std::nullopt;
  Part part = {pad.getX(), -1, 0, 0};
  for (int64_t i = 0, rank = pad.getLow().size(); i < rank; ++i) {
    if (pad.getInterior()[i] != 0)
      return std::nullopt;
    if (pad.getLow()[i] == 0 && pad.getHigh()[i] == 0)
      continue;
    if (part.dim >= 0)
      return std::nullopt;
    part.dim = i;
    part.before = pad.getLow()[i];
    part.after = pad.getHigh()[i];
  }
  if (part.dim < 0)
    return std::nullopt;
  return part;
}

/// Appends the part, taken apart if it was itself concatenated along the dimension.
static void appendPieces(const Part &part, SmallVectorImpl<Value> &pieces) {
  auto concat = part.value.getDefiningOp<ConcatOp>();
  if (concat && static_cast<int64_t>(concat.getDim()) == part.dim)
    llvm::append_range(pieces, concat.getOperands());
  else
    pieces.push_back(part.value);
}

Value train::addAdjoints(OpBuilder &builder, Location location, Value sum,
                         Value adjoint) {
  std::optional<Part> first = findPart(sum), second = findPart(adjoint);
  if (!first || !second || first->dim != second->dim)
    return AddOp::create(builder, location, sum, adjoint);
  if (first->before > second->before)
    std::swap(first, second);
  auto type = cast<RankedTensorType>(sum.getType());
  int64_t dim = first->dim;
  if (type.getDimSize(dim) - first->after != second->before)
    return AddOp::create(builder, location, sum, adjoint);

  SmallVector<Value> pieces;
  appendPieces(*first, pieces);
  appendPieces(*second, pieces);
  Value concat = ConcatOp::create(builder, location, pieces, dim);
  if (first->before == 0 && second->after == 0)
    return concat;
  SmallVector<int64_t> low(type.getRank(), 0), high(type.getRank(), 0);
  SmallVector<int64_t> interior(type.getRank(), 0);
  low[dim] = first->before;
  high[dim] = second->after;
  return PadOp::create(builder, location, concat, low, high, interior, APFloat(0.0));
}
