//===- ResidencyRegression.cpp - from what is needed to where it comes from --===//
//
// A state is a set of tensors that have to be alive. A step goes back over one execution:
// what it writes leaves the set, what it reads enters it. That is all there is to know:
// nothing is decided about tensors that nobody will need, and a value is held exactly
// where nothing computes it again. States stand in columns, by how many first executions
// are still to come. Each pass expands the best few of every column (anytime column
// search: Vadlamudi, Gaurav, Aine and Chakrabarti, 2012), best by what they have cost
// plus a lower bound on what is before them, from prices of bytes at positions.
//
//===----------------------------------------------------------------------===//
#include "ResidencyRegression.h"
#include "ResidencyBounds.h"
#include "ResidencyMoves.h"

#include <algorithm>

namespace train::planning {

namespace {
constexpr unsigned none = ResidencyInstance::none;
constexpr double infinity = std::numeric_limits<double>::infinity();
using Word = uint64_t;

/// States of one column that a pass expands.
constexpr unsigned width = 30;

bool isIn(const Word *set, unsigned i) { return set[i / 64] >> i % 64 & 1; }
void putIn(Word *set, unsigned i) { set[i / 64] |= Word(1) << i % 64; }
void takeOut(Word *set, unsigned i) { set[i / 64] &= ~(Word(1) << i % 64); }

template <typename Function>
void forEach(const Word *set, unsigned words, Function function) {
  for (unsigned w = 0; w < words; ++w)
    for (Word left = set[w]; left; left &= left - 1)
      function(w * 64 + static_cast<unsigned>(__builtin_ctzll(left)));
}

/// The least known cost of states, by their hash.
class CostTable {
public:
  /// Whether `cost` is less than what was known; it is known from now on.
  bool improve(uint64_t state, double cost) {
    if (2 * (count + 1) > entries.size())
      grow();
    Entry &entry = find(state);
    if (entry.cost <= cost)
      return false;
    count += entry.cost == infinity;
    entry = {state, cost};
    return true;
  }
  double get(uint64_t state) { return find(state).cost; }

private:
  struct Entry {
    uint64_t state = 0;
    double cost = infinity;
  };
  Entry &find(uint64_t state) {
    size_t at = state & (entries.size() - 1);
    while (entries[at].state != state && entries[at].cost != infinity)
      at = (at + 1) & (entries.size() - 1);
    return entries[at];
  }
  void grow() {
    std::vector<Entry> old(2 * entries.size());
    old.swap(entries);
    for (const Entry &entry : old)
      if (entry.cost != infinity)
        find(entry.state) = entry;
  }
  std::vector<Entry> entries = std::vector<Entry>(1 << 12);
  size_t count = 0;
};

class Regression {
public:
  Regression(const ResidencyInstance &instance, int64_t budget, double limit);
  RegressionResult run(int64_t most);

private:
  /// A state that has been expanded.
  struct State {
    double cost;
    unsigned later, node; ///< the state after it, by an execution of `node`
    unsigned firstOffer;  ///< into `offers`
  };
  /// The state before an execution of `node`, to be expanded.
  struct Candidate {
    double value = 0; ///< its cost, and the least that is before it
    double cost = 0;
    uint64_t hash = 0;
    int64_t bytes = 0;
    unsigned later = none, node = none;
    unsigned declined = 0; ///< how many of its later state's offers
    bool operator<(const Candidate &other) const { // the best is the largest
      return value != other.value   ? value > other.value
             : bytes != other.bytes ? bytes > other.bytes
                                    : hash > other.hash;
    }
  };

  void price();
  void load(const Candidate &candidate);
  bool goBack(const Word *set, const Candidate &from, unsigned node, Candidate &to) const;
  void push(const Candidate &candidate, unsigned column);
  void expand(const Candidate &candidate, unsigned column);
  void finish(unsigned id);
  bool isHopeless(double value, unsigned column) const {
    // Of plans that differ by rounding, one is enough.
    return value + constant[column] >= best - 1e-12 * base;
  }
  static uint64_t keyOf(const Candidate &candidate, unsigned column) {
    return candidate.hash ^ column * 0x9e3779b97f4a7c15;
  }

  const ResidencyInstance &instance;
  const ResidencyProblem &problem;
  const int64_t budget;
  const unsigned size, tensors, setWords, nodeWords;
  const double base;
  std::vector<uint64_t> keys;   ///< by tensor
  std::vector<Word> thaws;      ///< by node: the recipes of what it reads
  std::vector<double> worth;    ///< by column and tensor: the least that having it costs
  std::vector<double> constant; ///< by column: the rest of the bound

  std::vector<State> states;
  std::vector<Word> sets;                      ///< by state
  std::vector<Word> frozen;                    ///< by state: nodes that were declined
  std::vector<unsigned> offers;                ///< of all states
  std::vector<Word> set, ice;                  ///< of the candidate that was loaded last
  std::vector<std::vector<Candidate>> columns; ///< heaps
  std::vector<Candidate> repetitions;          ///< of the state being expanded
  CostTable known;

  double best;
  std::vector<unsigned> sequence;
  int64_t work = 0;
};

Regression::Regression(const ResidencyInstance &instance, int64_t budget, double limit)
    : instance(instance), problem(instance.problem), budget(budget),
      size(instance.getSize()), tensors(problem.tensors.size()),
      setWords(tensors / 64 + 1), nodeWords(problem.nodes.size() / 64 + 1),
      base(problem.baseCost()), set(setWords, 0), ice(nodeWords, 0), columns(size + 1),
      best(limit) {
  RandomNumbers random(1);
  for (unsigned t = 0; t < tensors; ++t)
    keys.push_back(random.next());
  thaws.assign(problem.nodes.size() * nodeWords, 0);
  for (unsigned n = 0; n < problem.nodes.size(); ++n)
    for (unsigned t : problem.nodes[n].reads)
      for (unsigned recipe : instance.recipes[t])
        putIn(&thaws[size_t(n) * nodeWords], recipe);
  price();
}

/// The bound of boundCost() on what comes before a column, split by tensor: each was held
/// since its last use in the order, or written again since then.
void Regression::price() {
  const std::vector<double> prices = findPrices(instance, budget);
  const std::vector<double> least = findLeastCosts(instance);
  const std::vector<int64_t> unavoidable = findUnavoidableBytes(instance);
  std::vector<double> sums(size + 1, 0);
  for (unsigned at = 0; at < size; ++at)
    sums[at + 1] = sums[at] + prices[at];
  std::vector<unsigned> lastUse(tensors, none);
  auto worthOf = [&](unsigned t, unsigned column) {
    return std::min(least[t], static_cast<double>(problem.tensors[t].bytes) *
                                  (sums[column] - sums[lastUse[t] + 1]));
  };
  constant.assign(size + 1, 0);
  worth.assign(size_t(size + 1) * tensors, 0);
  std::vector<unsigned> written;
  for (unsigned at = 0; at < size; ++at) {
    const ResidencyNode &node = problem.nodes[problem.order[at]];
    constant[at + 1] =
        constant[at] - prices[at] * static_cast<double>(budget - unavoidable[at]);
    for (unsigned t : node.reads)
      if (lastUse[t] != none) {
        constant[at + 1] += worthOf(t, at);
        lastUse[t] = at;
      }
    for (unsigned t : node.writes) {
      lastUse[t] = at;
      if (!instance.recipes[t].empty())
        written.push_back(t);
    }
    for (unsigned t : written)
      worth[size_t(at + 1) * tensors + t] = worthOf(t, at + 1);
  }
}

/// Makes `set` and `ice` those of the candidate.
void Regression::load(const Candidate &candidate) {
  const State &later = states[candidate.later];
  std::copy_n(&sets[size_t(candidate.later) * setWords], setWords, set.begin());
  std::copy_n(&frozen[size_t(candidate.later) * nodeWords], nodeWords, ice.begin());
  for (unsigned i = 0; i < candidate.declined; ++i)
    putIn(ice.data(), offers[later.firstOffer + i]);
  for (unsigned t : problem.nodes[candidate.node].writes)
    takeOut(set.data(), t);
  for (unsigned t : problem.nodes[candidate.node].reads)
    putIn(set.data(), t);
  for (unsigned w = 0; w < nodeWords; ++w)
    ice[w] &= ~thaws[size_t(candidate.node) * nodeWords + w];
}

/// Fills in node, bytes and hash of the state before `n`; false if it does not fit.
bool Regression::goBack(const Word *from, const Candidate &after, unsigned n,
                        Candidate &to) const {
  const ResidencyNode &node = problem.nodes[n];
  int64_t during = after.bytes + node.workspace;
  to.bytes = after.bytes;
  to.hash = after.hash;
  to.node = n;
  for (unsigned t : node.writes) {
    const int64_t bytes = problem.tensors[t].bytes;
    if (isIn(from, t)) {
      to.bytes -= bytes;
      to.hash ^= keys[t];
    } else {
      during += bytes;
    }
  }
  for (unsigned t : node.reads)
    if (!isIn(from, t)) {
      during += problem.tensors[t].bytes;
      to.bytes += problem.tensors[t].bytes;
      to.hash ^= keys[t];
    }
  if (during <= budget || node.inPlace.empty())
    return during <= budget;
  std::vector<bool> isTaken(node.reads.size(), false);
  for (unsigned w = 0; w < node.writes.size(); ++w)
    for (const InPlacePair &pair : node.inPlace) {
      unsigned t = node.reads[pair.read];
      if (pair.write != w || isTaken[pair.read] || instance.isOutput[t] ||
          isIn(from, t) ||
          problem.tensors[t].bytes != problem.tensors[node.writes[w]].bytes)
        continue;
      isTaken[pair.read] = true;
      during -= problem.tensors[t].bytes;
      break;
    }
  return during <= budget;
}

void Regression::push(const Candidate &candidate, unsigned column) {
  if (isHopeless(candidate.value, column) ||
      !known.improve(keyOf(candidate, column), candidate.cost))
    return;
  columns[column].push_back(candidate);
  std::push_heap(columns[column].begin(), columns[column].end());
  work += 150;
}

/// A state before everything: a plan, if it needs nothing but inputs.
void Regression::finish(unsigned id) {
  bool isPlan = states[id].cost < best;
  forEach(&sets[size_t(id) * setWords], setWords,
          [&](unsigned t) { isPlan &= instance.isInput[t]; });
  if (!isPlan)
    return;
  best = states[id].cost;
  sequence.clear();
  for (unsigned s = id; states[s].later != none; s = states[s].later)
    sequence.push_back(states[s].node);
}

void Regression::expand(const Candidate &candidate, unsigned column) {
  if (candidate.later != none)
    load(candidate);
  const unsigned id = states.size();
  states.push_back({candidate.cost, candidate.later, candidate.node,
                    static_cast<unsigned>(offers.size())});
  sets.insert(sets.end(), set.begin(), set.end());
  frozen.insert(frozen.end(), ice.begin(), ice.end());
  work += 300 + 4 * setWords;
  if (column == 0)
    return finish(id);
  const Word *from = &sets[size_t(id) * setWords];
  const double *now = &worth[size_t(column) * tensors];
  // A repetition whose reads are alive anyway stands here, or nowhere before something
  // else uses what it writes: further ahead it would cost the same and more bytes. Of
  // several, those declined first stay declined, so that each choice is made once.
  const size_t firstOffer = offers.size();
  repetitions.clear();
  Candidate to;
  to.later = id;
  forEach(from, setWords, [&](unsigned wanted) {
    for (unsigned n : instance.recipes[wanted]) {
      work += 30;
      if (isIn(ice.data(), n) || instance.earliest[n] > column ||
          instance.latest[n] < column || !goBack(from, candidate, n, to))
        continue;
      const ResidencyNode &node = problem.nodes[n];
      bool isOffer = true;
      to.cost = candidate.cost + node.cost;
      to.value = candidate.value + node.cost;
      for (unsigned t : node.writes)
        if (isIn(from, t))
          to.value -= now[t];
      for (unsigned t : node.reads)
        if (!isIn(from, t)) {
          to.value += now[t];
          isOffer = false;
        }
      to.declined = none;
      if (isOffer) {
        if (std::find(offers.begin() + firstOffer, offers.end(), n) != offers.end())
          continue;
        to.declined = offers.size() - firstOffer;
        offers.push_back(n);
      }
      repetitions.push_back(to);
    }
  });
  const unsigned all = offers.size() - firstOffer;
  for (Candidate &each : repetitions) {
    each.declined = std::min(each.declined, all);
    push(each, column);
  }
  if (!goBack(from, candidate, problem.order[column - 1], to))
    return;
  to.cost = to.value = candidate.cost;
  to.declined = all;
  load(to);
  const double *before = &worth[size_t(column - 1) * tensors];
  forEach(set.data(), setWords, [&](unsigned t) { to.value += before[t]; });
  push(to, column - 1);
}

RegressionResult Regression::run(int64_t most) {
  Candidate start;
  start.bytes = problem.baseBytes;
  for (unsigned t : problem.outputs) {
    putIn(set.data(), t);
    start.hash ^= keys[t];
    start.bytes += problem.tensors[t].bytes;
    start.value += worth[size_t(size) * tensors + t];
  }
  push(start, size);
  for (bool isOpen = true; isOpen && work < most;) {
    isOpen = false;
    for (unsigned column = size + 1; column-- > 0;) {
      std::vector<Candidate> &heap = columns[column];
      for (unsigned expanded = 0; expanded < width && !heap.empty();) {
        const Candidate candidate = heap.front();
        if (isHopeless(candidate.value, column)) {
          heap.clear();
          break;
        }
        std::pop_heap(heap.begin(), heap.end());
        heap.pop_back();
        if (known.get(keyOf(candidate, column)) < candidate.cost)
          continue;
        expand(candidate, column);
        ++expanded;
      }
      isOpen |= !heap.empty();
    }
  }
  RegressionResult result{std::move(sequence), best};
  for (unsigned column = 0; column <= size; ++column)
    if (!columns[column].empty())
      result.bound =
          std::min(result.bound, columns[column].front().value + constant[column]);
  return result;
}
} // namespace

RegressionResult searchBackwards(const ResidencyInstance &instance, int64_t budget,
                                 int64_t work, double limit) {
  return Regression(instance, budget, limit).run(work);
}

} // namespace train::planning
