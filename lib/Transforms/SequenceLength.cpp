//===- SequenceLength.cpp - graphs of another sequence length ----------------===//
//
// Follows the new length from the inputs through the graph. Types are inferred; the few
// ops with sizes in their attributes are asked which of those follow.
//
//===----------------------------------------------------------------------===//
#include "TypeFollower.h"
#include "train/Transforms/ModelSize.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace train;

static RankedTensorType getTensorType(Value value) {
  return cast<RankedTensorType>(value.getType());
}

namespace {

class LengthSetter : public TypeFollower {
public:
  LengthSetter(int64_t from, int64_t to) : from(from), to(to) {}

private:
  void refuse(Operation &op) override {
    op.emitOpError("can't follow a sequence of ") << to;
  }

  /// The sizes in an op's attributes. These are the ops of BatchOpInterface: no other op
  /// has any.
  LogicalResult setSizes(Operation &op) override {
    return TypeSwitch<Operation *, LogicalResult>(&op)
        .Case([&](ConstantOp constant) {
          auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
          auto type = replaceSizes(getTensorType(constant.getResult()));
          if (type == constant.getType())
            return success();
          if (!dense || !dense.isSplat())
            return LogicalResult(op.emitOpError("has a literal as long as the sequence"));
          constant.setValueAttr(dense.resizeSplat(type));
          setType(constant.getResult(), type);
          return success();
        })
        .Case([&](IotaOp iota) {
          setType(iota.getResult(), replaceSizes(getTensorType(iota.getResult())));
          return success();
        })
        .Case([&](DropoutOp dropout) {
          setType(dropout.getY(), dropout.getX().getType());
          return success();
        })
        .Case<QuantizeOp, DequantizeOp>([&](auto op) {
          setType(
              op.getResult(),
              getTensorType(op.getResult()).clone(getTensorType(op.getX()).getShape()));
          return success();
        })
        .Case([&](BroadcastOp broadcast) { return setSizes(broadcast); })
        .Case([&](SliceOp slice) { return setSizes(slice); })
        .Case([&](ReshapeOp reshape) { return setSizes(reshape); })
        .Default([](Operation *) { return success(); });
  }

  RankedTensorType replaceSizes(RankedTensorType type) const {
    SmallVector<int64_t> shape(type.getShape());
    llvm::replace(shape, from, to);
    return type.clone(shape);
  }

  LogicalResult setSizes(BroadcastOp op) {
    ArrayRef<int64_t> before = getOldShape(op.getX()),
                      now = getTensorType(op.getX()).getShape();
    SmallVector<int64_t> shape(op.getShape());
    for (size_t i = 0; i < shape.size(); ++i) {
      size_t missing = shape.size() - before.size();
      bool follows = i >= missing && before[i - missing] != 1;
      if (follows)
        shape[i] = now[i - missing];
      else if (shape[i] == from)
        shape[i] = to;
    }
    op.setShape(shape);
    return success();
  }

  LogicalResult setSizes(SliceOp op) {
    ArrayRef<int64_t> before = getOldShape(op.getX()),
                      now = getTensorType(op.getX()).getShape();
    SmallVector<int64_t> offsets(op.getOffsets()), sizes(op.getSizes());
    for (size_t i = 0; i < sizes.size(); ++i) {
      if (op.getStrides()[i] != 1)
        continue;
      // A part at the end of what grows stays there: one element moves, more of them
      // grow.
      bool reachesEnd = offsets[i] + sizes[i] == before[i];
      if (now[i] != before[i] && reachesEnd)
        (sizes[i] == 1 && offsets[i] > 0 ? offsets : sizes)[i] += now[i] - before[i];
      // Of a table, which follows nothing, only the rows that are taken can.
      else if (now == before && offsets[i] == 0 && sizes[i] == from && !reachesEnd)
        sizes[i] = to;
    }
    op.setOffsets(offsets);
    op.setSizes(sizes);
    return success();
  }

  /// Dimensions are matched up in groups of equal products; in the group that grows, the
  /// one that is the length does, or the only one that holds it as a factor.
  LogicalResult setSizes(ReshapeOp op) {
    ArrayRef<int64_t> before = getOldShape(op.getX()),
                      now = getTensorType(op.getX()).getShape();
    SmallVector<int64_t> shape(op.getShape());
    if (before == now || llvm::is_contained(shape, -1))
      return success();
    for (size_t i = 0, j = 0; i < before.size() || j < shape.size();) {
      int64_t source = 1, target = 1, grown = 1;
      size_t first = j;
      do {
        bool takeSource = j >= shape.size() || (source <= target && i < before.size());
        if (takeSource) {
          source *= before[i];
          grown *= now[i++];
        } else {
          target *= shape[j++];
        }
      } while (source != target && (i < before.size() || j < shape.size()));
      if (source == grown)
        continue;
      SmallVector<size_t> exact, factors;
      for (size_t k = first; k < j; ++k) {
        if (shape[k] == from)
          exact.push_back(k);
        if (shape[k] % from == 0)
          factors.push_back(k);
      }
      ArrayRef<size_t> candidates = exact.empty() ? factors : exact;
      if (candidates.size() != 1)
        return op.emitOpError("has no single size that follows the sequence of ") << from;
      int64_t &size = shape[candidates.front()];
      size = size / from * to;
    }
    op.setShape(shape);
    return success();
  }

  ArrayRef<int64_t> getOldShape(Value value) const {
    return getOldType(value).getShape();
  }

  int64_t from, to;
};

} // namespace

/// Whether an input has its samples first and something along each.
static bool isSequence(GraphOp graph, BlockArgument input, bool integers) {
  RankedTensorType type = getTensorType(input);
  return graph.getBatchDims()[input.getArgNumber()] == 0 &&
         (integers ? type.getRank() == 2 && isa<IntegerType>(type.getElementType())
                   : type.getRank() == 3);
}

std::optional<int64_t> train::getSequenceLength(GraphOp graph) {
  for (bool integers : {true, false})
    for (BlockArgument input : graph.getBody().getArguments())
      if (isSequence(graph, input, integers)) {
        ArrayRef<int64_t> shape = getTensorType(input).getShape();
        return shape[0] == shape[1] || shape[1] < 1 ? std::nullopt
                                                    : std::optional<int64_t>(shape[1]);
      }
  return std::nullopt;
}

LogicalResult train::setSequenceLength(GraphOp graph, int64_t length) {
  int64_t from = *getSequenceLength(graph);
  if (from == length)
    return success();
  LengthSetter setter(from, length);
  for (auto [input, batch] :
       llvm::zip_equal(graph.getBody().getArguments(), graph.getBatchDims())) {
    RankedTensorType type = getTensorType(input);
    if (batch != 0 || type.getRank() < 2 || type.getDimSize(1) != from)
      continue;
    SmallVector<int64_t> shape(type.getShape());
    shape[1] = length;
    setter.setType(input, type.clone(shape));
  }
  return setter.visit(graph.getBody().front());
}
