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
/// positive, s[i]; backward node i reads a[i-1], a[i], s[i] and the gradient of a[i].
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
    std::vector<unsigned> reads{activation[i - 1], activation[i]};
    if (saved[i] != activation[i])
      reads.push_back(saved[i]);
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

/// A transformer's training step: per layer ten forward nodes, fourteen backward nodes,
/// four updates in place, and two ways to normalize again from kept statistics. Costs are
/// FLOPs and bytes in a fixed ratio; `stream` is the bytes of one activation of the
/// model's width.
inline ResidencyProblem transformer(unsigned layers, int64_t stream) {
  ResidencyBuilder builder;
  ResidencyProblem &problem = builder.problem;
  const double light = static_cast<double>(stream) * 1e-6, heavy = 60 * light;
  const int64_t small = stream / 64, weight = stream;
  auto inPlace = [&](unsigned n, unsigned read) {
    problem.nodes[n].inPlace.push_back({0, read});
    return n;
  };
  struct Layer {
    unsigned x, y1, mean1, rstd1, q, o, lse, x2, y2, mean2, rstd2, h, g;
    unsigned wq, wo, w1, w2;
  };
  std::vector<Layer> all(layers);
  for (Layer &l : all) {
    l.wq = builder.input(3 * weight), l.wo = builder.input(weight);
    l.w1 = builder.input(4 * weight), l.w2 = builder.input(4 * weight);
  }
  unsigned x = builder.input(stream);
  auto normalize = [&](unsigned from, unsigned &y, unsigned &mean, unsigned &rstd) {
    y = builder.tensor(stream), mean = builder.tensor(small),
    rstd = builder.tensor(small);
    builder.node(2 * light, {from}, {y, mean, rstd});
    builder.node(1.5 * light, {from, mean, rstd}, {y}, false);
  };
  for (Layer &l : all) {
    l.x = x;
    normalize(x, l.y1, l.mean1, l.rstd1);
    builder.node(3 * heavy, {l.y1, l.wq}, {l.q = builder.tensor(3 * stream)});
    l.o = builder.tensor(stream), l.lse = builder.tensor(small);
    builder.node(heavy, {l.q}, {l.o, l.lse});
    unsigned p = builder.tensor(stream), m = builder.tensor(stream);
    builder.node(heavy, {l.o, l.wo}, {p});
    inPlace(builder.node(2 * light, {p, x}, {l.x2 = builder.tensor(stream)}), 0);
    normalize(l.x2, l.y2, l.mean2, l.rstd2);
    builder.node(4 * heavy, {l.y2, l.w1}, {l.h = builder.tensor(4 * stream)});
    inPlace(builder.node(8 * light, {l.h}, {l.g = builder.tensor(4 * stream)}), 0);
    builder.node(4 * heavy, {l.g, l.w2}, {m});
    inPlace(builder.node(2 * light, {m, l.x2}, {x = builder.tensor(stream)}), 0);
  }
  unsigned loss = builder.tensor(4), d = builder.tensor(stream);
  builder.node(light, {x}, {loss});
  problem.forward = problem.order.size();
  builder.node(light, {x}, {d});
  std::vector<unsigned> outputs{loss};
  auto update = [&](double cost, std::vector<unsigned> reads, unsigned w) {
    unsigned gradient = builder.tensor(problem.tensors[w].bytes);
    builder.node(cost, std::move(reads), {gradient});
    unsigned n = builder.node(6 * light, {w, gradient}, {});
    problem.nodes[n].updates = {w};
    problem.nodes[n].repeatable = false;
    outputs.push_back(w);
  };
  for (unsigned i = layers; i-- > 0;) {
    const Layer &l = all[i];
    unsigned dg = builder.tensor(4 * stream), dh = builder.tensor(4 * stream);
    unsigned dy2 = builder.tensor(stream), dn2 = builder.tensor(stream);
    unsigned d2 = builder.tensor(stream), dO = builder.tensor(stream);
    unsigned dq = builder.tensor(3 * stream), dy1 = builder.tensor(stream);
    unsigned dn1 = builder.tensor(stream), d1 = builder.tensor(stream);
    builder.node(4 * heavy, {d, l.w2}, {dg});
    update(4 * heavy, {l.g, d}, l.w2);
    inPlace(builder.node(12 * light, {dg, l.h}, {dh}), 0);
    builder.node(4 * heavy, {dh, l.w1}, {dy2});
    update(4 * heavy, {l.y2, dh}, l.w1);
    inPlace(builder.node(4 * light, {dy2, l.x2, l.mean2, l.rstd2}, {dn2}), 0);
    inPlace(builder.node(2 * light, {dn2, d}, {d2}), 0);
    builder.node(heavy, {d2, l.wo}, {dO});
    update(heavy, {l.o, d2}, l.wo);
    builder.node(2.5 * heavy, {l.q, l.o, l.lse, dO}, {dq});
    builder.node(3 * heavy, {dq, l.wq}, {dy1});
    update(3 * heavy, {l.y1, dq}, l.wq);
    inPlace(builder.node(4 * light, {dy1, l.x, l.mean1, l.rstd1}, {dn1}), 0);
    inPlace(builder.node(2 * light, {dn1, d2}, {d1}), 0);
    d = d1;
  }
  problem.outputs = outputs;
  return problem;
}

} // namespace train::planning::test

#endif // TRAIN_TEST_UNIT_PLANNING_RESIDENCYINSTANCES_H
