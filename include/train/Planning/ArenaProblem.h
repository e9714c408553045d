//===- ArenaProblem.h - offsets for buffers that share one arena ----------===//
//
// The arena planner's problem and solution: plain data without MLIR, so that a
// pass, a tool and a test can state the same question. The solution carries
// its own judge, which shares no code with any solver.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_PLANNING_ARENAPROBLEM_H
#define TRAIN_PLANNING_ARENAPROBLEM_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace train::planning {

/// `size` bytes that are needed from op position `lower` up to, but without,
/// op position `upper`. Zero bytes are allowed and never collide.
struct Buffer {
  std::string id;
  int64_t lower = 0;
  int64_t upper = 0;
  int64_t size = 0;
};

/// Give each buffer an offset such that no two buffers live at the same time
/// share a byte, and such that the arena is small.
struct ArenaProblem {
  std::vector<Buffer> buffers;
  /// Every offset is a multiple of this many bytes, and every size counts
  /// rounded up to one.
  int64_t alignment = 1;
  /// Bytes that are enough: a planner need not search for less.
  std::optional<int64_t> capacity;

  /// Bytes that `buffer` takes in the arena. Needs a problem that checks.
  int64_t paddedSize(const Buffer &buffer) const;

  /// The first thing wrong with the problem (an empty or reversed lifetime, a
  /// negative size, an alignment below one, padded sizes of more than 2^62 bytes in
  /// all), or nothing. Every other member and every solver needs a problem that checks.
  std::optional<std::string> check() const;

  /// The largest sum of padded sizes alive at one position: no arena is smaller.
  int64_t lowerBound() const;
};

/// What a planner hands back: one offset per buffer, in the problem's order.
struct ArenaSolution {
  std::vector<int64_t> offsets;
  /// The largest offset plus padded size; zero when nothing has bytes.
  int64_t peak = 0;
  /// The name of the method that found the offsets.
  std::string solver;
  /// Proven: no arena is smaller than `peak`.
  bool optimal = false;
  /// Proven: no arena is as small as the problem's capacity.
  bool infeasible = false;

  /// Judges the solution by a sweep over time: the first violation (two
  /// overlapping buffers with their ids, lifetimes and bytes; an offset that is
  /// missing, negative or misaligned; a wrong peak; a peak above the capacity),
  /// or nothing.
  std::optional<std::string> verify(const ArenaProblem &problem) const;
};

} // namespace train::planning

#endif // TRAIN_PLANNING_ARENAPROBLEM_H
