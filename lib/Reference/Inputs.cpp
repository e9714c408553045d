// See Inputs.h.
#include "train/Reference/Inputs.h"

#include "train/IR/TrainDialect.h"
#include "train/Reference/Initializers.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace train::reference {
namespace {

constexpr int64_t kUnboundedChoices = 8;

/// The bound that one use puts on the integers it reads.
std::optional<int64_t> boundOfUse(OpOperand &use) {
  auto indexing = dyn_cast<IndexingOpInterface>(use.getOwner());
  return indexing ? indexing.getIndexBound(use.getOperandNumber()) : std::nullopt;
}

/// The values that hold the same integers after one use: results of data movement,
/// arguments of the region that the use enters, results of the op whose region it leaves.
SmallVector<Value> flowOf(OpOperand &use) {
  Operation *user = use.getOwner();
  unsigned index = use.getOperandNumber();
  if (auto loop = dyn_cast<MicrobatchOp>(user))
    return {loop.getBody().getArgument(index)};
  if (auto fusion = dyn_cast<FusionOp>(user))
    return {fusion.getBody().getArgument(index)};
  if (isa<YieldOp>(user))
    return {user->getParentOp()->getResult(index)};
  if (isa<ReshapeOp, SliceOp, TransposeOp, ConcatOp, BroadcastOp, PadOp, CastOp>(user))
    return {user->getResult(0)};
  return {};
}

} // namespace

std::optional<int64_t> findIndexBound(Value value) {
  std::optional<int64_t> bound;
  llvm::SetVector<Value> reached;
  reached.insert(value);
  for (size_t at = 0; at < reached.size(); ++at)
    for (OpOperand &use : reached[at].getUses()) {
      if (std::optional<int64_t> here = boundOfUse(use))
        bound = std::min(bound.value_or(*here), *here);
      for (Value next : flowOf(use))
        reached.insert(next);
    }
  return bound;
}

SmallVector<TensorRef> randomInputs(ProgramOpInterface program, int64_t seed,
                                    double learningRate) {
  SmallVector<TensorRef> inputs;
  for (BlockArgument argument : program.getBodyBlock()->getArguments()) {
    unsigned index = argument.getArgNumber();
    auto tensor = std::make_shared<Tensor>(
        Tensor::zeros(cast<RankedTensorType>(argument.getType())));
    // The prefix keeps an input apart from a parameter of the same name.
    NamedStream stream(seed, ("input " + program.getInputName(index)).str());
    bool isRate = program.getInputRole(index) == InputRole::LearningRate;
    int64_t choices = tensor->elementType.isInteger(1)
                          ? 2
                          : findIndexBound(argument).value_or(kUnboundedChoices);
    for (int64_t e = 0; e < tensor->size(); ++e) {
      if (tensor->isFloat())
        tensor->f[e] = isRate ? learningRate : stream.normal(e);
      else
        tensor->i[e] =
            static_cast<int64_t>(stream.uniform(e) * static_cast<double>(choices));
    }
    tensor->round();
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

} // namespace train::reference
