//===- MemoryPage.cpp - a memory report to look at --------------------------===//
//
// Puts the report, as columns of numbers and a table of strings, into the page that
// stands beside this file. At a hundred thousand buffers it stays below 20 MB.
//
//===----------------------------------------------------------------------===//
#include "train/Analysis/MemoryPage.h"

#include "MemoryPageText.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FormatVariadic.h"

using namespace train;
using llvm::StringRef;
namespace json = llvm::json;

namespace {

/// Strings by number, each once.
class Strings {
public:
  int64_t add(StringRef text) {
    auto [it, inserted] = numbers.try_emplace(text, strings.size());
    // A location may come from a plugin's parser; JSON knows UTF-8 only.
    if (inserted)
      strings.push_back(json::fixUTF8(text));
    return it->second;
  }
  json::Array take() { return std::move(strings); }

private:
  llvm::StringMap<int64_t> numbers;
  json::Array strings;
};

json::Object encodeBuffers(const MemoryReport &report, Strings &strings) {
  json::Array name, location, category, shape, bytes, offset, first, last, uses, usesEnd,
      recompute;
  for (auto [i, buffer] : llvm::enumerate(report.buffers)) {
    name.push_back(strings.add(buffer.name));
    location.push_back(strings.add(buffer.location));
    category.push_back(static_cast<int64_t>(buffer.category));
    shape.push_back(strings.add(buffer.shape));
    bytes.push_back(buffer.bytes);
    offset.push_back(buffer.offset);
    first.push_back(buffer.firstUse);
    last.push_back(buffer.lastUse);
    for (int64_t use : buffer.uses)
      uses.push_back(use);
    usesEnd.push_back(static_cast<int64_t>(uses.size()));
    if (buffer.recompute)
      recompute.push_back(
          json::Array{static_cast<int64_t>(i), buffer.recompute->seconds * 1e3});
  }
  return json::Object{
      {"name", std::move(name)},          {"location", std::move(location)},
      {"category", std::move(category)},  {"shape", std::move(shape)},
      {"bytes", std::move(bytes)},        {"offset", std::move(offset)},
      {"first", std::move(first)},        {"last", std::move(last)},
      {"uses", std::move(uses)},          {"uses_end", std::move(usesEnd)},
      {"recompute", std::move(recompute)}};
}

json::Object encodeOps(const MemoryReport &report, Strings &strings) {
  json::Array name, location, shape, milliseconds, recomputed;
  for (auto [position, op] : llvm::enumerate(report.ops)) {
    name.push_back(strings.add(op.name));
    location.push_back(strings.add(op.location));
    shape.push_back(strings.add(op.shape));
    // To the nanosecond: shorter to write than all digits.
    milliseconds.push_back(
        static_cast<double>(static_cast<int64_t>(op.cost.seconds * 1e9)) / 1e6);
    if (op.recomputed)
      recomputed.push_back(static_cast<int64_t>(position));
  }
  return json::Object{{"name", std::move(name)},
                      {"location", std::move(location)},
                      {"shape", std::move(shape)},
                      {"ms", std::move(milliseconds)},
                      {"recomputed", std::move(recomputed)}};
}

std::string encode(const MemoryReport &report, StringRef title) {
  Strings strings;
  json::Array categories, programs;
  for (unsigned i = 0; i < kNumCategories; ++i)
    categories.push_back(getCategoryName(static_cast<Category>(i)));
  for (const MemoryReport::Program &program : report.programs)
    programs.push_back(json::Array{program.name, program.liveBytes});
  json::Object data{
      {"title", json::fixUTF8(title)},       {"program", report.peak.program},
      {"arena", report.peakBytes},           {"lower_bound", report.lowerBoundBytes},
      {"peak", report.peak.position},        {"programs", std::move(programs)},
      {"categories", std::move(categories)}, {"buffers", encodeBuffers(report, strings)},
      {"ops", encodeOps(report, strings)},   {"steps", json::Array(report.steps)}};
  data["strings"] = strings.take();
  std::string text = llvm::formatv("{0}", json::Value(std::move(data)));
  // Within a script element only "</script" and "<!--" mean anything. In JSON, "<" occurs
  // in strings alone, where it may be written like this.
  std::string safe;
  for (char c : text)
    if (c == '<')
      safe += "\\u003c";
    else
      safe += c;
  return safe;
}

} // namespace

void train::writeMemoryPage(const MemoryReport &report, StringRef title,
                            llvm::raw_ostream &os) {
  auto [beforeReport, rest] = StringRef(kMemoryPage).split("@REPORT@");
  auto [beforeScript, end] = rest.split("@SCRIPT@");
  os << beforeReport << encode(report, title) << beforeScript;
  for (StringRef script : kMemoryPageScripts)
    os << script;
  os << end;
}

void train::writeMemoryReport(const MemoryReport &report, StringRef title, StringRef file,
                              llvm::raw_ostream &os) {
  if (file.ends_with_insensitive(".html") || file.ends_with_insensitive(".htm"))
    writeMemoryPage(report, title, os);
  else
    os << llvm::formatv("{0:2}\n", json::Value(toJson(report)));
}
