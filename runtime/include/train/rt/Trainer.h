// The training loop: steps, schedule, evaluation, metrics, checkpoints, and its ends.
#ifndef TRAIN_RT_TRAINER_H
#define TRAIN_RT_TRAINER_H

#include "train/rt/Checkpoint.h"
#include "train/rt/DataSet.h"
#include "train/rt/Metrics.h"
#include "train/rt/Options.h"
#include "train/rt/Run.h"
#include "train/rt/Session.h"
#include "train/rt/TensorBoard.h"

#include <optional>

namespace train::rt {

/// Where a training stands and how it goes on: all that is needed beside the symbols.
struct TrainingState {
  int64_t step = 0;     ///< completed
  int64_t position = 0; ///< samples consumed
  uint64_t seed = 0;
  Schedule schedule;
  SampleOrder order = SampleOrder::Shuffled;
};

class Trainer {
public:
  /// `evalData` and `checkpoints` may be null. Nothing is owned.
  Trainer(Session &session, const Options &options, const DataSet &data,
          const DataSet *evalData, CheckpointDirectory *checkpoints)
      : session(session), options(options), data(data), evalData(evalData),
        checkpoints(checkpoints) {}

  /// Trains from `state` to the end of its schedule, a signal, or the time limit, and
  /// leaves there a checkpoint if a directory was given. `state` is kept up to date.
  Result<Ending> train(TrainingState &state);

  /// Prints "eval STEP LOSS" on standard output and returns the mean loss over the
  /// held-out data.
  Result<double> evaluate(int64_t step);

private:
  Status afterStep(const TrainingState &state, const Session::StepOutputs &outputs,
                   double rate, int64_t nanoseconds);
  Status save(const TrainingState &state);

  Session &session;
  const Options &options;
  const DataSet &data;
  const DataSet *evalData;
  CheckpointDirectory *checkpoints;
  std::optional<JsonlLog> log;
  std::optional<TensorBoardLog> board;
  int64_t savedStep = -1;
};

/// Prints to standard output; a closed pipe or full disk is an error.
Status print(const std::string &text);

} // namespace train::rt

#endif // TRAIN_RT_TRAINER_H
