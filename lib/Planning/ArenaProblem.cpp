//===- ArenaProblem.cpp - what a valid arena problem and solution are -----===//
//
// check(), lowerBound() and verify(). The judge is deliberately written apart
// from the solvers: it sweeps over time with an ordered set of live byte
// ranges, where the solvers compress time and never build such a set.
//
//===----------------------------------------------------------------------===//
#include "train/Planning/ArenaProblem.h"

#include <algorithm>
#include <limits>
#include <map>

namespace train::planning {

static constexpr int64_t most = std::numeric_limits<int64_t>::max();
/// Half of the numbers there are: solvers add a size or a padding to an offset, and take
/// the largest number for a peak that is not known yet.
static constexpr int64_t mostInAll = int64_t(1) << 62;

static std::string name(const Buffer &buffer) { return "buffer '" + buffer.id + "'"; }

static std::string lifetime(const Buffer &buffer) {
  return "[" + std::to_string(buffer.lower) + ", " + std::to_string(buffer.upper) + ")";
}

int64_t ArenaProblem::paddedSize(const Buffer &buffer) const {
  int64_t over = buffer.size % alignment;
  return over == 0 ? buffer.size : buffer.size + (alignment - over);
}

std::optional<std::string> ArenaProblem::check() const {
  if (alignment < 1)
    return "alignment must be at least 1, got " + std::to_string(alignment);
  if (capacity && *capacity < 0)
    return "capacity must not be negative, got " + std::to_string(*capacity);
  // The sum of all sizes bounds every offset a solver can come up with, so
  // bounding it once spares every solver its own overflow checks.
  int64_t total = 0;
  for (const Buffer &buffer : buffers) {
    if (buffer.lower >= buffer.upper)
      return name(buffer) + " has an empty lifetime " + lifetime(buffer) +
             ": lower must be less than upper";
    if (buffer.size < 0)
      return name(buffer) + " has a negative size " + std::to_string(buffer.size);
    int64_t over = buffer.size % alignment;
    int64_t padding = over == 0 ? 0 : alignment - over;
    if (buffer.size > mostInAll - padding || total > mostInAll - (buffer.size + padding))
      return "sizes exceed 2^62 bytes in all at " + name(buffer) + " of " +
             std::to_string(buffer.size) + " bytes" +
             (padding ? " with a padding of " + std::to_string(padding) : "");
    total += buffer.size + padding;
  }
  return std::nullopt;
}

namespace {
/// A buffer's birth or death, in sweep order: deaths come first at a position,
/// because lifetimes exclude their upper end.
struct Event {
  int64_t position;
  bool birth;
  size_t buffer;
  bool operator<(const Event &other) const {
    if (position != other.position)
      return position < other.position;
    if (birth != other.birth)
      return !birth;
    return buffer < other.buffer;
  }
};
} // namespace

static std::vector<Event> sweepEvents(const ArenaProblem &problem) {
  std::vector<Event> events;
  events.reserve(problem.buffers.size() * 2);
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer &buffer = problem.buffers[i];
    if (buffer.size == 0)
      continue;
    events.push_back({buffer.lower, true, i});
    events.push_back({buffer.upper, false, i});
  }
  std::sort(events.begin(), events.end());
  return events;
}

int64_t ArenaProblem::lowerBound() const {
  int64_t live = 0, bound = 0;
  for (const Event &event : sweepEvents(*this)) {
    int64_t size = paddedSize(buffers[event.buffer]);
    live += event.birth ? size : -size;
    bound = std::max(bound, live);
  }
  return bound;
}

std::optional<std::string> ArenaSolution::verify(const ArenaProblem &problem) const {
  if (std::optional<std::string> error = problem.check())
    return error;
  if (offsets.size() != problem.buffers.size())
    return "expected " + std::to_string(problem.buffers.size()) + " offsets, got " +
           std::to_string(offsets.size());
  auto bytes = [&](size_t i) {
    return "[" + std::to_string(offsets[i]) + ", " +
           std::to_string(offsets[i] + problem.paddedSize(problem.buffers[i])) + ")";
  };
  int64_t top = 0;
  for (size_t i = 0; i < offsets.size(); ++i) {
    const Buffer &buffer = problem.buffers[i];
    int64_t size = problem.paddedSize(buffer);
    if (offsets[i] < 0 || offsets[i] > most - size)
      return name(buffer) +
             " has an offset outside the arena: " + std::to_string(offsets[i]);
    if (offsets[i] % problem.alignment != 0)
      return name(buffer) + " has offset " + std::to_string(offsets[i]) +
             ", which is not a multiple of the alignment " +
             std::to_string(problem.alignment);
    if (size > 0)
      top = std::max(top, offsets[i] + size);
  }
  if (top != peak)
    return "the stated peak is " + std::to_string(peak) +
           " bytes, but the offsets reach " + std::to_string(top);

  // Live buffers never overlap as long as each newborn clears its two
  // neighbours by offset, so an ordered map is all the judge needs.
  std::map<int64_t, size_t> live;
  for (const Event &event : sweepEvents(problem)) {
    size_t i = event.buffer;
    if (!event.birth) {
      live.erase(offsets[i]);
      continue;
    }
    auto clash = [&](size_t other) {
      const Buffer &a = problem.buffers[other], &b = problem.buffers[i];
      return name(a) + " (live " + lifetime(a) + ", bytes " + bytes(other) +
             ") overlaps " + name(b) + " (live " + lifetime(b) + ", bytes " + bytes(i) +
             ")";
    };
    auto [it, inserted] = live.emplace(offsets[i], i);
    if (!inserted)
      return clash(it->second);
    if (auto next = std::next(it);
        next != live.end() &&
        next->first < offsets[i] + problem.paddedSize(problem.buffers[i]))
      return clash(next->second);
    if (it != live.begin()) {
      size_t below = std::prev(it)->second;
      if (offsets[below] + problem.paddedSize(problem.buffers[below]) > offsets[i])
        return clash(below);
    }
  }
  if (problem.capacity && peak > *problem.capacity)
    return "the peak of " + std::to_string(peak) + " bytes exceeds the capacity of " +
           std::to_string(*problem.capacity);
  return std::nullopt;
}

} // namespace train::planning
