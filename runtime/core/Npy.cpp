// NumPy's array files. The header is a Python dictionary literal with exactly three keys;
// this is a parser for that dictionary and nothing else, so that hostile files have
// nothing to play with. See ArrayFile.h.
#include "train/rt/ArrayFile.h"
#include "train/rt/Text.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace train::rt {
namespace {

// Headers are a few hundred bytes; NumPy itself refuses more than 10,000 by default.
constexpr uint64_t maximumHeaderBytes = 1 << 20;
constexpr size_t maximumRank = 32;

class HeaderParser {
public:
  HeaderParser(std::string_view text, uint64_t fileOffset)
      : text(text), fileOffset(fileOffset) {}

  Status parse(std::string &type, bool &fortran, std::vector<int64_t> &shape) {
    bool seen[3] = {};
    TRAIN_RT_RETURN_IF_ERROR(expect('{'));
    while (!accept('}')) {
      std::string key;
      TRAIN_RT_RETURN_IF_ERROR(parseString(key));
      TRAIN_RT_RETURN_IF_ERROR(expect(':'));
      int which = key == "descr"           ? 0
                  : key == "fortran_order" ? 1
                  : key == "shape"         ? 2
                                           : -1;
      if (which < 0 || seen[which])
        return wrong("unexpected key '" + printable(key) + "'");
      seen[which] = true;
      if (which == 0)
        TRAIN_RT_RETURN_IF_ERROR(parseString(type));
      else if (which == 1)
        TRAIN_RT_RETURN_IF_ERROR(parseBool(fortran));
      else
        TRAIN_RT_RETURN_IF_ERROR(parseShape(shape));
      if (!accept(',')) {
        TRAIN_RT_RETURN_IF_ERROR(expect('}'));
        break;
      }
    }
    skipSpace();
    if (at != text.size())
      return wrong("text after the dictionary");
    if (!seen[0] || !seen[1] || !seen[2])
      return wrong("descr, fortran_order or shape is missing");
    return Status::success();
  }

private:
  Status wrong(const std::string &what) const {
    return Status::error(
        ErrorKind::Data,
        format("byte %llu: %s", (unsigned long long)(fileOffset + at), what.c_str()));
  }
  void skipSpace() {
    while (at < text.size() && std::strchr(" \t\r\n", text[at]) && text[at])
      ++at;
  }
  bool accept(char c) {
    skipSpace();
    if (at >= text.size() || text[at] != c)
      return false;
    ++at;
    return true;
  }
  Status expect(char c) {
    return accept(c) ? Status::success() : wrong(format("expected '%c'", c));
  }
  Status parseString(std::string &out) {
    skipSpace();
    if (at >= text.size() || (text[at] != '\'' && text[at] != '"'))
      return wrong("expected a string");
    size_t end = text.find(text[at], at + 1);
    if (end == std::string_view::npos)
      return wrong("string without an end");
    out = std::string(text.substr(at + 1, end - at - 1));
    at = end + 1;
    return Status::success();
  }
  Status parseBool(bool &out) {
    skipSpace();
    for (bool value : {false, true}) {
      std::string_view word = value ? "True" : "False";
      if (text.substr(at, word.size()) == word) {
        at += word.size();
        out = value;
        return Status::success();
      }
    }
    return wrong("expected True or False");
  }
  Status parseShape(std::vector<int64_t> &shape) {
    TRAIN_RT_RETURN_IF_ERROR(expect('('));
    while (!accept(')')) {
      int64_t value = 0;
      size_t begin = at;
      for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, text[at] - '0', &value))
          return wrong("dimension exceeds 64 bits");
      if (at == begin)
        return wrong("expected a dimension");
      if (shape.size() == maximumRank)
        return wrong(format("more than %zu dimensions", maximumRank));
      shape.push_back(value);
      if (!accept(',')) {
        TRAIN_RT_RETURN_IF_ERROR(expect(')'));
        break;
      }
      skipSpace();
    }
    return Status::success();
  }

  std::string_view text;
  uint64_t fileOffset;
  size_t at = 0;
};

Status wrongAt(uint64_t byte, const std::string &what) {
  return Status::error(ErrorKind::Data,
                       format("byte %llu: %s", (unsigned long long)byte, what.c_str()));
}

bool typeFromName(std::string_view name, Scalar &type) {
  static const struct {
    std::string_view name;
    Scalar type;
  } table[] = {
      {"b1", Scalar::Bool}, {"u1", Scalar::U8},  {"i1", Scalar::I8},  {"u2", Scalar::U16},
      {"i2", Scalar::I16},  {"u4", Scalar::U32}, {"i4", Scalar::I32}, {"u8", Scalar::U64},
      {"i8", Scalar::I64},  {"f2", Scalar::F16}, {"f4", Scalar::F32}, {"f8", Scalar::F64},
  };
  for (const auto &entry : table) {
    if (entry.name == name) {
      type = entry.type;
      return true;
    }
  }
  return false;
}

} // namespace

Status readNpy(ArrayFile &array) {
  uint64_t bytes = array.file.size();
  uint8_t data[12] = {};
  TRAIN_RT_RETURN_IF_ERROR(
      array.file.read(data, 0, std::min<uint64_t>(bytes, sizeof(data))));
  if (bytes < 10 || std::memcmp(data, "\x93NUMPY", 6) != 0)
    return wrongAt(0, "not a .npy file");
  unsigned version = data[6];
  if (version < 1 || version > 3 || data[7] != 0)
    return wrongAt(
        6, format("version %u.%u, only 1.0 to 3.0 are supported", version, data[7]));
  uint64_t start = version == 1 ? 10 : 12, length = 0;
  if (bytes < start)
    return wrongAt(bytes, "truncated header");
  std::memcpy(&length, data + 8, version == 1 ? 2 : 4);
  if (length > maximumHeaderBytes || length > bytes - start)
    return wrongAt(8,
                   format("header of %llu bytes, %llu follow", (unsigned long long)length,
                          (unsigned long long)(bytes - start)));

  std::string header(size_t(length), '\0'), type;
  TRAIN_RT_RETURN_IF_ERROR(array.file.read(header.data(), start, length));
  bool fortran = false;
  array.shape.clear();
  HeaderParser parser(header, start);
  TRAIN_RT_RETURN_IF_ERROR(parser.parse(type, fortran, array.shape));
  // One byte has no order, which NumPy writes as '|'.
  bool swapped = type.size() == 3 && type[0] == '>' && type[2] != '1';
  bool known = type.size() == 3 && std::strchr("<|>=", type[0]) && type[0] != '\0' &&
               typeFromName(std::string_view(type).substr(1), array.type);
  if (!known || swapped)
    return wrongAt(start, format("element type '%s' is not supported (expected a "
                                 "little-endian bool, integer or float)",
                                 printable(type).c_str()));
  if (fortran && array.shape.size() > 1)
    return wrongAt(start, "Fortran order is not supported, save the array in C order");

  uint64_t expected;
  if (!elementCount(array.shape.data(), array.shape.size(), array.elements) ||
      !checkedMultiply(array.elements, scalarBytes(array.type), expected) ||
      expected != bytes - start - length)
    return wrongAt(start + length,
                   format("shape %s of %s does not fit the %llu bytes of data",
                          formatShape(array.shape).c_str(), scalarName(array.type),
                          (unsigned long long)(bytes - start - length)));
  array.format = ArrayFile::Format::Npy;
  array.offset = start + length;
  return Status::success();
}

} // namespace train::rt
