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

/// A round ends, and all gaps are guessed anew, when this share of the overfull positions
/// is left: what a gap frees shrinks with them, more for some than for others.
static constexpr double renewal = 0.5;

/// A gap is taken if no other is guessed to be better by more than this: equal layers
/// would have all their gaps measured to find the best by a hair.
static constexpr double nearly = 1.05;

static uint64_t keyOf(unsigned tensor, unsigned user) {
  return static_cast<uint64_t>(tensor) << 32 | user;
}

/// Changes when something that a recipe of `tensor` reads is executed or read elsewhere.
uint64_t ResidencyDescent::getSurroundings(unsigned tensor) const {
  uint64_t sum = 0;
  for (unsigned n : instance.recipes[tensor])
    for (unsigned t : instance.problem.nodes[n].reads)
      sum = sum * 31 + plan.getTouches(t).size();
  return sum;
}

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
  double guess = cost / freed;
  auto lesson = lessons.find(keyOf(tensor, user));
  double dearer =
      lesson != lessons.end() && lesson->second.surroundings == getSurroundings(tensor)
          ? lesson->second.dearer
          : 1;
  gaps.push(
      {guess * dearer * plan.getOverfull(), guess, tensor, user, plan.getNode(user), 0});
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
  if (recipe != none && gap.guess > 0)
    lessons[keyOf(gap.tensor, gap.user)] = {getSurroundings(gap.tensor),
                                            gap.ratio / gap.guess};
  return recipe != none;
}

/// One pass over all gaps; whether it changed anything.
bool ResidencyDescent::round() {
  gaps = {};
  for (unsigned t = 0; t < instance.recipes.size(); ++t)
    for (unsigned i = 1; i < plan.getTouches(t).size(); ++i)
      push(t, i);
  bool changed = false;
  const double enough = renewal * plan.getOverfull();
  while (plan.getOverfull() > (changed ? enough : 0) && !gaps.empty() &&
         plan.getWork() < most) {
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
    gap.rank = gap.ratio * plan.getOverfull();
    if (!gaps.empty() && gaps.top().rank * nearly < gap.rank) {
      gaps.push(gap);
      continue;
    }
    double ratio = 0;
    drop(gap.user, recipe, ratio);
    moves.price = std::max(moves.price, ratio);
    plan.commit();
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
  most = plan.getWork() + 200'000'000 + 250'000 * static_cast<int64_t>(plan.getSize());
  for (unsigned futile = 0;
       plan.getOverfull() > 0 && futile < 4 && plan.getWork() < most;) {
    double before = plan.getExcess();
    round();
    // What cannot be freed at this price may be at a higher one.
    if (plan.getExcess() > before * 0.9)
      ++futile, moves.price *= 8;
  }
  return plan.getOverfull() == 0;
}

} // namespace train::planning
