// Walks the command list of a program: kernels over the team, library entries,
// micro-batch loops, and the loading of inputs where the compiler put it.
#ifndef TRAIN_RT_EXECUTOR_H
#define TRAIN_RT_EXECUTOR_H

#include "train/Runtime/Abi.h"
#include "train/rt/Backend.h"
#include "train/rt/FiniteCheck.h"
#include "train/rt/Profile.h"
#include "train/rt/Status.h"
#include "train/rt/Stop.h"

#include <functional>
#include <map>
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
  ///
  /// `stop` is asked before each command and its error returned. With `whole` it is asked
  /// only until the first command that changes a symbol: the pass then ends with all
  /// symbols as they were, or complete.
  Status run(const TrainProgram &program, const InputLoader &load, const Stop &stop = {},
             bool whole = true);

  /// Whether the last run got as far as changing a symbol.
  bool touchedSymbols() const { return touched; }

  /// Records times from now on, or no longer for null.
  void setProfile(Profile *newProfile) { profile = newProfile; }
  /// Looks for NaNs after each command from now on, or no longer for null.
  void setFiniteCheck(FiniteCheck *newCheck) { finiteCheck = newCheck; }

private:
  Status runCommand(const TrainProgram &program, const TrainCommand &command,
                    const InputLoader &load, int64_t &microBatch);
  void runKernel(const TrainCommand &command);

  const TrainExecutable &executable;
  uint8_t *arena;
  Team &team;
  Profile *profile = nullptr;
  FiniteCheck *finiteCheck = nullptr;
  bool touched = false;
  std::vector<void *> buffers; ///< of the command at hand; kept to allocate once
  std::map<const TrainProgram *, uint32_t> updates; ///< firstUpdate of each program
};

/// The first command of the program that changes a symbol, or its number of commands.
uint32_t firstUpdate(const TrainExecutable &executable, const TrainProgram &program);

/// The items [begin, end) of thread `thread`: [0, extent) cut at multiples of `grain`
/// into `threads` runs that differ by at most one grain. Thread ranges are in order and
/// may be empty.
void threadRange(int64_t extent, int64_t grain, int thread, int threads, int64_t &begin,
                 int64_t &end);

} // namespace train::rt

#endif // TRAIN_RT_EXECUTOR_H
