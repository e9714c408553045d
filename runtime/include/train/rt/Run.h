// Everything that a trained executable does, from its command line to its exit code.
#ifndef TRAIN_RT_RUN_H
#define TRAIN_RT_RUN_H

#include "train/Runtime/Abi.h"

namespace train::rt {

/// Exit codes that are not errors: those of ErrorKind are in Status.h.
enum class Ending : int {
  Done = 0,
  Interrupted = 7, ///< SIGINT or SIGTERM; a checkpoint was saved if there is a directory
  TimedOut = 8,    ///< --timeout; likewise
};

/// The main of every trained executable. Returns the exit code. An error is one line on
/// standard error.
int runMain(const TrainExecutable &executable, int argc, const char *const *argv);

} // namespace train::rt

#endif // TRAIN_RT_RUN_H
