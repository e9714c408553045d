//===- Accumulate.cpp - the sum of all that flows back into one value ---------===//
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

/// The pad that made `value`, if it only puts zeros before and after along one dimension.
static PadOp zeroPadAlong(Value value, int64_t &dim) {
  auto pad = value.getDefiningOp<PadOp>();
  if (!pad || !pad.getValue().isZero())
    return nullptr;
  dim = -1;
  for (int64_t i = 0, rank = pad.getLow().size(); i < rank; ++i) {
    if (pad.getInterior()[i] != 0)
      return nullptr;
    if (pad.getLow()[i] == 0 && pad.getHigh()[i] == 0)
      continue;
    if (dim >= 0)
      return nullptr;
    dim = i;
  }
  return dim >= 0 ? pad : nullptr;
}

/// The pads in order of their place along their common dimension, if they tile it.
static SmallVector<PadOp> findTiling(ArrayRef<Value> contributions, int64_t &dim) {
  SmallVector<PadOp> pads;
  for (Value value : contributions) {
    int64_t along;
    PadOp pad = zeroPadAlong(value, along);
    if (!pad || (!pads.empty() && along != dim))
      return {};
    dim = along;
    pads.push_back(pad);
  }
  llvm::sort(pads, [&](PadOp a, PadOp b) { return a.getLow()[dim] < b.getLow()[dim]; });
  int64_t end = 0;
  for (PadOp pad : pads) {
    if (pad.getLow()[dim] != end)
      return {};
    end += cast<RankedTensorType>(pad.getX().getType()).getDimSize(dim);
  }
  if (end != cast<RankedTensorType>(contributions[0].getType()).getDimSize(dim))
    return {};
  return pads;
}

Value train::accumulateAdjoints(OpBuilder &builder, Location location,
                                ArrayRef<Value> contributions) {
  int64_t dim = -1;
  SmallVector<PadOp> pads = findTiling(contributions, dim);
  if (pads.size() < 2) {
    Value sum = contributions[0];
    for (Value value : contributions.drop_front())
      sum = AddOp::create(builder, location, sum, value);
    return sum;
  }
  SmallVector<Value> parts;
  for (PadOp pad : pads)
    parts.push_back(pad.getX());
  Value concat = ConcatOp::create(builder, location, parts, dim);
  for (PadOp pad : pads)
    if (pad->use_empty())
      pad->erase();
  return concat;
}
