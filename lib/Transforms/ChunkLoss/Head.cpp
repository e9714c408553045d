//===- Head.cpp - from a loss up to its contraction -------------------------===//
//
// One walk against the flow of data. A head may start in a layer and end outside of it.
//
//===----------------------------------------------------------------------===//
#include "Head.h"

using namespace mlir;
using namespace train;

namespace {

RankedTensorType getTensor(Value value) {
  return cast<RankedTensorType>(value.getType());
}

int64_t getLast(Value value) { return getTensor(value).getShape().back(); }

/// Whether all rows see the same of it: a vector over the classes or a scalar, with
/// whatever dimensions of size 1 before.
bool isSameForRows(Value value) {
  ArrayRef<int64_t> shape = getTensor(value).getShape();
  return llvm::all_of(shape.drop_back(shape.empty() ? 0 : 1),
                      [](int64_t size) { return size == 1; });
}

/// Whether the reshape keeps the classes apart as its last dimension.
bool keepsClasses(ReshapeOp op) {
  return getTensor(op.getX()).getRank() > 0 && getTensor(op.getResult()).getRank() > 0 &&
         getLast(op.getX()) == getLast(op.getResult());
}

/// Whether the slice only drops rows.
bool keepsClasses(SliceOp op) {
  return !op.getSizes().empty() && op.getSizes().back() == getLast(op.getX());
}

bool isPlain(MatmulOp op) {
  return !op.getTransposeLhs() && !op.getAccumulator() &&
         getTensor(op.getRhs()).getRank() == 2;
}

} // namespace

int64_t Head::getClasses() const { return getLast(loss->getOperand(0)); }
int64_t Head::getWidth() const { return getLast(matmul->getOperand(0)); }
int64_t Head::getRows() const { return getTensor(loss->getOperand(1)).getNumElements(); }
int64_t Head::getRowBytes() const {
  return getClasses() * getElementBytes(getTensor(matmul->getResult(0)).getElementType());
}

bool train::isRowwise(Operation *op) {
  auto kernel = dyn_cast<RowProgramOpInterface>(op);
  // What keeps a batch size in its attributes (dropout) treats no row like another.
  if (!kernel || kernel.getRowKind() != RowKind::Elementwise ||
      isa<BatchOpInterface>(op) || op->getNumResults() != 1 || op->getNumOperands() == 0)
    return false;
  auto result = getTensor(op->getResult(0));
  if (result.getRank() == 0)
    return false;
  Value carrier;
  for (Value operand : op->getOperands()) {
    if (isSameForRows(operand))
      continue;
    if (carrier && carrier != operand)
      return false;
    carrier = operand;
  }
  return carrier && getTensor(carrier).getShape() == result.getShape();
}

unsigned train::getRowOperand(Operation *op) {
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    if (!isSameForRows(operand))
      return i;
  return 0;
}

std::optional<Head> train::findHead(CrossEntropyOp loss, std::string &why) {
  Head head;
  head.loss = loss;
  if (loss.getDivisor()) {
    why = "is a part of a mean already";
    return std::nullopt;
  }
  if (loss->getParentOfType<CheckpointOp>()) {
    why = "stands in a train.checkpoint";
    return std::nullopt;
  }
  for (Value value = loss.getLogits();;) {
    Operation *op = value.getDefiningOp();
    if (!op) {
      why = "reads logits that are an input";
      return std::nullopt;
    }
    if (auto matmul = dyn_cast<MatmulOp>(op); matmul && isPlain(matmul)) {
      head.matmul = matmul;
      std::reverse(head.between.begin(), head.between.end());
      return head;
    }
    if (auto layer = dyn_cast<LayerOp>(op)) {
      head.layers.push_back(layer);
      value = layer.getBody().front().getTerminator()->getOperand(
          cast<OpResult>(value).getResultNumber());
      continue;
    }
    auto reshape = dyn_cast<ReshapeOp>(op);
    auto slice = dyn_cast<SliceOp>(op);
    if ((reshape && keepsClasses(reshape)) || (slice && keepsClasses(slice))) {
      value = op->getOperand(0);
    } else if (isRowwise(op)) {
      value = op->getOperand(getRowOperand(op));
    } else {
      why = ("reads logits that do not come from a matmul with one matrix by ops that "
             "treat each row by itself, but from " +
             op->getName().getStringRef())
                .str();
      return std::nullopt;
    }
    head.between.push_back(op);
  }
}
