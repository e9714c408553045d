// Facts from /proc, /sys and the scheduler. See System.h.
#include "train/rt/System.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sched.h>
#include <sstream>

namespace train::rt {
namespace {

// The value of a "Key:   123 kB" line, in bytes.
uint64_t kilobyteLine(const std::string &line) {
  return std::strtoull(line.c_str() + line.find(':') + 1, nullptr, 10) * 1024;
}

bool startsWith(const std::string &text, const char *prefix) {
  return text.rfind(prefix, 0) == 0;
}

} // namespace

std::set<std::string> cpuFlags() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!startsWith(line, "flags"))
      continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    std::set<std::string> flags;
    for (std::string word; words >> word;)
      flags.insert(word);
    return flags;
  }
  return {};
}

int availableProcessors() {
  // A fixed cpu_set_t fails with EINVAL on machines with more than 1024 processors.
  for (int processors = 1024; processors <= (1 << 20); processors *= 2) {
    cpu_set_t *set = CPU_ALLOC(processors);
    size_t bytes = CPU_ALLOC_SIZE(processors);
    int count = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (count)
      return count;
  }
  return 1;
}

uint64_t memoryLimit() {
  uint64_t limit = 0;
  std::ifstream info("/proc/meminfo");
  for (std::string line; std::getline(info, line);)
    if (startsWith(line, "MemTotal:") || startsWith(line, "SwapTotal:"))
      limit += kilobyteLine(line);
  for (const char *path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream file(path);
    uint64_t bytes;
    if (file >> bytes) // "max" is not a number and leaves the machine's limit
      limit = limit ? std::min(limit, bytes) : bytes;
  }
  return limit;
}

uint64_t residentBytes() {
  std::ifstream file("/proc/self/status");
  uint64_t bytes = 0;
  for (std::string line; std::getline(file, line);)
    if (startsWith(line, "RssAnon:") || startsWith(line, "RssShmem:"))
      bytes += kilobyteLine(line);
  return bytes;
}

int64_t steadyNanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

} // namespace train::rt
