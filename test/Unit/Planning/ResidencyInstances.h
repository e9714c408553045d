//===- ResidencyInstances.h - residency problems that several tests share ----===//
//
// Generated, not stored: random training steps with everything the problem can say
// (several results per node, in-place pairs, workspaces, updates, nodes that must not be
// repeated, ways to have tensors again outside the order), and plain chains.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_TEST_UNIT_PLANNING_RESIDENCYINSTANCES_H
#define TRAIN_TEST_UNIT_PLANNING_RESIDENCYINSTANCES_H

#include "train/Planning/ResidencySolvers.h"

#include <algorithm>
#include <random>

namespace train::planning::test {

struct ResidencyBuilder {
  ResidencyProblem problem;

  unsigned tensor(int64_t bytes) {
    unsigned index = problem.tensors.size();
    problem.tensors.push_back({"t" + std::to_string(index), bytes});
    return index;
  }
  unsigned input(int64_t bytes) {
    problem.inputs.push_back(tensor(bytes));
    return problem.inputs.back();
  }
  unsigned node(double cost, std::vector<unsigned> reads, std::vector<unsigned> writes,
                bool inOrder = true) {
    unsigned index = problem.nodes.size();
    ResidencyNode node;
    node.id = "n" + std::to_string(index);
    node.cost = cost;
    node.reads = std::move(reads);
    node.writes = std::move(writes);
    problem.nodes.push_back(node);
    if (inOrder)
      problem.order.push_back(index);
    return index;
  }
};

/// A chain of `layers`: forward node i reads a[i-1] and writes a[i] and, where `saved` is
/// positive, s[i]; backward node i reads a[i-1], s[i] (or a[i]) and the gradient of a[i].
struct ChainLayer {
  int64_t activation = 1;
  int64_t saved = 0;
  int64_t gradient = 1;
  double forward = 1;
  double backward = 1;
};

inline ResidencyProblem chain(int64_t inputBytes, const std::vector<ChainLayer> &layers) {
  ResidencyBuilder builder;
  std::vector<unsigned> activation{builder.input(inputBytes)}, saved{0};
  for (const ChainLayer &layer : layers) {
    std::vector<unsigned> writes{builder.tensor(layer.activation)};
    if (layer.saved > 0)
      writes.push_back(builder.tensor(layer.saved));
    builder.node(layer.forward, {activation.back()}, writes);
    activation.push_back(writes.front());
    saved.push_back(writes.back());
  }
  builder.problem.forward = layers.size();
  unsigned gradient = 0;
  for (size_t i = layers.size(); i > 0; --i) {
    std::vector<unsigned> reads{activation[i - 1], saved[i]};
    if (i < layers.size())
      reads.push_back(gradient);
    gradient = builder.tensor(layers[i - 1].gradient);
    builder.node(layers[i - 1].backward, reads, {gradient});
  }
  builder.problem.outputs = {gradient};
  return builder.problem;
}

/// A random step of about `size` forward nodes; every second seed uses the unusual
/// features.
inline ResidencyProblem randomStep(unsigned seed, unsigned size) {
  std::mt19937 engine(seed);
  auto below = [&](unsigned bound) { return static_cast<unsigned>(engine() % bound); };
  auto some = [&](const std::vector<unsigned> &from, unsigned most) {
    std::vector<unsigned> picked;
    for (unsigned i = 0, count = 1 + below(most); i < count; ++i) {
      // Near ones mostly.
      unsigned back =
          below(2) ? below(std::min<size_t>(3, from.size())) : below(from.size());
      unsigned t = from[from.size() - 1 - back];
      if (std::find(picked.begin(), picked.end(), t) == picked.end())
        picked.push_back(t);
    }
    return picked;
  };
  const bool rich = seed % 2;
  ResidencyBuilder builder;
  ResidencyProblem &problem = builder.problem;
  problem.baseBytes = below(50);
  std::vector<unsigned> have{builder.input(1 + below(20)), builder.input(1 + below(20))};
  unsigned counter = rich ? builder.input(4) : 0;
  std::vector<unsigned> forward, gradients;
  auto decorate = [&](unsigned n) {
    ResidencyNode &node = problem.nodes[n];
    if (!rich)
      return;
    node.workspace = below(3) ? 0 : below(30);
    for (unsigned w = 0; w < node.writes.size(); ++w)
      for (unsigned r = 0; r < node.reads.size(); ++r)
        if (node.reads[r] != counter && below(2)) {
          node.inPlace.push_back({w, r});
          if (below(3))
            problem.tensors[node.writes[w]].bytes = problem.tensors[node.reads[r]].bytes;
        }
  };
  for (unsigned i = 0; i < size; ++i) {
    std::vector<unsigned> reads = some(have, 3), writes;
    for (unsigned w = 0, count = 1 + (below(4) == 0); w < count; ++w)
      writes.push_back(builder.tensor(1 + below(40)));
    bool counts = rich && below(6) == 0;
    bool updates = counts && below(2);
    if (counts)
      reads.push_back(counter);
    unsigned n = builder.node(1 + below(20), reads, writes);
    forward.push_back(n);
    decorate(n);
    if (updates)
      problem.nodes[n].updates = {counter};
    if (updates || (rich && below(8) == 0))
      problem.nodes[n].repeatable = false;
    have.insert(have.end(), writes.begin(), writes.end());
    if (rich && writes.size() > 1 && below(2)) {
      // Another way to have the first result, from the second one.
      unsigned other =
          builder.node(1 + below(5), {reads.front(), writes[1]}, {writes.front()}, false);
      decorate(other);
    }
  }
  problem.forward = problem.order.size();
  for (size_t i = forward.size(); i-- > 0;) {
    std::vector<unsigned> reads = problem.nodes[forward[i]].reads;
    for (unsigned t : problem.nodes[forward[i]].writes)
      if (below(2))
        reads.push_back(t);
    if (!gradients.empty())
      for (unsigned t : some(gradients, 2))
        reads.push_back(t);
    unsigned gradient = builder.tensor(1 + below(40));
    unsigned n = builder.node(1 + below(30), reads, {gradient});
    decorate(n);
    gradients.push_back(gradient);
  }
  problem.outputs = {gradients.back()};
  if (rich)
    problem.outputs.push_back(counter);
  return problem;
}

} // namespace train::planning::test

#endif // TRAIN_TEST_UNIT_PLANNING_RESIDENCYINSTANCES_H
