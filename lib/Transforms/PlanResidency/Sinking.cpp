//===- Sinking.cpp - which kernels compute again what they read -------------===//
//
// One sweep from the last op of backward to its first, so that a tensor whose later
// readers no longer read it has its last use at an earlier one.
//
//===----------------------------------------------------------------------===//
#include "Sinking.h"

#include <set>

using namespace mlir;
using namespace train;

namespace {

class SinkChooser {
public:
  SinkChooser(const StepProblem &step, int threads, function_ref<bool(unsigned)> mayDrop)
      : step(step), ops(step.getOps()), mayDrop(mayDrop),
        alternatives(step.getBlock(), step.getOps(), threads) {
    const planning::ResidencyProblem &problem = step.getProblem();
    uses.resize(problem.tensors.size());
    for (auto [number, op] : llvm::enumerate(ops)) {
      if (!op)
        continue;
      for (Value operand : op->getOperands())
        if (std::optional<unsigned> tensor = step.lookup(operand))
          uses[*tensor].insert(number);
      for (OpResult result : op->getResults()) {
        if (std::optional<unsigned> tensor = step.lookup(result))
          uses[*tensor].insert(number);
        ResultStorage storage = getResultStorage(result);
        if (storage.kind == ResultStorage::Kind::MustAlias)
          if (std::optional<unsigned> tensor = step.lookup(result))
            updates[*tensor] = std::min<int64_t>(
                number, updates.try_emplace(*tensor, number).first->second);
      }
    }
    for (unsigned tensor : problem.outputs)
      uses[tensor].insert(ops.size());
  }

  std::vector<SunkRead> run() {
    const planning::ResidencyProblem &problem = step.getProblem();
    if (problem.forward == 0)
      return {};
    int64_t begin = step.getExecution(problem.order[problem.forward]).getOp();
    for (int64_t user = static_cast<int64_t>(ops.size()) - 2; user >= begin; --user)
      if (ops[user] && isa<FusionOp, RowProgramOpInterface>(ops[user]))
        visit(user, begin);
    return std::move(chosen);
  }

private:
  /// One read at a time: what the kernel takes in decides what else it can.
  void visit(int64_t user, int64_t begin) {
    llvm::SetVector<Value> operands(ops[user]->operand_begin(), ops[user]->operand_end());
    SmallVector<RecomputeAttr> inside;
    for (Value operand : operands) {
      auto result = dyn_cast<OpResult>(operand);
      std::optional<unsigned> tensor = step.lookup(operand);
      if (!result || !tensor || !mayDrop(*tensor) || step.getValue(*tensor) != operand ||
          *uses[*tensor].rbegin() != user || updates.contains(*tensor) ||
          alternatives.getNumber(result.getOwner()) >= begin ||
          step.getProblem().tensors[*tensor].bytes == 0)
        continue;
      sink(user, result, *tensor, inside);
    }
  }

  void sink(int64_t user, OpResult result, unsigned tensor,
            SmallVector<RecomputeAttr> &inside) {
    std::optional<SunkRead> best;
    SmallVector<unsigned> bestReads;
    auto consider = [&](const Alternative &way, Operation *merged) {
      SmallVector<unsigned> reads;
      for (Value operand : merged->getOperands())
        if (std::optional<unsigned> read = step.lookup(operand))
          reads.push_back(*read);
      std::optional<int64_t> bytes = getLengthened(user, tensor, reads);
      if (!bytes || (best && *bytes >= best->lengthened))
        return;
      best = SunkRead{user, way, tensor, *bytes};
      bestReads = reads;
    };
    alternatives.visitSinks(result, user, inside, consider);
    if (!best)
      return;
    inside.push_back(best->way.recipe);
    uses[tensor].erase(user);
    for (unsigned read : bestReads)
      uses[read].insert(user);
    chosen.push_back(*best);
  }

  /// The bytes that live to `user` because it reads `reads` instead of `tensor`; nothing
  /// if that does not pay, or if what it would read has changed by then.
  std::optional<int64_t> getLengthened(int64_t user, unsigned tensor,
                                       ArrayRef<unsigned> reads) {
    const auto &tensors = step.getProblem().tensors;
    auto last = std::prev(uses[tensor].end());
    int64_t freedFrom = last == uses[tensor].begin() ? user : *std::prev(last);
    double gain = double(tensors[tensor].bytes) * (user - freedFrom);
    double loss = 0;
    int64_t bytes = 0;
    for (unsigned read : reads) {
      if (read == tensor)
        return std::nullopt;
      if (auto update = updates.find(read);
          update != updates.end() && update->second < user)
        return std::nullopt;
      int64_t livesTo = *uses[read].rbegin();
      if (livesTo >= user)
        continue;
      bytes += tensors[read].bytes;
      loss += double(tensors[read].bytes) * (user - livesTo);
    }
    if (bytes > tensors[tensor].bytes || loss >= gain)
      return std::nullopt;
    return bytes;
  }

  const StepProblem &step;
  const NumberedOps &ops;
  function_ref<bool(unsigned)> mayDrop;
  Alternatives alternatives;
  /// By tensor, the numbers of the ops that write or read it; past the end for outputs.
  std::vector<std::set<int64_t>> uses;
  /// By tensor, the first op that overwrites it.
  DenseMap<unsigned, int64_t> updates;
  std::vector<SunkRead> chosen;
};

} // namespace

std::vector<SunkRead> train::chooseSinks(const StepProblem &step, int threads,
                                         function_ref<bool(unsigned)> mayDrop) {
  return SinkChooser(step, threads, mayDrop).run();
}

void train::writeSinks(ArrayRef<SunkRead> sinks, ArrayRef<Operation *> ops) {
  llvm::MapVector<int64_t, SmallVector<Attribute>> entries;
  for (const SunkRead &sink : sinks)
    entries[sink.user].push_back(sink.way.recipe);
  for (auto &[user, list] : entries)
    ops[user]->setAttr(kSinkAttr, ArrayAttr::get(ops[user]->getContext(), list));
}
