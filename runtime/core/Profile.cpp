// The profile tables and the trace. See Profile.h.
#include "train/rt/Profile.h"

#include "train/rt/Text.h"

#include <algorithm>
#include <vector>

namespace train::rt {
namespace {

std::string jsonString(const char *text) {
  std::string out = "\"";
  for (const char *c = text; *c; ++c) {
    if (*c == '"' || *c == '\\')
      out += '\\';
    if ((unsigned char)*c >= 0x20)
      out += *c;
  }
  return out + "\"";
}

} // namespace

Status Profile::openTrace(const std::string &path) {
  Result<File> file = File::create(path);
  if (!file)
    return file.takeStatus();
  trace.emplace(std::move(*file));
  pending = "[\n";
  writePending();
  return takeError();
}

void Profile::writePending() {
  error = trace->write(pending);
  if (error.ok()) {
    written += pending.size();
  } else {
    // Half an event is cut off; what it takes to end the array may fit in its place.
    if (trace->cutTo(written).ok())
      (void)trace->write("\n]\n");
    trace.reset();
  }
  pending.clear();
}

void Profile::record(const TrainProgram &program, const TrainCommand &command,
                     int64_t begin, int64_t end) {
  Entry &entry = entries[{command.name, command.location}];
  entry.nanoseconds += end - begin;
  ++entry.calls;
  if (!trace || events >= maximumEvents)
    return;
  pending += format(
      "%s{\"name\":%s,\"cat\":%s,\"ph\":\"X\",\"pid\":1,\"tid\":1,\"ts\":%.3f,"
      "\"dur\":%.3f,\"args\":{\"location\":%s}}",
      events ? ",\n" : "", jsonString(executable.locations[command.name]).c_str(),
      jsonString(program.name).c_str(), double(begin) / 1e3, double(end - begin) / 1e3,
      jsonString(executable.locations[command.location]).c_str());
  ++events;
  if (pending.size() >= (1 << 20))
    writePending();
}

Status Profile::close() {
  if (trace)
    writePending();
  if (!trace)
    return takeError();
  Status status = trace->write("\n]\n");
  if (status.ok())
    status = trace->close();
  trace.reset();
  return status;
}

std::string Profile::table(size_t lines) const {
  struct Row {
    std::string label;
    Entry entry;
  };
  std::map<uint32_t, Entry> byName;
  std::vector<Row> locations;
  int64_t total = 0;
  for (const auto &[key, entry] : entries) {
    Entry &sum = byName[key.first];
    sum.nanoseconds += entry.nanoseconds;
    sum.calls += entry.calls;
    total += entry.nanoseconds;
    locations.push_back({std::string(executable.locations[key.first]) + "  " +
                             executable.locations[key.second],
                         entry});
  }
  std::vector<Row> names;
  for (const auto &[name, entry] : byName)
    names.push_back({executable.locations[name], entry});

  auto print = [&](std::vector<Row> &rows, const char *title) {
    std::sort(rows.begin(), rows.end(), [](const Row &a, const Row &b) {
      return a.entry.nanoseconds != b.entry.nanoseconds
                 ? a.entry.nanoseconds > b.entry.nanoseconds
                 : a.label < b.label;
    });
    std::string text = format("%12s %7s %10s  %s\n", "ms", "share", "calls", title);
    for (size_t i = 0; i < rows.size() && i < lines; ++i)
      text +=
          format("%12.3f %6.2f%% %10lld  %s\n", double(rows[i].entry.nanoseconds) / 1e6,
                 total ? 100.0 * double(rows[i].entry.nanoseconds) / double(total) : 0,
                 (long long)rows[i].entry.calls, rows[i].label.c_str());
    if (rows.size() > lines)
      text += format("%32s  and %zu more\n", "", rows.size() - lines);
    return text;
  };
  return print(names, "op") + "\n" + print(locations, "op and source location");
}

} // namespace train::rt
