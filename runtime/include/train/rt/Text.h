// Makes the pieces of messages: printf-style formatting into a string, and
// durations and names as people read them.
#ifndef TRAIN_RT_TEXT_H
#define TRAIN_RT_TEXT_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace train::rt {

/// snprintf into a string of the right length.
std::string format(const char *pattern, ...) __attribute__((format(printf, 1, 2)));

/// Seconds as "42s", "3m07s", "2h05m", "3d04h".
std::string formatDuration(double seconds);

/// "[4,64]"; a scalar is "[]".
std::string formatShape(const int64_t *shape, size_t rank);
inline std::string formatShape(const std::vector<int64_t> &shape) {
  return formatShape(shape.data(), shape.size());
}

/// The names joined with ", ", at most `limit` of them, then "and 12 more".
std::string formatList(const std::vector<std::string> &names, size_t limit = 10);

/// The description of an errno value.
std::string errnoText(int error);

/// Replaces control characters and bytes that are not ASCII by \xNN, so that names
/// that come from a file can stand in a message.
std::string printable(std::string_view text);

} // namespace train::rt

#endif // TRAIN_RT_TEXT_H
