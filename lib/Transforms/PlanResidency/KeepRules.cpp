//===- KeepRules.cpp - layers, cuts and names --------------------------------===//
//
// Looks at the forward pass op by op, into the fusions, since layers begin and end within
// kernels.
//
//===----------------------------------------------------------------------===//
#include "KeepRules.h"
#include "train/Support/NearestName.h"
#include "train/Transforms/StepOutputs.h"

#include <cmath>

using namespace mlir;
using namespace train;
using Kind = RematStrategy::Kind;

namespace {

bool isContraction(Operation *op) {
  auto precision = dyn_cast<PrecisionOpInterface>(op);
  return isa<LibraryOpInterface>(op) && precision &&
         precision.getPrecisionClass() == PrecisionClass::Low;
}

/// Whether a contraction multiplies one matrix per sample: no operand is free of the
/// batch.
bool hasBatchDimensions(Operation *op) {
  auto isParameter = [](Value value) {
    for (Operation *definition = value.getDefiningOp(); definition;
         definition = definition->getOperand(0).getDefiningOp()) {
      if (isa<ReadOp>(definition))
        return true;
      if (definition->getNumResults() != 1 ||
          getResultStorage(definition->getResult(0)).kind != ResultStorage::Kind::View)
        return false;
    }
    return false;
  };
  return llvm::none_of(op->getOperands(), isParameter);
}

/// The forward pass as a list of ops, those in fusions one by one.
class Forward {
public:
  Forward(const StepProblem &step) : step(step) {
    const planning::ResidencyProblem &problem = step.getProblem();
    facts.resize(problem.tensors.size());
    // Without a seed nothing is backward.
    int64_t end = problem.forward
                      ? step.getExecution(problem.order[problem.forward]).getOp()
                      : static_cast<int64_t>(step.getOps().size()) - 1;
    for (BlockArgument argument : step.getBlock().getArguments())
      inputOnly.insert(argument);
    for (Operation *op : ArrayRef(step.getOps()).take_front(end))
      if (op)
        add(op);
    findLayers();
    placeTensors();
  }

  struct Member {
    Operation *op;
    StringRef layer;
    /// Number of the layer; -1 outside of all.
    int64_t index = -1;
    /// Where the layer's parts between single-value cuts are told apart.
    int64_t part = 0;
  };

  struct Fact {
    /// The op that computes it, in a fusion or not; null if not in the forward pass.
    int64_t definition = -1;
    /// The last of the forward pass that reads it.
    SmallVector<int64_t> uses;
  };

  const Member *getDefinition(unsigned tensor) const {
    int64_t definition = facts[tensor].definition;
    return definition < 0 ? nullptr : &members[definition];
  }
  ArrayRef<Member> getMembers() const { return members; }
  bool hasLayers() const { return scopes; }

  /// Whether the tensor enters one of the units `checkpoints`, numbered by `unit`.
  bool entersAny(unsigned tensor, llvm::function_ref<int64_t(const Member &)> unit,
                 const std::vector<bool> &checkpoints) const {
    const Fact &fact = facts[tensor];
    int64_t birth = unit(members[fact.definition]);
    // What no layer computes, or somebody outside reads, is none of the layers'.
    if (birth < 0)
      return true;
    for (int64_t use : fact.uses) {
      int64_t last = unit(members[use]);
      if (last < 0)
        return true;
      for (int64_t i = birth + 1; i <= last; ++i)
        if (checkpoints[i])
          return true;
    }
    return false;
  }

  int64_t getNumLayers() const { return numLayers; }
  int64_t getNumParts() const { return numParts; }
  const Fact &getFact(unsigned tensor) const { return facts[tensor]; }

private:
  void add(Operation *op) {
    if (isa<ReadOp, RandomKeyOp, WriteOp>(op))
      return;
    if (op->getNumResults() && llvm::all_of(op->getResults(), [](OpResult result) {
          return getResultStorage(result).kind == ResultStorage::Kind::View;
        })) {
      // A view is what it shows.
      for (OpResult result : op->getResults())
        alias(result, op->getOperand(getResultStorage(result).operand));
      return;
    }
    if (auto fusion = dyn_cast<FusionOp>(op)) {
      Block &body = fusion.getBody().front();
      for (auto [argument, operand] :
           llvm::zip(body.getArguments(), fusion->getOperands()))
        alias(argument, operand);
      for (Operation &inner : body.without_terminator())
        addMember(&inner);
      for (auto [result, yielded] :
           llvm::zip(fusion.getResults(), body.getTerminator()->getOperands()))
        alias(result, yielded);
      return;
    }
    addMember(op);
  }

  void alias(Value value, Value target) {
    Value root = getRoot(target);
    roots[value] = root;
    if (inputOnly.contains(root))
      inputOnly.insert(value);
    if (auto result = dyn_cast<OpResult>(value))
      if (std::optional<unsigned> tensor = step.lookup(result))
        if (auto found = definitions.find(root); found != definitions.end())
          if (facts[*tensor].definition < 0)
            facts[*tensor].definition = found->second;
  }

  Value getRoot(Value value) const { return roots.lookup_or(value, value); }

  void addMember(Operation *op) {
    int64_t position = members.size();
    auto layer = op->getAttrOfType<StringAttr>(kLayerAttr);
    members.push_back({op, layer ? layer.getValue() : StringRef(), -1, 0});
    bool fromInputs = true;
    for (Value operand : op->getOperands()) {
      Value root = getRoot(operand);
      lastUse[root] = position;
      usesOf[root].push_back(position);
      Operation *definition = root.getDefiningOp();
      fromInputs &= inputOnly.contains(root) ||
                    (definition && definition->hasTrait<OpTrait::ConstantLike>());
    }
    for (Value result : op->getResults()) {
      definitions[result] = position;
      // What follows from the inputs alone (masks) crosses every layer and is none.
      if (fromInputs)
        inputOnly.insert(result);
      if (std::optional<unsigned> tensor = step.lookup(result))
        facts[*tensor].definition = position;
    }
  }

  /// Numbers the layers: train.layer scopes, else segments between single-value cuts.
  void findLayers() {
    // How many values of the forward pass cross from each op to the next.
    SmallVector<int64_t> crossing(members.size() + 1, 0);
    for (auto [value, position] : definitions) {
      auto last = lastUse.find(value);
      if (last == lastUse.end() || inputOnly.contains(value))
        continue;
      ++crossing[position];
      --crossing[last->second];
    }
    for (size_t i = 1; i < crossing.size(); ++i)
      crossing[i] += crossing[i - 1];

    scopes = llvm::any_of(members, [](const Member &m) { return !m.layer.empty(); });
    llvm::StringMap<int64_t> numbers;
    bool cut = false, contraction = false;
    StringRef last;
    int64_t part = -1, segment = 0;
    bool began = false;
    for (auto [i, member] : llvm::enumerate(members)) {
      if (scopes && !member.layer.empty()) {
        auto [number, isNew] =
            numbers.try_emplace(member.layer.split('/').first, numbers.size());
        member.index = number->second;
      }
      bool newLayer = scopes && member.layer != last;
      // A segment is worth a checkpoint of its own if it has a contraction in it.
      if (!began || newLayer || (cut && contraction)) {
        ++part;
        segment += began && cut && contraction;
        began = true;
        contraction = false;
      }
      last = member.layer;
      member.part = scopes && member.layer.empty() ? -1 : part;
      if (!scopes)
        member.index = segment;
      contraction |= isContraction(member.op);
      cut = crossing[i] == 1;
    }
    numParts = part + 1;
    numLayers = scopes ? numbers.size() : segment + 1;
  }

  void placeTensors() {
    // Tensors of fusions are defined by an op inside.
    for (auto [tensor, fact] : llvm::enumerate(facts)) {
      if (fact.definition < 0)
        continue;
      for (Value result : members[fact.definition].op->getResults())
        if (std::optional<unsigned> own = lookupInside(result); own && *own == tensor)
          fact.uses = usesOf.lookup(result);
    }
  }

  /// The tensor that a value of the list starts, in a fusion or not.
  std::optional<unsigned> lookupInside(Value value) const {
    if (std::optional<unsigned> tensor = step.lookup(value))
      return tensor;
    auto fusion = dyn_cast<FusionOp>(value.getParentBlock()->getParentOp());
    if (!fusion)
      return std::nullopt;
    for (auto [result, yielded] :
         llvm::zip(fusion.getResults(),
                   fusion.getBody().front().getTerminator()->getOperands()))
      if (yielded == value)
        return step.lookup(result);
    return std::nullopt;
  }

  const StepProblem &step;
  SmallVector<Member> members;
  std::vector<Fact> facts;
  DenseMap<Value, Value> roots;
  DenseMap<Value, int64_t> definitions, lastUse;
  DenseMap<Value, SmallVector<int64_t>> usesOf;
  DenseSet<Value> inputOnly;
  bool scopes = false;
  int64_t numLayers = 0, numParts = 0;
};

std::string getOpName(Operation *op) { return op->getName().stripDialect().str(); }

/// Whether `name` is the op, its layer or a layer around that.
bool matches(const Forward::Member &member, StringRef name) {
  return getOpName(member.op) == name || member.layer == name ||
         (member.layer.starts_with(name) &&
          member.layer.drop_front(name.size()).starts_with("/"));
}

LogicalResult checkNames(ProgramOpInterface step, const Forward &forward,
                         const RematStrategy &strategy) {
  for (const std::string &name : strategy.names) {
    if (llvm::any_of(forward.getMembers(),
                     [&](const auto &member) { return matches(member, name); }))
      continue;
    std::vector<std::string> known;
    for (const Forward::Member &member : forward.getMembers()) {
      known.push_back(getOpName(member.op));
      if (!member.layer.empty())
        known.push_back(member.layer.str());
    }
    return step->emitOpError("has no op or layer '")
           << name << "' in its forward pass" << didYouMean(name, known);
  }
  return success();
}

} // namespace

FailureOr<std::vector<bool>> train::getKept(ProgramOpInterface program,
                                            const StepProblem &step,
                                            const RematStrategy &strategy) {
  Forward forward(step);
  if (failed(checkNames(program, forward, strategy)))
    return failure();
  auto isNamed = [&](const Forward::Member &member) {
    return llvm::any_of(strategy.names,
                        [&](const std::string &name) { return matches(member, name); });
  };
  auto layerOf = [](const Forward::Member &member) { return member.index; };
  auto partOf = [](const Forward::Member &member) { return member.part; };
  int64_t layers = forward.getNumLayers();
  std::vector<bool> checkpoints(layers, false);
  if (strategy.kind == Kind::Uniform)
    for (int64_t i = 0; i < layers; i += strategy.every)
      checkpoints[i] = true;
  if (strategy.kind == Kind::Sqrt && layers) {
    auto count = static_cast<int64_t>(std::ceil(std::sqrt(double(layers))));
    for (int64_t i = 0; i < count; ++i)
      checkpoints[i * layers / count] = true;
  }
  std::vector<bool> allParts(forward.getNumParts(), true);

  std::vector<bool> kept(step.getProblem().tensors.size(), true);
  for (unsigned tensor = 0; tensor < kept.size(); ++tensor) {
    const Forward::Member *definition = forward.getDefinition(tensor);
    if (!definition)
      continue;
    switch (strategy.kind) {
    case Kind::None: {
      Attribute region = definition->op->getAttr(kCheckpointAttr);
      kept[tensor] =
          !region || llvm::any_of(forward.getFact(tensor).uses, [&](int64_t use) {
            return forward.getMembers()[use].op->getAttr(kCheckpointAttr) != region;
          });
      break;
    }
    case Kind::Uniform:
    case Kind::Sqrt:
      kept[tensor] = forward.entersAny(tensor, layerOf, checkpoints);
      break;
    case Kind::Sublayer:
      kept[tensor] = forward.entersAny(tensor, partOf, allParts);
      break;
    case Kind::SaveNothing:
      kept[tensor] = false;
      break;
    case Kind::SaveDots:
      kept[tensor] = isContraction(definition->op);
      break;
    case Kind::SaveDotsNoBatch:
      kept[tensor] = isContraction(definition->op) && !hasBatchDimensions(definition->op);
      break;
    case Kind::SaveNames:
      kept[tensor] = isNamed(*definition);
      break;
    case Kind::Selective:
    case Kind::RecomputeNames:
      kept[tensor] = !isNamed(*definition);
      break;
    case Kind::SaveEverything:
    case Kind::Budget:
      break;
    }
  }
  return kept;
}
