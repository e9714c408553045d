// Formatting of messages. See Text.h.
#include "train/rt/Text.h"

#include <cstdarg>
#include <cstdio>
#include <system_error>

namespace train::rt {

std::string format(const char *pattern, ...) {
  va_list arguments, again;
  va_start(arguments, pattern);
  va_copy(again, arguments);
  int length = std::vsnprintf(nullptr, 0, pattern, arguments);
  va_end(arguments);
  std::string text(length > 0 ? length : 0, '\0');
  std::vsnprintf(text.data(), text.size() + 1, pattern, again);
  va_end(again);
  return text;
}

std::string formatDuration(double seconds) {
  auto whole = (long long)(seconds < 0 ? 0 : seconds + 0.5);
  if (whole < 60)
    return format("%llds", whole);
  if (whole < 3600)
    return format("%lldm%02llds", whole / 60, whole % 60);
  if (whole < 86400)
    return format("%lldh%02lldm", whole / 3600, whole / 60 % 60);
  return format("%lldd%02lldh", whole / 86400, whole / 3600 % 24);
}

std::string formatShape(const int64_t *shape, size_t rank) {
  std::string text = "[";
  for (size_t i = 0; i < rank; ++i)
    text += format(i ? ",%lld" : "%lld", (long long)shape[i]);
  return text + "]";
}

std::string formatList(const std::vector<std::string> &names, size_t limit) {
  std::string text;
  for (size_t i = 0; i < names.size() && i < limit; ++i)
    text += (i ? ", " : "") + printable(names[i]);
  if (names.size() > limit)
    text += format(" and %zu more", names.size() - limit);
  return text;
}

std::string errnoText(int error) { return std::generic_category().message(error); }

std::string printable(std::string_view text) {
  std::string out;
  for (unsigned char byte : text) {
    if (byte >= 0x20 && byte < 0x7f)
      out += char(byte);
    else
      out += format("\\x%02x", byte);
  }
  return out;
}

} // namespace train::rt
