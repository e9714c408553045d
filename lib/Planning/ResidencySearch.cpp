//===- ResidencySearch.cpp - local search over sequences ---------------------===//
//
// Simulated annealing on cost plus a price on excess bytes. A move drops a tensor over a
// gap between two uses, by inserting one of its recipes with whatever that needs; or
// removes or shifts a repetition. The price rises while plans have excess and falls while
// they have none, so that the search walks along the border.
//
//===----------------------------------------------------------------------===//
#include "ResidencySearch.h"

#include <algorithm>
#include <cmath>

namespace train::planning {

ResidencySearch::ResidencySearch(const ResidencyInstance &instance, ResidencyPlan &plan,
                                 ResidencyMoves &moves, uint64_t seed)
    : instance(instance), plan(plan), moves(moves), random(seed) {
  for (unsigned t = 0; t < instance.recipes.size(); ++t)
    if (!instance.recipes[t].empty() && instance.problem.tensors[t].bytes > 0)
      movable.push_back(t);
  for (const ResidencyNode &node : instance.problem.nodes)
    meanCost += node.cost;
  meanCost /= std::max<size_t>(1, instance.problem.nodes.size());
}

/// One with excess mostly, while there is any.
unsigned ResidencySearch::pickPosition() {
  unsigned at = random.below(plan.getSize());
  if (plan.getOverfull() > 0 && random.below(8) != 0) {
    const std::vector<int64_t> &memory = plan.getProfile();
    for (unsigned tries = 0; memory[at] <= plan.getTarget(); ++tries)
      at = tries < 4 ? random.below(plan.getSize()) : at + 1 < memory.size() ? at + 1 : 0;
  }
  return at;
}

ResidencySearch::Outcome ResidencySearch::tryDrop() {
  unsigned at = pickPosition();
  for (unsigned tries = 0; tries < 32; ++tries) {
    unsigned t = movable[random.below(movable.size())];
    const std::vector<ResidencyPlan::Touch> &touches = plan.getTouches(t);
    unsigned next = plan.findTouch(t, at + 1);
    if (next == 0 || next >= touches.size() || touches[next].isWrite ||
        plan.getPosition(touches[next - 1].execution) >= at)
      continue;
    unsigned user = touches[next].execution;
    if (random.below(8) == 0)
      user = plan.getExecution(at + 1 + random.below(plan.getPosition(user) - at));
    const std::vector<unsigned> &recipes = instance.recipes[t];
    unsigned n = recipes[random.below(recipes.size())];
    if (!plan.isAllowedAt(n, plan.getPosition(user)))
      continue;
    return moves.insertBefore(user, n, &random) ? Outcome::Changed : Outcome::Impossible;
  }
  return Outcome::Nothing;
}

/// One that may go; none if there is none, or if luck has it.
unsigned ResidencySearch::pickRepetition() {
  const std::vector<unsigned> &repetitions = plan.getRepetitions();
  if (repetitions.empty())
    return none;
  unsigned execution = repetitions[random.below(repetitions.size())];
  return moves.canRemove(execution) ? execution : none;
}

ResidencySearch::Outcome ResidencySearch::tryRemove() {
  unsigned execution = pickRepetition();
  if (execution == none)
    return Outcome::Nothing;
  plan.remove(execution);
  return Outcome::Changed;
}

/// To right before its next reader, or some steps back or forth.
ResidencySearch::Outcome ResidencySearch::tryShift() {
  unsigned execution = pickRepetition();
  if (execution == none)
    return Outcome::Nothing;
  unsigned at = plan.getPosition(execution), n = plan.getNode(execution), to = at;
  switch (random.below(3)) {
  case 0: {
    const std::vector<unsigned> &writes = instance.problem.nodes[n].writes;
    unsigned t = writes[random.below(writes.size())], next = plan.findTouch(t, at + 1);
    if (next < plan.getTouches(t).size())
      to = plan.getPosition(plan.getTouches(t)[next].execution);
    break;
  }
  case 1:
    to = at - std::min(at, 1 + random.below(20));
    break;
  default:
    to = std::min(plan.getSize() - 1, at + 2 + random.below(20));
  }
  if (to == at || to == at + 1 || to == 0)
    return Outcome::Nothing;
  unsigned user = plan.getExecution(to);
  plan.remove(execution);
  if (!plan.isAllowedAt(n, plan.getPosition(user)) ||
      !moves.insertBefore(user, n, &random))
    return Outcome::Impossible;
  return Outcome::Changed;
}

void ResidencySearch::anneal(int64_t work, double heat) {
  if (movable.empty() || plan.getSize() < 2)
    return;
  plan.commit();
  bool found = plan.getOverfull() == 0;
  std::vector<unsigned> best = plan.getSequence();
  double bestCost = plan.getCost(), bestExcess = plan.getExcess();
  if (moves.price == 0)
    moves.price = bestExcess > 0 ? meanCost * 10 / bestExcess : meanCost;
  double current = bestCost + moves.price * bestExcess;
  const int64_t begin = plan.getWork();
  int64_t overhead = 0; // of moves that change nothing
  for (int64_t move = 0;; ++move) {
    double progress = static_cast<double>(plan.getWork() - begin + overhead) /
                      static_cast<double>(work);
    if (progress >= 1)
      break;
    overhead += 100;
    double temperature = heat * meanCost * (1 - progress) * (1.01 - progress);
    if (move % 64 == 63) {
      moves.price *= plan.getOverfull() > 0 ? 1.03 : 0.97;
      current = plan.getCost() + moves.price * plan.getExcess();
    }
    unsigned kind = random.below(16);
    Outcome outcome = kind < (plan.getOverfull() > 0 ? 9u : 5u) ? tryDrop()
                      : kind < 12                               ? tryRemove()
                                                                : tryShift();
    if (outcome == Outcome::Nothing)
      continue;
    if (outcome == Outcome::Changed)
      plan.removeUnread();
    double value = plan.getCost() + moves.price * plan.getExcess();
    if (outcome == Outcome::Impossible ||
        value - current > temperature * -std::log(1 - random.unit())) {
      plan.rollback();
      continue;
    }
    plan.commit();
    current = value;
    bool feasible = plan.getOverfull() == 0;
    if (feasible ? !found || plan.getCost() < bestCost - 1e-9 * bestCost
                 : !found && plan.getExcess() < bestExcess) {
      found = feasible;
      best = plan.getSequence();
      bestCost = plan.getCost();
      bestExcess = plan.getExcess();
    }
  }
  plan.assign(best);
}

} // namespace train::planning
