// The manifest of a checkpoint. See Manifest.h; the fields are in docs/checkpoints.md.
#include "train/rt/Manifest.h"

#include "train/rt/File.h"
#include "train/rt/Text.h"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>
#include <zlib.h>

namespace train::rt {
namespace {

using Json = nlohmann::json;

constexpr int formatVersion = 1;
constexpr uint64_t maximumBytes = 1 << 20;
constexpr int maximumDepth = 8;

std::string checksum(const Json &fields) {
  std::string text = fields.dump(-1, ' ', false, Json::error_handler_t::replace);
  return format("%08x", uint32_t(crc32_z(0, reinterpret_cast<const Bytef *>(text.data()),
                                         text.size())));
}

// Whether brackets nest deeper than a manifest's can; serializing such a value again for
// its checksum would use the stack for each level.
bool nestedTooDeep(std::string_view text) {
  int depth = 0;
  bool inString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (inString) {
      i += c == '\\';
      inString = c != '"';
    } else if (c == '"') {
      inString = true;
    } else if (c == '{' || c == '[') {
      if (++depth > maximumDepth)
        return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

// Reads fields one by one; the first that is missing or of another type is remembered.
class Reader {
public:
  explicit Reader(const Json &object) : object(object) {}
  std::string wrong;

  template <typename T> T get(const char *name) {
    auto found = object.find(name);
    bool fits = false;
    if (found != object.end()) {
      if constexpr (std::is_same_v<T, std::string>)
        fits = found->is_string();
      else if constexpr (std::is_floating_point_v<T>)
        fits = found->is_number();
      else // all counts are non-negative
        fits = found->is_number_unsigned() &&
               found->template get<uint64_t>() <= uint64_t(std::numeric_limits<T>::max());
    }
    if (fits)
      return found->template get<T>();
    if (wrong.empty())
      wrong = name;
    return T();
  }
  Json child(const char *name) {
    auto found = object.find(name);
    if (found != object.end() && found->is_object())
      return *found;
    if (wrong.empty())
      wrong = name;
    return Json::object();
  }

private:
  const Json &object;
};

uint64_t parseHex(const std::string &text) {
  return std::strtoull(text.c_str(), nullptr, 16);
}

Status fieldError(const std::string &field) {
  return Status::error(ErrorKind::Data,
                       "field '" + field + "' is missing or of the wrong type");
}

Result<std::pair<Manifest, FileSums>> decode(std::string_view text) {
  auto wrong = [](const std::string &what) {
    return Status::error(ErrorKind::Data, what);
  };
  if (nestedTooDeep(text))
    return wrong("not a manifest");
  Json fields = Json::parse(text.begin(), text.end(), nullptr, false);
  if (!fields.is_object())
    return wrong("not valid JSON");
  Reader reader(fields);
  std::string stored = reader.get<std::string>("crc32");
  int version = reader.get<int>("format");
  if (!reader.wrong.empty())
    return fieldError(reader.wrong);
  if (version != formatVersion)
    return wrong(format("format %d, expected %d", version, formatVersion));
  fields.erase("crc32");
  if (checksum(fields) != stored)
    return wrong("its checksum is " + checksum(fields) + ", it says " +
                 printable(stored));

  Manifest manifest;
  manifest.model = reader.get<std::string>("model");
  manifest.step = reader.get<int64_t>("step");
  manifest.position = reader.get<int64_t>("position");
  manifest.samples = reader.get<int64_t>("samples");
  manifest.seed = reader.get<uint64_t>("seed");
  auto order = orderFromName(reader.get<std::string>("order"));
  manifest.order = order.value_or(SampleOrder::Shuffled);
  manifest.fingerprint = parseHex(reader.get<std::string>("fingerprint"));
  Json scheduleFields = reader.child("schedule"), fileFields = reader.child("files");
  Reader schedule(scheduleFields);
  auto kind = scheduleFromName(schedule.get<std::string>("kind"));
  manifest.schedule.kind = kind.value_or(ScheduleKind::Constant);
  manifest.schedule.rate = schedule.get<double>("lr");
  manifest.schedule.minRate = schedule.get<double>("min_lr");
  manifest.schedule.warmupSteps = schedule.get<int64_t>("warmup_steps");
  manifest.schedule.steps = schedule.get<int64_t>("steps");
  if (!reader.wrong.empty() || !schedule.wrong.empty() || !kind || !order)
    return fieldError(!reader.wrong.empty()     ? reader.wrong
                      : !schedule.wrong.empty() ? "schedule." + schedule.wrong
                      : !kind                   ? "schedule.kind"
                                                : "order");
  FileSums sums;
  for (const auto &[name, value] : fileFields.items()) {
    if (!value.is_object())
      return fieldError("files." + printable(name));
    Reader file(value);
    sums[name] = {file.get<uint64_t>("bytes"),
                  uint32_t(parseHex(file.get<std::string>("crc32")))};
    if (!file.wrong.empty())
      return fieldError("files." + printable(name) + "." + file.wrong);
  }
  return std::make_pair(std::move(manifest), std::move(sums));
}

} // namespace

Status writeManifest(const std::string &path, const Manifest &manifest,
                     const FileSums &sums) {
  const Schedule &schedule = manifest.schedule;
  Json fields = {
      {"format", formatVersion},
      {"model", manifest.model},
      {"step", uint64_t(manifest.step)},
      {"position", uint64_t(manifest.position)},
      {"samples", uint64_t(manifest.samples)},
      {"seed", manifest.seed},
      {"order", orderName(manifest.order)},
      {"fingerprint", format("%016llx", (unsigned long long)manifest.fingerprint)},
      {"schedule",
       {{"kind", scheduleName(schedule.kind)},
        {"lr", schedule.rate},
        {"min_lr", schedule.minRate},
        {"warmup_steps", uint64_t(schedule.warmupSteps)},
        {"steps", uint64_t(schedule.steps)}}},
      {"files", Json::object()}};
  for (const auto &[name, sum] : sums)
    fields["files"][name] = {{"bytes", sum.bytes}, {"crc32", format("%08x", sum.crc)}};
  fields["crc32"] = checksum(fields);

  Result<File> file = File::create(path);
  if (!file)
    return file.takeStatus();
  TRAIN_RT_RETURN_IF_ERROR(
      file->write(fields.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"));
  TRAIN_RT_RETURN_IF_ERROR(file->sync());
  return file->close();
}

Result<std::pair<Manifest, FileSums>> readManifest(const std::string &path) {
  Result<InputFile> file = InputFile::open(path);
  if (!file)
    return file.takeStatus();
  Result<std::string> text = file->readAll(maximumBytes);
  if (!text)
    return text.takeStatus();
  auto decoded = decode(*text);
  if (!decoded)
    return decoded.takeStatus().context("'" + printable(path) + "'");
  return decoded;
}

} // namespace train::rt
