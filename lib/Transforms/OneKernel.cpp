//===- OneKernel.cpp - two ops as one kernel --------------------------------===//
//
// The test looks at domains and costs only; the rewrite moves bodies.
//
//===----------------------------------------------------------------------===//
#include "OneKernel.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "train/Conversion/RowProgram.h"

using namespace mlir;
using namespace train;

/// Work per element up to which an op is computed again rather than stored.
static constexpr int64_t kCheapFlops = 4;

bool train::isCheapInKernel(Operation *op) {
  auto cost = dyn_cast<RecomputableOpInterface>(op);
  int64_t elements = 1;
  for (Type type : op->getResultTypes())
    elements = std::max(elements, cast<RankedTensorType>(type).getNumElements());
  return cost && cost.getFlops() <= kCheapFlops * elements;
}

namespace {

/// What a kernel of one or several ops is like.
struct Walk {
  SmallVector<int64_t> domain;
  /// Ends with a sum over rows, and yields nothing else.
  bool sums = false;
  /// No reductions along rows.
  bool elementwise = true;
  /// Every op is cheap to compute again.
  bool cheap = true;
};

} // namespace

/// Nothing if the op takes another kind of kernel, or its ops walk different domains.
static std::optional<Walk> getWalk(Operation *op) {
  std::optional<Walk> walk;
  auto add = [&](Operation *member) {
    auto row = dyn_cast<RowProgramOpInterface>(member);
    if (walk && walk->sums)
      return false;
    if (row && rows::takesProducers(member)) {
      SmallVector<int64_t> domain = rows::getSummedShape(member);
      bool fits = !walk || walk->domain == domain;
      walk = Walk{domain, /*sums=*/true, /*elementwise=*/false, /*cheap=*/false};
      return fits;
    }
    if (!row || row.getRowKind() == RowKind::Flat || !rows::fitsOneProgram(member))
      return false;
    SmallVector<int64_t> domain = rows::getDomain(member);
    if (!walk)
      walk = Walk{domain};
    walk->elementwise &= row.getRowKind() == RowKind::Elementwise;
    walk->cheap &= isCheapInKernel(member);
    return walk->domain == domain;
  };
  auto fusion = dyn_cast<FusionOp>(op);
  if (!fusion)
    return add(op) ? walk : std::nullopt;
  for (Operation &member : fusion.getBody().front().without_terminator())
    if (!matchPattern(&member, m_Constant()) && !add(&member))
      return std::nullopt;
  return walk;
}

/// Whether all that the ops of a kernel read has every row of the domain, or one for all:
/// a sum over rows walks them as one dimension.
static bool hasRowsOrOne(Operation *op, ArrayRef<int64_t> domain) {
  auto fits = [&](Value value) {
    auto shape = cast<RankedTensorType>(value.getType()).getShape();
    return shape == domain || llvm::all_of(shape.empty() ? shape : shape.drop_back(),
                                           [](int64_t size) { return size == 1; });
  };
  auto fusion = dyn_cast<FusionOp>(op);
  if (!fusion)
    return llvm::all_of(op->getOperands(), fits);
  return llvm::all_of(
      fusion.getBody().front().without_terminator(),
      [&](Operation &inner) { return llvm::all_of(inner.getOperands(), fits); });
}

bool train::canShareKernel(Operation *producer, Operation *consumer) {
  std::optional<Walk> first = getWalk(producer), second = getWalk(consumer);
  if (!first || !second || first->domain != second->domain || first->sums ||
      (!second->elementwise && !first->cheap))
    return false;
  if (second->sums && !(first->elementwise && hasRowsOrOne(producer, first->domain)))
    return false;
  // A value per row would be taken for a row of values, if there are as many.
  for (Type type : producer->getResultTypes())
    if (cast<RankedTensorType>(type).getRank() !=
        static_cast<int64_t>(first->domain.size()))
      return false;
  llvm::SmallDenseSet<Value> buffers;
  for (Operation *op : {producer, consumer})
    for (Value operand : op->getOperands())
      if (operand.getDefiningOp() != producer)
        buffers.insert(operand);
  return buffers.size() + consumer->getNumResults() <= kMaxKernelBuffers;
}

FusionOp train::mergeIntoConsumer(Operation *producer, Operation *consumer) {
  llvm::SetVector<Value> inputs;
  llvm::SetVector<ConstantOp> splats;
  for (Operation *op : {producer, consumer})
    for (Value operand : op->getOperands()) {
      auto constant = operand.getDefiningOp<ConstantOp>();
      if (constant && constant.getSplatValue())
        splats.insert(constant);
      else if (operand.getDefiningOp() != producer)
        inputs.insert(operand);
    }
  OpBuilder builder(consumer);
  auto merged = FusionOp::create(
      builder, builder.getFusedLoc({consumer->getLoc(), producer->getLoc()}),
      consumer->getResultTypes(), inputs.getArrayRef(),
      SmallVector<int64_t>(consumer->getNumResults(), -1));
  merged->setDiscardableAttrs(consumer->getDiscardableAttrDictionary());
  Block *body = builder.createBlock(&merged.getBody());
  IRMapping mapping;
  for (Value input : inputs)
    mapping.map(input, body->addArgument(input.getType(), input.getLoc()));
  for (ConstantOp splat : splats)
    builder.clone(*splat, mapping);
  SmallVector<Value> yielded;
  for (Operation *op : {producer, consumer}) {
    auto fusion = dyn_cast<FusionOp>(op);
    if (!fusion) {
      Operation *member = builder.clone(*op, mapping);
      yielded.assign(member->result_begin(), member->result_end());
      continue;
    }
    Block &inner = fusion.getBody().front();
    for (auto [argument, operand] : llvm::zip(inner.getArguments(), op->getOperands()))
      mapping.map(argument, mapping.lookup(operand));
    for (Operation &member : inner.without_terminator())
      builder.clone(member, mapping);
    yielded.clear();
    for (auto [result, value] :
         llvm::zip(op->getResults(), inner.getTerminator()->getOperands())) {
      mapping.map(result, mapping.lookup(value));
      yielded.push_back(mapping.lookup(value));
    }
  }
  YieldOp::create(builder, merged.getLoc(), yielded);
  consumer->replaceAllUsesWith(merged->getResults());
  consumer->erase();
  producer->erase();
  return merged;
}
