// Reader and writer of safetensors. The header is read event by event: no tree is built,
// so neither depth nor size of a hostile header costs more than its bytes. See
// Safetensors.h.
#include "train/rt/Safetensors.h"

#include "train/rt/Text.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

namespace train::rt {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t maximumHeaderBytes = 100'000'000;
constexpr size_t maximumRank = 32;
constexpr uint64_t dataAlignment = 64;

const struct {
  const char *name;
  Scalar type;
} typeTable[] = {
    {"BOOL", Scalar::Bool}, {"U8", Scalar::U8},   {"I8", Scalar::I8},
    {"U16", Scalar::U16},   {"I16", Scalar::I16}, {"U32", Scalar::U32},
    {"I32", Scalar::I32},   {"U64", Scalar::U64}, {"I64", Scalar::I64},
    {"F16", Scalar::F16},   {"F32", Scalar::F32}, {"F64", Scalar::F64},
    {"BF16", Scalar::BF16},
};

std::optional<Scalar> typeFromName(const std::string &name) {
  for (const auto &entry : typeTable)
    if (entry.name == name)
      return entry.type;
  return std::nullopt;
}

const char *nameOfType(Scalar type) {
  for (const auto &entry : typeTable)
    if (entry.type == type)
      return entry.name;
  return "";
}

// Where the header says a tensor lies, before the data is looked at.
struct Entry {
  std::optional<Scalar> type;
  std::optional<std::vector<int64_t>> shape;
  std::vector<uint64_t> offsets;
  bool hasOffsets = false;
};

// Accepts exactly {NAME: {"dtype": S, "shape": [N...], "data_offsets": [N, N]}...,
// "__metadata__": {S: S...}}. Returning false ends the parse; `error` says why.
class HeaderHandler : public nlohmann::json_sax<Json> {
public:
  std::map<std::string, Entry> entries;
  std::map<std::string, std::string> metadata;
  std::string error;

  bool start_object(size_t) override {
    if (depth == 0 || (depth == 1 && !inField)) {
      ++depth;
      return true;
    }
    return fail("unexpected object");
  }
  bool end_object() override {
    --depth;
    if (depth == 1 && !inMetadata) {
      const Entry &entry = entries[name];
      if (!entry.type || !entry.shape || !entry.hasOffsets)
        return fail("dtype, shape or data_offsets is missing");
    }
    inMetadata = false;
    return true;
  }
  bool key(string_t &text) override {
    if (depth == 1) {
      name = text;
      inMetadata = name == "__metadata__";
      if (inMetadata ? metadataSeen : !entries.emplace(name, Entry()).second)
        return fail("name appears twice");
      metadataSeen |= inMetadata;
      return true;
    }
    field = text;
    if (inMetadata)
      return metadata.emplace(field, "").second || fail("metadata key appears twice");
    const Entry &entry = entries[name];
    if ((field == "dtype" && entry.type) || (field == "shape" && entry.shape) ||
        (field == "data_offsets" && entry.hasOffsets))
      return fail("field '" + field + "' appears twice");
    if (field != "dtype" && field != "shape" && field != "data_offsets")
      return fail("unknown field '" + printable(field) + "'");
    return true;
  }
  bool string(string_t &text) override {
    if (depth != 2)
      return fail("unexpected string");
    if (inMetadata) {
      metadata[field] = text;
      return true;
    }
    if (field != "dtype")
      return fail("'" + field + "' is a string");
    entries[name].type = typeFromName(text);
    return entries[name].type || fail("dtype '" + printable(text) + "' is not supported");
  }
  bool start_array(size_t) override {
    if (depth != 2 || inMetadata || inField || field == "dtype")
      return fail("unexpected array");
    inField = true;
    if (field == "shape")
      entries[name].shape.emplace();
    else
      entries[name].hasOffsets = true;
    return true;
  }
  bool end_array() override {
    inField = false;
    if (field == "data_offsets" && entries[name].offsets.size() != 2)
      return fail("data_offsets needs two numbers");
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (!inField)
      return fail("unexpected number");
    Entry &entry = entries[name];
    if (field == "shape") {
      if (value > INT64_MAX)
        return fail("dimension exceeds 63 bits");
      if (entry.shape->size() == maximumRank)
        return fail(format("more than %zu dimensions", maximumRank));
      entry.shape->push_back(int64_t(value));
    } else {
      if (entry.offsets.size() == 2)
        return fail("data_offsets needs two numbers");
      entry.offsets.push_back(value);
    }
    return true;
  }
  bool number_integer(number_integer_t) override { return fail("negative number"); }
  bool number_float(number_float_t, const string_t &) override {
    return fail("number that is not an integer");
  }
  bool null() override { return fail("unexpected null"); }
  bool boolean(bool) override { return fail("unexpected boolean"); }
  bool binary(binary_t &) override { return fail("unexpected binary value"); }
  bool parse_error(size_t position, const std::string &,
                   const nlohmann::detail::exception &) override {
    if (error.empty())
      error = format("byte %zu: the header is not valid JSON", position + 7);
    return false;
  }

private:
  bool fail(const std::string &what) {
    error =
        (depth == 0 || name.empty() ? "header: " : "tensor '" + printable(name) + "': ") +
        what;
    return false;
  }
  int depth = 0;
  bool inField = false, inMetadata = false, metadataSeen = false;
  std::string name, field;
};

Status wrong(const std::string &what) { return Status::error(ErrorKind::Data, what); }

Status checkEntry(const std::string &name, const Entry &entry, uint64_t dataBytes) {
  std::string what = "tensor '" + printable(name) + "'";
  uint64_t begin = entry.offsets[0], end = entry.offsets[1];
  if (begin > end || end > dataBytes)
    return wrong(format("%s: bytes %llu to %llu of %llu", what.c_str(),
                        (unsigned long long)begin, (unsigned long long)end,
                        (unsigned long long)dataBytes));
  uint64_t elements, bytes;
  if (!elementCount(entry.shape->data(), entry.shape->size(), elements) ||
      !checkedMultiply(elements, scalarBytes(*entry.type), bytes) || bytes != end - begin)
    return wrong(format("%s: shape %s of %s does not have %llu bytes", what.c_str(),
                        formatShape(*entry.shape).c_str(), nameOfType(*entry.type),
                        (unsigned long long)(end - begin)));
  return Status::success();
}

// Ranges in order of their begin must follow each other from 0 to the end.
Status checkCover(const std::map<std::string, Entry> &entries, uint64_t dataBytes) {
  std::vector<std::pair<std::pair<uint64_t, uint64_t>, const std::string *>> ranges;
  for (const auto &[name, entry] : entries)
    ranges.push_back({{entry.offsets[0], entry.offsets[1]}, &name});
  std::sort(ranges.begin(), ranges.end());
  uint64_t at = 0;
  for (const auto &[range, name] : ranges) {
    if (range.first != at)
      return wrong(format("tensor '%s' begins at byte %llu of the data, expected %llu "
                          "(%s)",
                          printable(*name).c_str(), (unsigned long long)range.first,
                          (unsigned long long)at, range.first < at ? "overlap" : "gap"));
    at = range.second;
  }
  if (at != dataBytes)
    return wrong(format("tensors end at byte %llu of %llu of the data",
                        (unsigned long long)at, (unsigned long long)dataBytes));
  return Status::success();
}

Status parseFile(Safetensors &out) {
  uint64_t bytes = out.file.size(), length = 0;
  if (bytes < 8)
    return wrong(format("byte 0: %llu bytes are too few for the length of the header",
                        (unsigned long long)bytes));
  TRAIN_RT_RETURN_IF_ERROR(out.file.read(&length, 0, 8));
  if (length > maximumHeaderBytes || length > bytes - 8)
    return wrong(format("byte 0: header of %llu bytes, %llu follow (at most %llu are "
                        "accepted)",
                        (unsigned long long)length, (unsigned long long)(bytes - 8),
                        (unsigned long long)maximumHeaderBytes));
  std::string header(size_t(length), '\0');
  TRAIN_RT_RETURN_IF_ERROR(out.file.read(header.data(), 8, length));
  if (length == 0 || header[0] != '{')
    return wrong("byte 8: the header does not start with '{'");
  HeaderHandler handler;
  if (!Json::sax_parse(header.begin(), header.end(), &handler))
    return wrong(handler.error);
  uint64_t dataBytes = bytes - 8 - length;
  for (const auto &[name, entry] : handler.entries)
    TRAIN_RT_RETURN_IF_ERROR(checkEntry(name, entry, dataBytes));
  TRAIN_RT_RETURN_IF_ERROR(checkCover(handler.entries, dataBytes));
  for (const auto &[name, entry] : handler.entries)
    out.tensors[name] = {*entry.type, *entry.shape, 8 + length + entry.offsets[0],
                         entry.offsets[1] - entry.offsets[0]};
  out.metadata = std::move(handler.metadata);
  return Status::success();
}

} // namespace

Result<Safetensors> readSafetensors(const std::string &path) {
  Result<InputFile> file = InputFile::open(path);
  if (!file)
    return file.takeStatus();
  Safetensors out;
  out.file = std::move(*file);
  Status status = parseFile(out);
  if (!status.ok())
    return std::move(status).context("'" + printable(path) + "'");
  return out;
}

Status readTensor(const Safetensors &file, const std::string &name,
                  const FileTensor &tensor, Scalar type, uint8_t *target) {
  if (tensor.type == type && type != Scalar::Bool)
    return file.file.read(target, tensor.offset, tensor.bytes);
  auto cannot = [&] {
    return Status::error(ErrorKind::Data,
                         format("tensor '%s' of %s cannot become %s",
                                printable(name).c_str(), scalarName(tensor.type),
                                scalarName(type)));
  };
  // Data may be counts that a model computes with. Weights of another kind are a mistake,
  // such as a quantized file whose scales are elsewhere.
  if (isFloat(tensor.type) != isFloat(type))
    return cannot();
  // In pieces: a file may be larger than what is left beside the arena.
  constexpr uint64_t pieceElements = 1 << 16;
  uint64_t width = scalarBytes(tensor.type), count = tensor.bytes / width;
  std::vector<uint8_t> piece(size_t(std::min(count, pieceElements) * width));
  for (uint64_t at = 0; at < count; at += pieceElements) {
    uint64_t now = std::min(count - at, pieceElements);
    TRAIN_RT_RETURN_IF_ERROR(
        file.file.read(piece.data(), tensor.offset + at * width, now * width));
    if (convertElements(tensor.type, piece.data(), type, target + at * scalarBytes(type),
                        size_t(now)) != now)
      return cannot();
  }
  return Status::success();
}

Status writeSafetensors(std::vector<TensorView> tensors,
                        const std::map<std::string, std::string> &metadata,
                        const ByteSink &sink) {
  std::sort(tensors.begin(), tensors.end(), [](const auto &a, const auto &b) {
    size_t widthA = scalarBytes(a.type), widthB = scalarBytes(b.type);
    return widthA != widthB ? widthA > widthB : a.name < b.name;
  });
  Json header = Json::object();
  if (!metadata.empty())
    header["__metadata__"] = metadata;
  // Ordered objects look names up one by one; this is the only place where thousands of
  // tensors would make that slow, so that entries are appended without a look.
  auto &object = header.get_ref<Json::object_t &>();
  uint64_t at = 0;
  for (const TensorView &tensor : tensors) {
    Json entry = {{"dtype", nameOfType(tensor.type)},
                  {"shape", tensor.shape},
                  {"data_offsets", {at, at + tensor.bytes}}};
    object.std::vector<Json::object_t::value_type,
                       Json::object_t::allocator_type>::emplace_back(tensor.name,
                                                                     std::move(entry));
    at += tensor.bytes;
  }
  // Names that are not UTF-8 cannot stand in JSON; they would come from the IR.
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.append((dataAlignment - (8 + text.size()) % dataAlignment) % dataAlignment, ' ');
  uint64_t length = text.size();
  TRAIN_RT_RETURN_IF_ERROR(sink(&length, sizeof(length)));
  TRAIN_RT_RETURN_IF_ERROR(sink(text.data(), text.size()));
  for (const TensorView &tensor : tensors)
    TRAIN_RT_RETURN_IF_ERROR(sink(tensor.data, tensor.bytes));
  return Status::success();
}

} // namespace train::rt
