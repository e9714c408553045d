//===- ArenaText.cpp - arena problems and solutions as CSV ----------------===//
//
// Columns that would change what a solution means (alignment, gaps, hints) are
// refused by name: silently ignoring one would give a plan for another problem.
//
//===----------------------------------------------------------------------===//
#include "train/Planning/ArenaText.h"

#include <array>
#include <charconv>
#include <unordered_map>

namespace train::planning {

namespace {

constexpr size_t longestLine = 65536;
enum Column { Id, Lower, Upper, Size, Offset, columnCount };
constexpr std::array<const char *, columnCount> columnNames = {"id", "lower", "upper",
                                                               "size", "offset"};

std::string_view trim(std::string_view text) {
  auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && blank(text.back()))
    text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> splitFields(std::string_view line) {
  std::vector<std::string_view> fields;
  while (true) {
    size_t comma = line.find(',');
    fields.push_back(trim(line.substr(0, comma)));
    if (comma == std::string_view::npos)
      return fields;
    line.remove_prefix(comma + 1);
  }
}

/// A piece of the input, safe to print: short, and without control characters.
std::string quote(std::string_view text) {
  constexpr size_t longest = 40;
  std::string shown = "'";
  for (char c : text.substr(0, longest))
    shown += (static_cast<unsigned char>(c) < 32 || c == 127) ? '?' : c;
  return shown + (text.size() > longest ? "...'" : "'");
}

class Parser {
public:
  Parser(std::string_view text, std::string &error) : text(text), error(error) {}

  std::optional<ArenaText> parse() {
    std::string_view row;
    if (!nextLine(row)) {
      if (error.empty())
        error = "the file is empty: expected a header line id,lower,upper,size";
      return std::nullopt;
    }
    if (!parseHeader(row))
      return std::nullopt;
    while (nextLine(row))
      if (!parseBuffer(row))
        return std::nullopt;
    if (!error.empty())
      return std::nullopt;
    if (std::optional<std::string> wrong = result.problem.check()) {
      error = *wrong;
      return std::nullopt;
    }
    return std::move(result);
  }

private:
  /// The next line that is not blank; false at the end or after an error.
  bool nextLine(std::string_view &row) {
    while (!text.empty()) {
      ++line;
      size_t length = std::min(text.find('\n'), text.size());
      row = text.substr(0, length);
      text.remove_prefix(std::min(length + 1, text.size()));
      if (row.size() > longestLine)
        return fail("has " + std::to_string(row.size()) + " bytes, the limit is " +
                    std::to_string(longestLine));
      if (!trim(row).empty())
        return true;
    }
    return false;
  }

  bool fail(const std::string &what) {
    error = "line " + std::to_string(line) + ": " + what;
    return false;
  }

  bool parseHeader(std::string_view row) {
    place.fill(-1);
    std::vector<std::string_view> fields = splitFields(row);
    for (size_t i = 0; i < fields.size(); ++i) {
      size_t column = 0;
      while (column < columnCount && fields[i] != columnNames[column])
        ++column;
      if (column == columnCount)
        return fail("column " + quote(fields[i]) +
                    " is not supported: expected id, lower, upper and size");
      if (place[column] >= 0)
        return fail("column " + quote(fields[i]) + " appears twice");
      place[column] = static_cast<int>(i);
    }
    for (Column column : {Id, Lower, Upper, Size})
      if (place[column] < 0)
        return fail(std::string("column '") + columnNames[column] +
                    "' is missing: expected id, lower, upper and size");
    width = fields.size();
    if (place[Offset] >= 0)
      result.offsets.emplace();
    return true;
  }

  bool parseNumber(std::string_view field, Column column, int64_t &value) {
    const char *end = field.data() + field.size();
    auto [stop, status] = std::from_chars(field.data(), end, value);
    if (status == std::errc::result_out_of_range)
      return fail(std::string(columnNames[column]) + " " + quote(field) +
                  " overflows 63 bits");
    if (status != std::errc() || stop != end)
      return fail(std::string(columnNames[column]) + " " + quote(field) +
                  " is not a whole number");
    return true;
  }

  bool parseBuffer(std::string_view row) {
    std::vector<std::string_view> fields = splitFields(row);
    if (fields.size() != width)
      return fail("expected " + std::to_string(width) + " fields, got " +
                  std::to_string(fields.size()));
    Buffer buffer;
    buffer.id = std::string(fields[place[Id]]);
    if (buffer.id.empty())
      return fail("the id is empty");
    if (auto [first, isNew] = lineOf.emplace(buffer.id, line); !isNew)
      return fail("id " + quote(buffer.id) + " is already used on line " +
                  std::to_string(first->second));
    if (!parseNumber(fields[place[Lower]], Lower, buffer.lower) ||
        !parseNumber(fields[place[Upper]], Upper, buffer.upper) ||
        !parseNumber(fields[place[Size]], Size, buffer.size))
      return false;
    if (buffer.lower >= buffer.upper)
      return fail("lower " + std::to_string(buffer.lower) + " is not less than upper " +
                  std::to_string(buffer.upper));
    if (buffer.size < 0)
      return fail("size " + std::to_string(buffer.size) + " is negative");
    if (result.offsets) {
      int64_t offset = 0;
      if (!parseNumber(fields[place[Offset]], Offset, offset))
        return false;
      result.offsets->push_back(offset);
    }
    result.problem.buffers.push_back(std::move(buffer));
    return true;
  }

  std::string_view text;
  std::string &error;
  size_t line = 0, width = 0;
  std::array<int, columnCount> place;
  std::unordered_map<std::string, size_t> lineOf;
  ArenaText result;
};

} // namespace

std::optional<ArenaText> parseArena(std::string_view text, std::string &error) {
  error.clear();
  return Parser(text, error).parse();
}

std::string printArena(const ArenaProblem &problem, const std::vector<int64_t> &offsets) {
  std::string text = "id,lower,upper,size,offset\n";
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer &buffer = problem.buffers[i];
    text += buffer.id + ',' + std::to_string(buffer.lower) + ',' +
            std::to_string(buffer.upper) + ',' + std::to_string(buffer.size) + ',' +
            std::to_string(offsets[i]) + '\n';
  }
  return text;
}

} // namespace train::planning
