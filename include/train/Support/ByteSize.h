//===- ByteSize.h - byte sizes as users write and read them ---------------===//
//
// One grammar for every option, file and report that names a number of bytes,
// so that `--memory-budget=1.5GiB` means the same in each tool. Header-only
// and without dependencies, because planner, driver and runtime all use it.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_SUPPORT_BYTESIZE_H
#define TRAIN_SUPPORT_BYTESIZE_H

#include <cstdint>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace train {

/// Bytes in one unit: KiB/MiB/GiB/TiB are powers of 1024, KB/MB/GB/TB powers of
/// 1000, "" and B one byte; letter case does not matter. Empty for any other.
inline std::optional<int64_t> byteUnit(std::string_view unit) {
  std::string lower;
  for (char c : unit)
    lower += (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
  if (lower.empty() || lower == "b")
    return 1;
  int64_t base = 0;
  if (lower.size() == 3 && lower.substr(1) == "ib")
    base = 1024;
  else if (lower.size() == 2 && lower[1] == 'b')
    base = 1000;
  switch (base ? lower[0] : '\0') {
  case 'k':
    return base;
  case 'm':
    return base * base;
  case 'g':
    return base * base * base;
  case 't':
    return base * base * base * base;
  default:
    return std::nullopt;
  }
}

/// Reads `4096`, `64KiB`, `1.5GiB` or `2 GB`. Six digits after
/// the point count, and what is not a whole number of bytes is rounded down. Empty for a
/// negative number, for anything that is not a size, and for 2^63 bytes or more.
inline std::optional<int64_t> parseByteSize(std::string_view text) {
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  size_t at = 0;
  int64_t whole = 0;
  bool digits = false;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    int64_t digit = text[at] - '0';
    if (whole > (most - digit) / 10)
      return std::nullopt;
    whole = whole * 10 + digit;
    digits = true;
  }
  size_t fractionBegin = at, fractionEnd = at;
  if (at < text.size() && text[at] == '.') {
    fractionBegin = ++at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9')
      ++at;
    fractionEnd = at;
    if (fractionBegin == fractionEnd)
      return std::nullopt;
    digits = true;
  }
  if (!digits)
    return std::nullopt;
  while (at < text.size() && text[at] == ' ')
    ++at;
  std::optional<int64_t> unit = byteUnit(text.substr(at));
  if (!unit || whole > most / *unit)
    return std::nullopt;
  // Integer arithmetic, so that 0.1GiB is exact to the byte. Six digits times
  // 2^40 stay below 2^60; further digits are below a byte of a MiB.
  int64_t bytes = whole * *unit, scale = 1, fraction = 0;
  for (size_t i = fractionBegin; i < fractionEnd && scale < 1000000; ++i) {
    fraction = fraction * 10 + (text[i] - '0');
    scale *= 10;
  }
  int64_t extra = *unit * fraction / scale;
  if (bytes > most - extra)
    return std::nullopt;
  return bytes + extra;
}

/// `bytes` for people: exact below 1 KiB, else two decimals of the largest
/// binary unit that it fills, such as `1.50 GiB`.
inline std::string formatByteSize(int64_t bytes) {
  static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  int unit = -1;
  while (unit < 3 && (value >= 1024 || value <= -1024)) {
    value /= 1024;
    ++unit;
  }
  char text[64];
  if (unit < 0)
    std::snprintf(text, sizeof text, "%lld B", static_cast<long long>(bytes));
  else
    std::snprintf(text, sizeof text, "%.2f %s", value, units[unit]);
  return text;
}

} // namespace train

#endif // TRAIN_SUPPORT_BYTESIZE_H
