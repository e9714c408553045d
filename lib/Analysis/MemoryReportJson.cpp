//===- MemoryReportJson.cpp - the report's file, both ways ------------------===//
//
// Written by the compiler, read by whoever compares. A file that is read may come from
// anywhere: whatever is wrong with it is an error that says where.
//
//===----------------------------------------------------------------------===//
#include "train/Analysis/MemoryReport.h"
#include "train/Support/JsonDepth.h"

using namespace train;
namespace json = llvm::json;

namespace {

// What a file may claim of one number, and of all buffers together: sums stay within 64
// bits.
constexpr int64_t kMostBytes = int64_t(1) << 50;
constexpr int64_t kMostInAll = int64_t(1) << 60;

std::optional<Category> parseCategory(llvm::StringRef name) {
  for (unsigned i = 0; i < kNumCategories; ++i)
    if (getCategoryName(static_cast<Category>(i)) == name)
      return static_cast<Category>(i);
  return std::nullopt;
}

bool readBytes(const json::Value &value, int64_t &bytes, json::Path path) {
  if (!json::fromJSON(value, bytes, path))
    return false;
  if (bytes >= 0 && bytes <= kMostBytes)
    return true;
  path.report("expected a number of bytes, at least 0 and at most 2^50");
  return false;
}

/// A field of `object` that counts bytes.
bool mapBytes(const json::Object &object, llvm::StringRef name, int64_t &bytes,
              json::Path path) {
  if (const json::Value *value = object.get(name))
    return readBytes(*value, bytes, path.field(name));
  path.field(name).report("missing value");
  return false;
}

json::Object costJson(const MemoryReport::Cost &cost) {
  return json::Object{
      {"flops", cost.flops}, {"bytes", cost.bytes}, {"seconds", cost.seconds}};
}

} // namespace

namespace train {

static bool fromJSON(const json::Value &value, MemoryReport::Cost &cost,
                     json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("flops", cost.flops) && map.map("bytes", cost.bytes) &&
         map.map("seconds", cost.seconds) && map.mapOptional("ops", cost.ops);
}

static bool fromJSON(const json::Value &value, MemoryReport::Program &program,
                     json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("name", program.name) &&
         mapBytes(*value.getAsObject(), "live_bytes", program.liveBytes, path);
}

static bool fromJSON(const json::Value &value, MemoryReport::Peak &peak,
                     json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("program", peak.program) && map.map("position", peak.position) &&
         map.map("op", peak.op) && map.map("location", peak.location) &&
         mapBytes(*value.getAsObject(), "live_bytes", peak.liveBytes, path);
}

static bool fromJSON(const json::Value &value, MemoryReport::Buffer &buffer,
                     json::Path path) {
  json::ObjectMapper map(value, path);
  std::string category;
  if (!map || !map.map("name", buffer.name) || !map.map("location", buffer.location) ||
      !map.map("category", category) ||
      !mapBytes(*value.getAsObject(), "bytes", buffer.bytes, path) ||
      !mapBytes(*value.getAsObject(), "offset", buffer.offset, path) ||
      !map.map("first_use", buffer.firstUse) || !map.map("last_use", buffer.lastUse) ||
      !map.mapOptional("shape", buffer.shape) || !map.mapOptional("uses", buffer.uses) ||
      !map.mapOptional("recompute", buffer.recompute) ||
      !map.mapOptional("encoded", buffer.encoded))
    return false;
  if (std::optional<Category> known = parseCategory(category)) {
    buffer.category = *known;
    return true;
  }
  path.field("category").report("unknown category");
  return false;
}

static bool fromJSON(const json::Value &value, MemoryReport::Op &op, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("name", op.name) && map.map("location", op.location) &&
         map.map("shape", op.shape) && map.map("times", op.times) &&
         map.map("recomputed", op.recomputed) && map.mapOptional("decodes", op.decodes) &&
         fromJSON(value, op.cost, path);
}

static bool readSpaces(const json::Object &object,
                       std::vector<MemoryReport::Space> &spaces, json::Path path) {
  const json::Object *all = object.getObject("spaces");
  if (!all) {
    path.field("spaces").report("expected object");
    return false;
  }
  for (llvm::StringRef name : {"device", "host", "file"}) {
    const json::Object *space = all->getObject(name);
    if (!space)
      continue;
    // A path points to the one it was made from.
    json::Path parent = path.field("spaces"), inner = parent.field(name);
    spaces.push_back({name.str()});
    if (!mapBytes(*space, "peak_bytes", spaces.back().peakBytes, inner) ||
        !mapBytes(*space, "lower_bound_bytes", spaces.back().lowerBoundBytes, inner))
      return false;
  }
  return true;
}

static bool readCategories(const json::Object &object, MemoryReport &report,
                           json::Path path) {
  const json::Object *categories = object.getObject("by_category");
  if (!categories) {
    path.field("by_category").report("expected object");
    return false;
  }
  for (const auto &[name, value] : *categories) {
    std::optional<Category> category = parseCategory(name);
    json::Path parent = path.field("by_category"), inner = parent.field(name);
    if (!category) {
      inner.report("unknown category");
      return false;
    }
    if (!readBytes(value, report.byCategory[static_cast<unsigned>(*category)], inner))
      return false;
  }
  return true;
}

// Positions index `steps` and `ops`.
static bool checkPositions(const MemoryReport &report, json::Path path) {
  int64_t end = report.steps.size();
  if (report.peak.position < 0 || report.peak.position >= end) {
    path.field("peak").field("position").report("is not a position of steps");
    return false;
  }
  if (!report.ops.empty() && static_cast<int64_t>(report.ops.size()) != end) {
    path.field("ops").report("expected as many as steps");
    return false;
  }
  int64_t inAll = 0;
  for (auto [i, buffer] : llvm::enumerate(report.buffers)) {
    json::Path parent = path.field("buffers"), inner = parent.index(i);
    if ((inAll += buffer.bytes) > kMostInAll) {
      inner.field("bytes").report(
          "expected all buffers together to be at most 2^60 bytes");
      return false;
    }
    if (buffer.firstUse < 0 || buffer.firstUse > buffer.lastUse ||
        buffer.lastUse >= end) {
      inner.field("last_use").report("is not a position of steps from first_use on");
      return false;
    }
    for (int64_t use : buffer.uses)
      if (use < 0 || use >= end) {
        inner.field("uses").report("is not a position of steps");
        return false;
      }
  }
  return true;
}

static bool fromJSON(const json::Value &value, MemoryReport &report, json::Path path) {
  json::ObjectMapper map(value, path);
  if (!map)
    return false;
  const json::Object &object = *value.getAsObject();
  return readSpaces(object, report.spaces, path) &&
         mapBytes(object, "peak_bytes", report.peakBytes, path) &&
         mapBytes(object, "lower_bound_bytes", report.lowerBoundBytes, path) &&
         map.map("programs", report.programs) && map.map("peak", report.peak) &&
         readCategories(object, report, path) && map.map("buffers", report.buffers) &&
         map.map("steps", report.steps) && map.mapOptional("ops", report.ops) &&
         checkPositions(report, path);
}

} // namespace train

json::Object train::toJson(const MemoryReport &report) {
  json::Object object, spaces, byCategory;
  for (const MemoryReport::Space &space : report.spaces)
    spaces[space.name] = json::Object{{"peak_bytes", space.peakBytes},
                                      {"lower_bound_bytes", space.lowerBoundBytes}};
  object["spaces"] = std::move(spaces);
  object["peak_bytes"] = report.peakBytes;
  object["lower_bound_bytes"] = report.lowerBoundBytes;
  object["outside_arena_bytes"] = nullptr;
  json::Array programs;
  for (const MemoryReport::Program &program : report.programs)
    programs.push_back(
        json::Object{{"name", program.name}, {"live_bytes", program.liveBytes}});
  object["programs"] = std::move(programs);
  if (report.steps.empty())
    return object;

  object["peak"] = json::Object{{"program", report.peak.program},
                                {"position", report.peak.position},
                                {"op", report.peak.op},
                                {"location", report.peak.location},
                                {"live_bytes", report.peak.liveBytes}};
  for (auto [i, bytes] : llvm::enumerate(report.byCategory))
    byCategory[getCategoryName(static_cast<Category>(i))] = bytes;
  object["by_category"] = std::move(byCategory);
  json::Array buffers;
  for (const MemoryReport::Buffer &buffer : report.buffers) {
    json::Object described{{"name", buffer.name},
                           {"location", buffer.location},
                           {"category", getCategoryName(buffer.category)},
                           {"shape", buffer.shape},
                           {"bytes", buffer.bytes},
                           {"offset", buffer.offset},
                           {"first_use", buffer.firstUse},
                           {"last_use", buffer.lastUse}};
    if (!buffer.uses.empty())
      described["uses"] = json::Array(buffer.uses);
    if (buffer.recompute) {
      json::Object recompute = costJson(*buffer.recompute);
      recompute["ops"] = buffer.recompute->ops;
      described["recompute"] = std::move(recompute);
    }
    if (buffer.encoded)
      described["encoded"] = *buffer.encoded;
    buffers.push_back(std::move(described));
  }
  object["buffers"] = std::move(buffers);
  object["steps"] = json::Array(report.steps);
  if (report.ops.empty())
    return object;
  json::Array ops;
  for (const MemoryReport::Op &op : report.ops) {
    json::Object described = costJson(op.cost);
    described["name"] = op.name;
    described["location"] = op.location;
    described["shape"] = op.shape;
    described["times"] = op.times;
    described["recomputed"] = op.recomputed;
    if (op.decodes)
      described["decodes"] = true;
    ops.push_back(std::move(described));
  }
  object["ops"] = std::move(ops);
  return object;
}

llvm::Expected<MemoryReport> train::parseMemoryReport(llvm::StringRef text) {
  if (isNestedDeeper(text))
    return llvm::createStringError("nested more than " + llvm::Twine(kDeepestJson) +
                                   " deep");
  llvm::Expected<json::Value> value = json::parse(text);
  if (!value)
    return value.takeError();
  MemoryReport report;
  json::Path::Root root("report");
  if (!fromJSON(*value, report, root))
    return root.getError();
  return report;
}
