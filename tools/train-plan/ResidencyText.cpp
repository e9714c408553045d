//===- ResidencyText.cpp - residency problems as node-link JSON ------------===//
//
// Every field is looked at before it is used: files come from other people's scripts.
//
//===----------------------------------------------------------------------===//
#include "ResidencyText.h"

#include "train/Support/JsonDepth.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <queue>
#include <unordered_map>

namespace train::planning {

using Json = nlohmann::json;

namespace {
class Reader {
public:
  explicit Reader(std::string &error) : error(error) {}
  std::optional<ResidencyText> read(const Json &root);

private:
  bool fail(std::string what) {
    error = std::move(what);
    return false;
  }
  bool readNode(const Json &json);
  bool readLink(const Json &json, size_t index);
  bool readOrder(const Json &root);
  bool sort();
  bool find(const Json &id, const std::string &where, unsigned &index);
  static const Json *get(const Json &json, const char *key) {
    auto it = json.find(key);
    return it == json.end() ? nullptr : &*it;
  }
  static const Json *get(const Json &json, const char *key, const char *other) {
    const Json *first = get(json, key);
    return first ? first : get(json, other);
  }
  static std::string show(const Json &json) {
    // Bytes that are no UTF-8 must not throw while an error is being reported.
    std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    return text.size() > 60 ? text.substr(0, 57) + "..." : text;
  }

  std::string &error;
  ResidencyText result;
  std::unordered_map<std::string, unsigned> byId;
  std::vector<bool> isBackward;
};

bool Reader::readNode(const Json &json) {
  const std::string where = "nodes[" + std::to_string(result.ids.size()) + "]";
  if (!json.is_object())
    return fail(where + " is not an object but " + show(json));
  const Json *id = get(json, "id", "name");
  if (!id || (!id->is_string() && !id->is_number_integer()))
    return fail(where + " has no 'id' or 'name' that is a string or a whole number");
  ResidencyNode node;
  node.id = id->is_string() ? id->get<std::string>() : show(*id);
  const Json *cost = get(json, "cost_cpu", "duration");
  const Json *bytes = get(json, "cost_ram", "out_cost");
  if (!cost || !cost->is_number())
    return fail("node " + show(*id) + " has no number 'cost_cpu' or 'duration'");
  if (!bytes || !bytes->is_number())
    return fail("node " + show(*id) + " has no number 'cost_ram' or 'out_cost'");
  node.cost = cost->get<double>();
  double size = bytes->get<double>();
  // 2^63 as a double; larger and negative ones must not be converted.
  if (!(node.cost >= 0) || !std::isfinite(node.cost))
    return fail("node " + show(*id) + " has the cost " + show(*cost) +
                ": expected a finite number, not negative");
  if (!(size >= 0 && size < 0x1p63) || size != std::floor(size))
    return fail("node " + show(*id) + " has " + show(*bytes) +
                " bytes: expected a whole number below 2^63, not negative");
  unsigned index = result.ids.size();
  if (!byId.emplace(id->dump(-1, ' ', false, Json::error_handler_t::replace), index)
           .second)
    return fail("id " + show(*id) + " is used by two nodes");
  const Json *backward = get(json, "backward");
  if (backward && !backward->is_boolean())
    return fail("node " + show(*id) + " has a 'backward' that is neither true nor false");
  isBackward.push_back(backward && backward->get<bool>());
  node.writes = {index};
  result.ids.push_back(id->dump(-1, ' ', false, Json::error_handler_t::replace));
  result.problem.tensors.push_back({node.id, bytes->is_number_unsigned()
                                                 ? bytes->get<int64_t>()
                                                 : static_cast<int64_t>(size)});
  result.problem.nodes.push_back(std::move(node));
  return true;
}

bool Reader::find(const Json &id, const std::string &where, unsigned &index) {
  auto it = byId.find(id.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (it == byId.end())
    return fail(where + " names " + show(id) + ", which is no node's id");
  index = it->second;
  return true;
}

bool Reader::readLink(const Json &json, size_t index) {
  const std::string where = "links[" + std::to_string(index) + "]";
  if (!json.is_object())
    return fail(where + " is not an object but " + show(json));
  const Json *source = get(json, "source", "0"), *target = get(json, "target", "1");
  if (!source || !target)
    return fail(where + " has no 'source' and 'target', nor '0' and '1'");
  unsigned from = 0, to = 0;
  if (!find(*source, where, from) || !find(*target, where, to))
    return false;
  if (from == to)
    return fail("the graph has a cycle through node " + result.ids[to]);
  std::vector<unsigned> &reads = result.problem.nodes[to].reads;
  if (std::find(reads.begin(), reads.end(), from) == reads.end())
    reads.push_back(from);
  return true;
}

/// Kahn's algorithm; of the nodes that are ready, the one that stands first.
bool Reader::sort() {
  const std::vector<ResidencyNode> &nodes = result.problem.nodes;
  std::vector<std::vector<unsigned>> readers(nodes.size());
  std::vector<size_t> missing(nodes.size());
  std::priority_queue<unsigned, std::vector<unsigned>, std::greater<>> ready;
  for (unsigned n = 0; n < nodes.size(); ++n) {
    missing[n] = nodes[n].reads.size();
    if (missing[n] == 0)
      ready.push(n);
    for (unsigned t : nodes[n].reads)
      readers[t].push_back(n);
  }
  std::vector<unsigned> order;
  while (!ready.empty()) {
    order.push_back(ready.top());
    ready.pop();
    for (unsigned n : readers[order.back()])
      if (--missing[n] == 0)
        ready.push(n);
  }
  if (order.size() < nodes.size()) {
    // Walking against the links among what is left must come round.
    unsigned n = 0;
    while (missing[n] == 0)
      ++n;
    std::vector<bool> seen(nodes.size(), false);
    while (!seen[n]) {
      seen[n] = true;
      n = *std::find_if(nodes[n].reads.begin(), nodes[n].reads.end(),
                        [&](unsigned t) { return missing[t] > 0; });
    }
    return fail("the graph has a cycle through node " + result.ids[n]);
  }
  if (result.problem.order.empty())
    result.problem.order = std::move(order);
  return true;
}

bool Reader::readOrder(const Json &root) {
  std::vector<unsigned> &order = result.problem.order;
  const Json *graph = get(root, "graph");
  if (const Json *given = graph && graph->is_object() ? get(*graph, "order") : nullptr) {
    if (!given->is_array() || given->size() != result.ids.size())
      return fail("'graph.order' is not an array of all " +
                  std::to_string(result.ids.size()) + " node ids");
    for (const Json &id : *given) {
      order.push_back(0);
      if (!find(id, "'graph.order'", order.back()))
        return false;
    }
  }
  if (!sort())
    return false;
  if (std::optional<std::string> wrong = result.problem.check())
    return fail(*wrong);
  size_t first = 0;
  while (first < order.size() && !isBackward[order[first]])
    ++first;
  result.problem.forward = first < order.size() ? first : 0;
  return true;
}

std::optional<ResidencyText> Reader::read(const Json &root) {
  const Json *nodes = root.is_object() ? get(root, "nodes") : nullptr;
  const Json *links = root.is_object() ? get(root, "links", "edges") : nullptr;
  if (!nodes || !nodes->is_array() || nodes->empty()) {
    error = "expected node-link JSON: an object with a non-empty array 'nodes'";
    return std::nullopt;
  }
  if (!links || !links->is_array()) {
    error = "expected node-link JSON: an object with an array 'links' or 'edges'";
    return std::nullopt;
  }
  for (const Json &node : *nodes)
    if (!readNode(node))
      return std::nullopt;
  // A plan executes nodes more than once, and the sum has to stay a number.
  constexpr double mostInAll = 1e300;
  double total = 0;
  for (const ResidencyNode &node : result.problem.nodes)
    total += node.cost;
  if (total > mostInAll) {
    error = "the costs add up to more than 1e300";
    return std::nullopt;
  }
  for (size_t i = 0; i < links->size(); ++i)
    if (!readLink((*links)[i], i))
      return std::nullopt;
  if (!readOrder(root))
    return std::nullopt;
  return std::move(result);
}

std::optional<Json> parseJson(std::string_view text, std::string &error) {
  if (isNestedDeeper(text)) {
    error = "nested more than " + std::to_string(kDeepestJson) + " deep";
    return std::nullopt;
  }
  try {
    return Json::parse(text);
  } catch (const Json::exception &exception) {
    // The library prefixes its own name and number.
    std::string what = exception.what();
    size_t end = what.find("] ");
    error = "malformed JSON: " + (end == std::string::npos ? what : what.substr(end + 2));
    return std::nullopt;
  }
}
} // namespace

std::optional<ResidencyText> parseResidency(std::string_view text, std::string &error) {
  std::optional<Json> root = parseJson(text, error);
  return root ? Reader(error).read(*root) : std::nullopt;
}

std::optional<std::vector<unsigned>>
parseSequence(const ResidencyText &graph, std::string_view text, std::string &error) {
  std::optional<Json> root = parseJson(text, error);
  if (!root)
    return std::nullopt;
  if (!root->is_array()) {
    error = "expected a solution: a JSON array of node ids";
    return std::nullopt;
  }
  std::unordered_map<std::string, unsigned> byId;
  for (unsigned n = 0; n < graph.ids.size(); ++n)
    byId[graph.ids[n]] = n;
  std::vector<unsigned> sequence;
  for (const Json &id : *root) {
    auto it = byId.find(id.dump(-1, ' ', false, Json::error_handler_t::replace));
    if (it == byId.end()) {
      error = "step " + std::to_string(sequence.size()) + " names " +
              id.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 60) +
              ", which is no node's id";
      return std::nullopt;
    }
    sequence.push_back(it->second);
  }
  return sequence;
}

std::string printSequence(const ResidencyText &graph,
                          const std::vector<unsigned> &sequence) {
  std::string text = "[";
  for (size_t i = 0; i < sequence.size(); ++i)
    text += (i ? ", " : "") + graph.ids[sequence[i]];
  return text + "]\n";
}

} // namespace train::planning
