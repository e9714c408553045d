// The memory plan as text. See MemoryReport.h.
#include "train/rt/MemoryReport.h"

#include "train/Support/ByteSize.h"
#include "train/rt/Text.h"

#include <nlohmann/json.hpp>

namespace train::rt {

std::string memoryPlanText(const TrainExecutable &executable) {
  auto line = [](const char *name, uint64_t bytes) {
    return format("  %-16s %16llu  (%s)\n", name, (unsigned long long)bytes,
                  formatByteSize(bytes).c_str());
  };
  std::string text = "memory plan, bytes:\n" + line("arena", executable.arena_bytes) +
                     line("lower bound", executable.lower_bound_bytes);
  auto report =
      nlohmann::json::parse(executable.report ? executable.report : "", nullptr, false);
  if (!report.is_object() || !report["by_category"].is_object())
    return text;
  text += "at the peak:\n";
  for (const auto &[category, bytes] : report["by_category"].items())
    if (bytes.is_number_unsigned() && bytes.get<uint64_t>() > 0)
      text += line(category.c_str(), bytes.get<uint64_t>());
  return text;
}

std::string memoryMeasuredText(const TrainExecutable &executable, uint64_t arenaResident,
                               uint64_t residentNow) {
  uint64_t outside = residentNow > arenaResident ? residentNow - arenaResident : 0;
  return format("measured, bytes:\n  arena_bytes %llu\n  arena_resident_bytes %llu\n"
                "  resident_bytes %llu\n  outside_arena_bytes %llu\n",
                (unsigned long long)executable.arena_bytes,
                (unsigned long long)arenaResident, (unsigned long long)residentNow,
                (unsigned long long)outside);
}

} // namespace train::rt
