//===- ResidencyMoves.cpp - how to have a tensor again -----------------------===//
//
// The recursion from a node to what it reads. It goes a bounded number of levels deep:
// beyond, what is missing lives longer instead.
//
//===----------------------------------------------------------------------===//
#include "ResidencyMoves.h"

#include <algorithm>

namespace train::planning {

static constexpr unsigned deepest = 64;

uint64_t RandomNumbers::next() {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

bool ResidencyMoves::canRemove(unsigned execution) const {
  unsigned at = plan.getPosition(execution);
  for (unsigned t : instance.problem.nodes[plan.getNode(execution)].writes)
    if (instance.writtenAt[t] == none && plan.findTouch(t, at) == 0 &&
        plan.isAliveAt(t, at + 1))
      return false;
  return true;
}

bool ResidencyMoves::provide(unsigned tensor, unsigned user, unsigned depth,
                             RandomNumbers *random) {
  unsigned at = plan.getPosition(user);
  if (plan.isAliveAt(tensor, at))
    return true;
  const std::vector<ResidencyPlan::Touch> &touches = plan.getTouches(tensor);
  unsigned next = plan.findTouch(tensor, at);
  bool exists = next > 0 || instance.isInput[tensor];
  double extension = 0;
  if (exists) {
    unsigned last = next > 0 ? plan.getPosition(touches[next - 1].execution) : 0;
    if (last + inserted >= at)
      return true;
    extension = price * plan.getAddedExcess(last + 1, at - 1,
                                            instance.problem.tensors[tensor].bytes);
    if (extension == 0 && (!random || random->below(8) != 0))
      return true;
  }
  const std::vector<unsigned> &recipes = instance.recipes[tensor];
  if (depth == 0 || recipes.empty())
    return exists;
  // The next repetition that writes it, moved here, costs nothing but bytes.
  if (next < touches.size() && plan.isRepetition(touches[next].execution) &&
      (!random || random->below(4) != 0)) {
    unsigned later = touches[next].execution, n = plan.getNode(later);
    if (later != user && plan.isAllowedAt(n, at) && canRemove(later)) {
      plan.remove(later);
      return insertWithReads(user, n, depth - 1, random);
    }
  }
  unsigned n = none;
  if (random) {
    n = recipes[random->below(recipes.size())];
    if (!plan.isAllowedAt(n, at))
      n = none;
  } else {
    for (unsigned each : recipes)
      if (plan.isAllowedAt(each, at) && (n == none || instance.problem.nodes[each].cost <
                                                          instance.problem.nodes[n].cost))
        n = each;
  }
  if (n == none)
    return exists;
  double cost = instance.problem.nodes[n].cost;
  if (random)
    cost *= random->unit(), extension *= random->unit();
  if (exists && extension <= cost)
    return true;
  return insertWithReads(user, n, depth - 1, random);
}

bool ResidencyMoves::insertWithReads(unsigned user, unsigned node, unsigned depth,
                                     RandomNumbers *random) {
  for (unsigned t : instance.problem.nodes[node].reads)
    if (!provide(t, user, depth, random))
      return false;
  plan.insert(plan.getPosition(user), node);
  ++inserted;
  return true;
}

bool ResidencyMoves::insertBefore(unsigned user, unsigned node, RandomNumbers *random) {
  inserted = 0;
  return insertWithReads(user, node, random ? 12 : deepest, random);
}

void ResidencyMoves::prune() {
  const ResidencyProblem &problem = instance.problem;
  std::vector<unsigned> order = plan.getRepetitions();
  auto costOf = [&](unsigned e) { return problem.nodes[plan.getNode(e)].cost; };
  std::sort(order.begin(), order.end(), [&](unsigned a, unsigned b) {
    return costOf(a) != costOf(b) ? costOf(a) > costOf(b)
                                  : plan.getPosition(a) < plan.getPosition(b);
  });
  plan.commit();
  for (unsigned execution : order) {
    unsigned at = plan.getPosition(execution);
    if (at == none || !canRemove(execution))
      continue;
    // Cheaply first: do the values before it fit where they have to live longer?
    bool fits = true;
    for (unsigned t : problem.nodes[plan.getNode(execution)].writes) {
      unsigned next = plan.findTouch(t, at);
      if (!fits || !plan.isAliveAt(t, at + 1))
        continue;
      unsigned last =
          next > 0 ? plan.getPosition(plan.getTouches(t)[next - 1].execution) : 0;
      fits = last + 1 >= at ||
             plan.getAddedExcess(last + 1, at - 1, problem.tensors[t].bytes) == 0;
    }
    if (!fits)
      continue;
    unsigned before = plan.getOverfull();
    double excess = plan.getExcess();
    plan.remove(execution);
    plan.removeUnread();
    if (plan.getOverfull() > before || plan.getExcess() > excess)
      plan.rollback();
    else
      plan.commit();
  }
}

} // namespace train::planning
