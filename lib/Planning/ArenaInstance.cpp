//===- ArenaInstance.cpp - compress time, split where nothing lives -------===//
//
// One sweep over births and deaths. A section begins at the first birth after
// a death; a part ends where nothing is left alive.
//
//===----------------------------------------------------------------------===//
#include "ArenaInstance.h"

#include <algorithm>
#include <tuple>

namespace train::planning {

std::vector<ArenaInstance> splitByTime(const ArenaProblem &problem) {
  // (position, is a birth, buffer): deaths sort before births at a position.
  std::vector<std::tuple<int64_t, bool, size_t>> events;
  events.reserve(problem.buffers.size() * 2);
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer &buffer = problem.buffers[i];
    if (buffer.size == 0)
      continue;
    events.emplace_back(buffer.lower, true, i);
    events.emplace_back(buffer.upper, false, i);
  }
  std::sort(events.begin(), events.end());

  std::vector<ArenaInstance> parts;
  std::vector<size_t> itemOf(problem.buffers.size());
  int64_t live = 0;
  size_t alive = 0;
  bool died = true;
  for (auto [position, birth, i] : events) {
    int64_t size = problem.paddedSize(problem.buffers[i]);
    if (!birth) {
      parts.back().items[itemOf[i]].end = parts.back().sections();
      live -= size;
      --alive;
      died = true;
      continue;
    }
    if (alive == 0)
      parts.emplace_back();
    ArenaInstance &part = parts.back();
    if (died)
      part.load.push_back(live);
    died = false;
    live += size;
    ++alive;
    part.load.back() = live;
    part.lowerBound = std::max(part.lowerBound, live);
    itemOf[i] = part.items.size();
    part.items.push_back({part.sections() - 1, part.sections(), size, i,
                          static_cast<uint64_t>(problem.buffers[i].upper) -
                              static_cast<uint64_t>(problem.buffers[i].lower)});
  }
  return parts;
}

} // namespace train::planning
