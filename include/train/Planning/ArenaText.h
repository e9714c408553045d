//===- ArenaText.h - arena problems and solutions as CSV ------------------===//
//
// The text form that MiniMalloc's published instances use: a header line naming
// the columns `id,lower,upper,size` in any order, one buffer a line. A solution
// is the same with a column `offset`. So instances from elsewhere can be solved
// here, ours elsewhere, and a bad plan can be written down and judged.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_PLANNING_ARENATEXT_H
#define TRAIN_PLANNING_ARENATEXT_H

#include "train/Planning/ArenaProblem.h"

#include <string_view>

namespace train::planning {

struct ArenaText {
  ArenaProblem problem;
  /// One per buffer, where the text has a column `offset`.
  std::optional<std::vector<int64_t>> offsets;
};

/// Reads a problem that checks, or a solution to one. On malformed text returns
/// nothing and sets `error` to one sentence with the line number: a missing,
/// repeated or unsupported column, a wrong number of fields, a field that is not
/// a number or overflows, an id that is empty or used twice, an empty lifetime, a
/// negative size, no text at all, or a line beyond 64 KiB.
std::optional<ArenaText> parseArena(std::string_view text, std::string &error);

/// The columns `id,lower,upper,size,offset`, in the problem's order.
std::string printArena(const ArenaProblem &problem, const std::vector<int64_t> &offsets);

} // namespace train::planning

#endif // TRAIN_PLANNING_ARENATEXT_H
