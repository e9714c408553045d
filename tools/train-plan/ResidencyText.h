//===- ResidencyText.h - residency problems as node-link JSON --------------===//
//
// The text form in which rematerialization instances are published: networkx's node-link
// JSON with a time and a size per node. A solution is a JSON array of node ids.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_TOOLS_TRAIN_PLAN_RESIDENCYTEXT_H
#define TRAIN_TOOLS_TRAIN_PLAN_RESIDENCYTEXT_H

#include "train/Planning/ResidencyProblem.h"

#include <string_view>

namespace train::planning {

struct ResidencyText {
  /// Node i writes tensor i, and reads the tensors of the nodes that link to it.
  ResidencyProblem problem;
  /// Per node, its id as it stands in the text.
  std::vector<std::string> ids;
};

/// Reads a problem that checks. A node has an id (`id`, or else `name`: a number or a
/// string), a cost (`cost_cpu` or `duration`), bytes (`cost_ram` or `out_cost`), and
/// optionally `backward`; a link (in `links` or `edges`) has `source` and `target`, or
/// `0` and `1`. The given order is `graph.order`; without it the order of the nodes where
/// no link points backwards, else the topological order that is nearest to it. On
/// malformed text returns nothing and sets `error` to one sentence.
std::optional<ResidencyText> parseResidency(std::string_view text, std::string &error);

/// Reads a solution: an array of ids.
std::optional<std::vector<unsigned>>
parseSequence(const ResidencyText &graph, std::string_view text, std::string &error);

/// The array of ids, on one line.
std::string printSequence(const ResidencyText &graph,
                          const std::vector<unsigned> &sequence);

} // namespace train::planning

#endif // TRAIN_TOOLS_TRAIN_PLAN_RESIDENCYTEXT_H
