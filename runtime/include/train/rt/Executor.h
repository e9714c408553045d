// Walks the command list of a program: kernels over the team, library entries,
// micro-batch loops, and the loading of inputs where the compiler put it.
#ifndef TRAIN_RT_EXECUTOR_H
#define TRAIN_RT_EXECUTOR_H

#include "train/Runtime/Abi.h"
#include "train/rt/Backend.h"
#include "train/rt/Profile.h"
#include "train/rt/Status.h"

#include <functional>
#include <vector>

namespace train::rt {

/// Fills the storages of a program's inputs with its micro-batch number `microBatch`,
/// counted from 0 within this pass.
using InputLoader =
    std::function<Status(const TrainProgram &program, int64_t microBatch)>;

class Executor {
public:
  /// The executable must have passed validateExecutable; the arena has its size.
  Executor(const TrainExecutable &executable, uint8_t *arena, Team &team);

  /// One pass over the program. A program without LOAD_INPUTS has its inputs loaded
  /// once before the first command. An error names the command and its source location.
  Status run(const TrainProgram &program, const InputLoader &load);

  /// Records times from now on, or no longer for null.
  void setProfile(Profile *newProfile) { profile = newProfile; }

  uint8_t *arenaData() const { return arena; }

private:
  Status runCommand(const TrainProgram &program, const TrainCommand &command,
                    const InputLoader &load, int64_t &microBatch);
  void runKernel(const TrainCommand &command);

  const TrainExecutable &executable;
  uint8_t *arena;
  Team &team;
  Profile *profile = nullptr;
  std::vector<void *> buffers; ///< of the command at hand; kept to allocate once
};

/// The items [begin, end) of thread `thread`: [0, extent) cut at multiples of `grain`
/// into `threads` runs that differ by at most one grain. Thread ranges are in order and
/// may be empty.
void threadRange(int64_t extent, int64_t grain, int thread, int threads, int64_t &begin,
                 int64_t &end);

} // namespace train::rt

#endif // TRAIN_RT_EXECUTOR_H
