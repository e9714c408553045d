//===- ResidencyDescent.cpp - from a high peak to lower ones -----------------===//
//
// Lazy greedy: the gap with the best guess is measured by trying it, and taken if it is
// still the best. Guesses are optimistic (the cost of the recipe alone), and what others
// have freed only makes them worse, so few gaps are measured more than once.
//
//===----------------------------------------------------------------------===//
#include "ResidencyDescent.h"

#include <algorithm>

namespace train::planning {

void ResidencyDescent::push(unsigned tensor, unsigned touch) {
  const auto &touches = plan.getTouches(tensor);
  if (touch == 0 || touches[touch].isWrite || instance.recipes[tensor].empty())
    return;
  unsigned first = plan.getPosition(touches[touch - 1].execution);
  unsigned user = touches[touch].execution, last = plan.getPosition(user);
  int64_t bytes = instance.problem.tensors[tensor].bytes;
  if (first + 1 >= last || bytes == 0)
    return;
  double freed = -plan.getAddedExcess(first + 1, last - 1, -bytes);
  if (freed <= 0)
    return;
  double cost = std::numeric_limits<double>::max();
  for (unsigned n : instance.recipes[tensor])
    if (plan.isAllowedAt(n, last))
      cost = std::min(cost, instance.problem.nodes[n].cost);
  gaps.push({cost / freed, tensor, user, plan.getNode(user), none});
}

bool ResidencyDescent::drop(unsigned user, unsigned recipe, double &ratio) {
  double cost = plan.getCost(), excess = plan.getExcess();
  if (!moves.insertBefore(user, recipe))
    return false;
  plan.removeUnread();
  double freed = excess - plan.getExcess();
  ratio = std::max(plan.getCost() - cost, 0.0) / freed;
  return freed > 0;
}

/// Tries all recipes; false if none frees anything.
bool ResidencyDescent::measure(Gap &gap, unsigned &recipe) {
  gap.ratio = std::numeric_limits<double>::infinity();
  recipe = none;
  for (unsigned n : instance.recipes[gap.tensor]) {
    double ratio = 0;
    if (!plan.isAllowedAt(n, plan.getPosition(gap.user)))
      continue;
    if (drop(gap.user, n, ratio) && ratio < gap.ratio) {
      gap.ratio = ratio;
      recipe = n;
    }
    plan.rollback();
  }
  gap.seen = changes;
  return recipe != none;
}

/// One pass over all gaps; whether it changed anything.
bool ResidencyDescent::round() {
  gaps = {};
  for (unsigned t = 0; t < instance.recipes.size(); ++t)
    for (unsigned i = 1; i < plan.getTouches(t).size(); ++i)
      push(t, i);
  bool changed = false;
  while (plan.getOverfull() > 0 && !gaps.empty()) {
    Gap gap = gaps.top();
    gaps.pop();
    unsigned at = plan.getPosition(gap.user);
    if (at == none || plan.getNode(gap.user) != gap.node)
      continue;
    unsigned touch = plan.findTouch(gap.tensor, at);
    const auto &touches = plan.getTouches(gap.tensor);
    if (touch == 0 || touch >= touches.size() || touches[touch].execution != gap.user ||
        plan.getPosition(touches[touch - 1].execution) + 1 >= at)
      continue;
    unsigned recipe = none;
    if (!measure(gap, recipe))
      continue;
    if (!gaps.empty() && gaps.top().ratio < gap.ratio) {
      gaps.push(gap);
      continue;
    }
    double ratio = 0;
    drop(gap.user, recipe, ratio);
    moves.price = std::max(moves.price, ratio);
    plan.commit();
    ++changes;
    changed = true;
    // New gaps end at what was inserted, right before the user.
    at = plan.getPosition(gap.user);
    for (unsigned k = at;
         k-- > 0 && plan.isRepetition(plan.getExecution(k)) && at - k < 64;)
      for (unsigned t : instance.problem.nodes[plan.getNode(plan.getExecution(k))].reads)
        push(t, plan.findTouch(t, k));
  }
  return changed;
}

bool ResidencyDescent::run() {
  plan.commit();
  for (unsigned futile = 0; plan.getOverfull() > 0 && futile < 12;) {
    double before = plan.getExcess();
    round();
    // What cannot be freed at this price may be at a higher one.
    if (plan.getExcess() > before * 0.999)
      ++futile, moves.price *= 4;
  }
  return plan.getOverfull() == 0;
}

} // namespace train::planning
