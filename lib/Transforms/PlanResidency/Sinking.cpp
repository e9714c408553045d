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
  SinkChooser(const StepProblem &step, int threads, function_ref<bool(unsigned)> mayDrop,
              std::optional<double> secondsPerByte)
      : step(step), ops(step.getOps()), mayDrop(mayDrop), secondsPerByte(secondsPerByte),
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
    for (Value operand : operands) {
      auto result = dyn_cast<OpResult>(operand);
      std::optional<unsigned> tensor = step.lookup(operand);
      if (!result || !tensor || !mayDrop(*tensor) || step.getValue(*tensor) != operand ||
          *uses[*tensor].rbegin() != user || updates.contains(*tensor) ||
          alternatives.getNumber(result.getOwner()) >= begin ||
          step.getProblem().tensors[*tensor].bytes == 0)
        continue;
      // Alone first: a reader that reads less then lets others go on reading.
      if (!sink(result, *tensor, {user}))
        sink(result, *tensor, getReaders(*tensor, begin));
    }
  }

  /// Those in the backward pass, the last one first.
  SmallVector<int64_t> getReaders(unsigned tensor, int64_t begin) const {
    return SmallVector<int64_t>(
        uses[tensor].rbegin(),
        std::make_reverse_iterator(uses[tensor].lower_bound(begin)));
  }

  /// What each of `users` would do to compute a tensor itself.
  struct Choice {
    SmallVector<Alternative> ways;
    SmallVector<unsigned> reads;
    int64_t lengthened = 0;
  };

  /// Lets `users`, the last readers in falling order, compute `result` by one recipe;
  /// false if that can't be or does not pay.
  bool sink(OpResult result, unsigned tensor, ArrayRef<int64_t> users) {
    std::optional<Choice> best;
    auto consider = [&](const Alternative &way, Operation *merged) {
      Choice choice;
      choice.ways.push_back(way);
      for (Value operand : merged->getOperands())
        if (std::optional<unsigned> read = step.lookup(operand))
          choice.reads.push_back(*read);
      std::optional<int64_t> bytes = getLengthened(users, tensor, choice.reads);
      if (!bytes || (best && *bytes >= best->lengthened))
        return;
      choice.lengthened = *bytes;
      if (findWays(result, users.drop_front(), choice) && isCheap(tensor, choice))
        best = std::move(choice);
    };
    alternatives.visitSinks(result, users[0], inside[users[0]], consider);
    if (!best)
      return false;
    for (auto [user, way] : llvm::zip_equal(users, best->ways)) {
      inside[user].push_back(way.recipe);
      uses[tensor].erase(user);
      for (unsigned read : best->reads)
        uses[read].insert(user);
      chosen.push_back({user, way, tensor, user == users[0] ? best->lengthened : 0});
    }
    return true;
  }

  /// Adds the ways of `users` to the one that the choice has.
  bool findWays(OpResult result, ArrayRef<int64_t> users, Choice &choice) {
    RecomputeAttr recipe = choice.ways[0].recipe;
    for (int64_t user : users) {
      if (static_cast<size_t>(user) >= ops.size() || !ops[user] ||
          !isa<FusionOp, RowProgramOpInterface>(ops[user]))
        return false;
      size_t known = choice.ways.size();
      alternatives.visitSinks(result, user, inside[user],
                              [&](const Alternative &way, Operation *) {
                                if (way.recipe == recipe)
                                  choice.ways.push_back(way);
                              });
      if (choice.ways.size() == known)
        return false;
    }
    return true;
  }

  bool isCheap(unsigned tensor, const Choice &choice) const {
    if (!secondsPerByte)
      return true;
    double seconds = 0;
    for (const Alternative &way : choice.ways)
      seconds += way.seconds;
    int64_t freed = step.getProblem().tensors[tensor].bytes - choice.lengthened;
    return freed > 0 && seconds <= *secondsPerByte * static_cast<double>(freed);
  }

  /// The bytes that live to the first of `users` because all of them read `reads` instead
  /// of `tensor`; nothing if that does not pay, or if what they would read has changed by
  /// then.
  std::optional<int64_t> getLengthened(ArrayRef<int64_t> users, unsigned tensor,
                                       ArrayRef<unsigned> reads) {
    const auto &tensors = step.getProblem().tensors;
    int64_t user = users.front();
    auto first = uses[tensor].find(users.back());
    int64_t freedFrom = first == uses[tensor].begin() ? user : *std::prev(first);
    double gain = double(tensors[tensor].bytes) * (user - freedFrom);
    double loss = 0;
    int64_t bytes = 0;
    SmallVector<unsigned> counted;
    for (unsigned read : reads) {
      if (read == tensor)
        return std::nullopt;
      if (auto update = updates.find(read);
          update != updates.end() && update->second < user)
        return std::nullopt;
      int64_t livesTo = *uses[read].rbegin();
      if (livesTo >= user || llvm::is_contained(counted, read))
        continue;
      counted.push_back(read);
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
  std::optional<double> secondsPerByte;
  Alternatives alternatives;
  /// By op, what it computes in its kernel already.
  DenseMap<int64_t, SmallVector<RecomputeAttr>> inside;
  /// By tensor, the numbers of the ops that write or read it; past the end for outputs.
  std::vector<std::set<int64_t>> uses;
  /// By tensor, the first op that overwrites it.
  DenseMap<unsigned, int64_t> updates;
  std::vector<SunkRead> chosen;
};

} // namespace

std::vector<SunkRead> train::chooseSinks(const StepProblem &step, int threads,
                                         function_ref<bool(unsigned)> mayDrop,
                                         std::optional<double> secondsPerByte) {
  return SinkChooser(step, threads, mayDrop, secondsPerByte).run();
}

bool train::isWidened(const StepProblem &step, unsigned tensor) {
  Value value = step.getValue(tensor);
  auto type = value ? dyn_cast<RankedTensorType>(value.getType()) : RankedTensorType();
  auto fusion = type ? value.getDefiningOp<FusionOp>() : FusionOp();
  return fusion && llvm::any_of(fusion->getOperandTypes(), [&](Type operand) {
           auto from = cast<RankedTensorType>(operand);
           return from.getShape() == type.getShape() &&
                  from.getElementTypeBitWidth() < type.getElementTypeBitWidth();
         });
}

void train::writeSinks(ArrayRef<SunkRead> sinks, ArrayRef<Operation *> ops) {
  llvm::MapVector<int64_t, SmallVector<Attribute>> entries;
  for (const SunkRead &sink : sinks)
    entries[sink.user].push_back(sink.way.recipe);
  for (auto &[user, list] : entries)
    ops[user]->setAttr(kSinkAttr, ArrayAttr::get(ops[user]->getContext(), list));
}
