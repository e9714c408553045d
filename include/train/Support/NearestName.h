//===- NearestName.h - "did you mean" for names a user mistyped -----------===//
//
// Every place that rejects a name (options, subcommands, passes, dialect
// symbols) offers the nearest one it knows. Header-only and without
// dependencies, because planner, driver and runtime all use it.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_SUPPORT_NEARESTNAME_H
#define TRAIN_SUPPORT_NEARESTNAME_H

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace train {

/// Edit distance with insertions, deletions, substitutions and swaps of
/// neighbours each costing one (optimal string alignment).
inline size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> beforeLast, last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    beforeLast = last;
    last = row;
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], beforeLast[j - 2] + 1);
    }
  }
  return row[b.size()];
}

/// ASCII letters in lower case.
inline std::string lowerCase(std::string_view text) {
  std::string lower(text);
  for (char &c : lower)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

/// The name closest to `word`, whatever the case of letters, the first of equals; empty
/// when none is near, that is, within a third of the length of the longer of the two.
inline std::string nearestName(std::string_view word,
                               const std::vector<std::string> &names) {
  // A word far longer than any name cannot be a slip; not measuring it keeps
  // a megabyte of garbage on a command line from costing a quadratic table.
  constexpr size_t longestWord = 256;
  if (word.empty() || word.size() > longestWord)
    return "";
  std::string best, lower = lowerCase(word);
  size_t bestDistance = longestWord;
  for (const std::string &name : names) {
    if (name.size() > longestWord)
      continue;
    size_t distance = editDistance(lower, lowerCase(name));
    size_t allowed = std::max<size_t>(1, std::max(word.size(), name.size()) / 3);
    if (distance < name.size() && distance <= allowed && distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/// The end of a message about an unknown name: ", did you mean 'NAME'?" where one of
/// `names` is near, else `otherwise`.
inline std::string didYouMean(std::string_view word,
                              const std::vector<std::string> &names,
                              std::string_view otherwise = "") {
  std::string near = nearestName(word, names);
  return near.empty() ? std::string(otherwise) : ", did you mean '" + near + "'?";
}

} // namespace train

#endif // TRAIN_SUPPORT_NEARESTNAME_H
