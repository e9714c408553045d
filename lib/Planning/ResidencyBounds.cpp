//===- ResidencyBounds.cpp - what no plan can beat ---------------------------===//
//
// The peak: each node of the order is executed, with everything that it reads and writes
// and everything that could never be had again alive; and before it, what wrote that.
//
//===----------------------------------------------------------------------===//
#include "ResidencyBounds.h"
#include "ResidencyPebbling.h"

#include <algorithm>

namespace train::planning {

/// Whether a tensor is written once, and then alive until its last use.
static bool isLasting(const ResidencyInstance &instance, unsigned t) {
  return instance.recipes[t].empty() && !instance.problem.anyOrder;
}

std::vector<int64_t> findLastingBytes(const ResidencyInstance &instance) {
  const ResidencyProblem &problem = instance.problem;
  const unsigned size = instance.getSize();
  // Bytes at each position of values that are written once and needed later.
  std::vector<int64_t> change(size + 1, 0);
  for (unsigned t = 0; t < problem.tensors.size(); ++t) {
    const std::vector<unsigned> &reads = instance.readAt[t];
    unsigned first = instance.isInput[t] ? 0 : instance.writtenAt[t];
    if (first == ResidencyInstance::none || !isLasting(instance, t) || size == 0)
      continue;
    unsigned last = instance.isOutput[t] ? size - 1
                    : reads.empty()      ? first
                                         : reads.back();
    change[first] += problem.tensors[t].bytes;
    change[last + 1] -= problem.tensors[t].bytes;
  }
  int64_t lasting = problem.baseBytes;
  for (unsigned at = 0; at < size; ++at)
    change[at] = lasting += change[at];
  change.pop_back();
  return change;
}

std::vector<int64_t> findUnavoidableBytes(const ResidencyInstance &instance) {
  const ResidencyProblem &problem = instance.problem;
  std::vector<int64_t> bytes = findLastingBytes(instance);
  for (unsigned at = 0; at < bytes.size(); ++at) {
    const ResidencyNode &node = problem.nodes[problem.order[at]];
    bytes[at] += node.workspace;
    for (unsigned t : node.reads)
      bytes[at] += isLasting(instance, t) ? 0 : problem.tensors[t].bytes;
    for (unsigned w = 0; w < node.writes.size(); ++w) {
      unsigned t = node.writes[w];
      bytes[at] += isLasting(instance, t) ? 0 : problem.tensors[t].bytes;
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
  return raisePeakBound(instance, std::max(bound, kept));
}

int64_t boundPeak(const ResidencyProblem &problem) {
  return boundPeak(ResidencyInstance(problem));
}

} // namespace train::planning
