//===- ResidencyBounds.cpp - what no plan can beat ---------------------------===//
//
// The peak: each node of the order is executed, with everything that it reads and writes
// and everything that could never be had again alive.
//
//===----------------------------------------------------------------------===//
#include "ResidencyBounds.h"

#include <algorithm>

namespace train::planning {

std::vector<int64_t> findUnavoidableBytes(const ResidencyInstance &instance) {
  const ResidencyProblem &problem = instance.problem;
  const unsigned size = instance.getSize();
  auto isLasting = [&](unsigned t) {
    return instance.recipes[t].empty() && !problem.anyOrder;
  };
  // Bytes at each position of values that are written once and needed later.
  std::vector<int64_t> change(size + 1, 0);
  for (unsigned t = 0; t < problem.tensors.size(); ++t) {
    const std::vector<unsigned> &reads = instance.readAt[t];
    unsigned first = instance.isInput[t] ? 0 : instance.writtenAt[t];
    if (first == ResidencyInstance::none || !isLasting(t) || size == 0)
      continue;
    unsigned last = instance.isOutput[t] ? size - 1
                    : reads.empty()      ? first
                                         : reads.back();
    change[first] += problem.tensors[t].bytes;
    change[last + 1] -= problem.tensors[t].bytes;
  }
  std::vector<int64_t> bytes(size);
  int64_t lasting = problem.baseBytes;
  for (unsigned at = 0; at < size; ++at) {
    const ResidencyNode &node = problem.nodes[problem.order[at]];
    lasting += change[at];
    bytes[at] = lasting + node.workspace;
    for (unsigned t : node.reads)
      bytes[at] += isLasting(t) ? 0 : problem.tensors[t].bytes;
    for (unsigned w = 0; w < node.writes.size(); ++w) {
      unsigned t = node.writes[w];
      bytes[at] += isLasting(t) ? 0 : problem.tensors[t].bytes;
      // In place at best, wherever the pairs allow it at all.
      for (const InPlacePair &pair : node.inPlace)
        if (pair.write == w &&
            problem.tensors[node.reads[pair.read]].bytes == problem.tensors[t].bytes) {
          bytes[at] -= problem.tensors[t].bytes;
          break;
        }
    }
  }
  return bytes;
}

int64_t boundPeak(const ResidencyInstance &instance) {
  const ResidencyProblem &problem = instance.problem;
  int64_t bound = problem.baseBytes;
  for (int64_t bytes : findUnavoidableBytes(instance))
    bound = std::max(bound, bytes);
  int64_t kept = problem.baseBytes;
  for (unsigned t : problem.outputs)
    kept += problem.tensors[t].bytes;
  return std::max(bound, kept);
}

int64_t boundPeak(const ResidencyProblem &problem) {
  return boundPeak(ResidencyInstance(problem));
}

} // namespace train::planning
