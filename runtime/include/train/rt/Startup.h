// Compares the machine with the one that the executable was compiled for. Kernels for
// another CPU would die of SIGILL in the middle of a step, a library of another version
// may need other workspace than planned: both are one clear error at start instead.
#ifndef TRAIN_RT_STARTUP_H
#define TRAIN_RT_STARTUP_H

#include "train/Runtime/Abi.h"
#include "train/rt/Status.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace train::rt {

struct MachineFacts {
  std::set<std::string> cpuFlags;
  int processors = 0;
  uint64_t memoryLimit = 0; ///< bytes; 0 where unknown
  std::string libraryVersions;
};

/// This machine.
MachineFacts machineFacts();

/// All that does not fit, in one error. More threads than processors are slow but right:
/// that is added to `notes`, not refused.
Status checkMachine(const TrainExecutable &executable, const MachineFacts &facts,
                    std::vector<std::string> &notes);

} // namespace train::rt

#endif // TRAIN_RT_STARTUP_H
