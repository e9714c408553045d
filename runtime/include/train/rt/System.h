// What the running system says of itself: CPU features, processors, memory.
#ifndef TRAIN_RT_SYSTEM_H
#define TRAIN_RT_SYSTEM_H

#include <cstdint>
#include <set>
#include <string>

namespace train::rt {

/// The "flags" of the first processor in /proc/cpuinfo.
std::set<std::string> cpuFlags();

/// Processors that this process may use.
int availableProcessors();

/// Bytes that this process can at best allocate: memory plus swap of the machine, or the
/// limit of its control group where that is lower. 0 where neither can be read.
uint64_t memoryLimit();

/// RssAnon + RssShmem of this process, in bytes. Mapped files are left out: pages of the
/// data file count as resident, but are no memory that the plan answers for.
uint64_t residentBytes();

/// Nanoseconds of a steady clock.
int64_t steadyNanoseconds();

} // namespace train::rt

#endif // TRAIN_RT_SYSTEM_H
