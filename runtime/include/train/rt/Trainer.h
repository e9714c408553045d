// The training loop: steps, schedule, evaluation, metrics, checkpoints, and its ends.
#ifndef TRAIN_RT_TRAINER_H
#define TRAIN_RT_TRAINER_H

#include "train/rt/Checkpoint.h"
#include "train/rt/DataSet.h"
#include "train/rt/Metrics.h"
#include "train/rt/Options.h"
#include "train/rt/Progress.h"
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
  /// `evalData` and `checkpoints` may be null. Nothing is owned. `deadline`: nanoseconds
  /// of the steady clock; 0 for none.
  Trainer(Session &session, const Options &options, const DataSet &data,
          const DataSet *evalData, CheckpointDirectory *checkpoints, int64_t deadline)
      : session(session), options(options), data(data), evalData(evalData),
        checkpoints(checkpoints), deadline(deadline) {}

  /// Trains from `state` to the end of its schedule, a signal, or the time limit, and
  /// leaves there a checkpoint if a directory was given. So does an error that left the
  /// symbols as they were after a step, unless it is a loss that is not finite. `state`
  /// is kept up to date.
  ///
  /// The time limit also ends a step, before it changes a symbol; or anywhere in it, if
  /// nobody asked for the state to be kept.
  Result<Ending> train(TrainingState &state);

  /// Closes the logs. The destructor does so too, but without looking at errors.
  Status close();

  /// Prints "eval STEP LOSS" on standard output and returns the mean loss over the
  /// held-out data. A loss that is not finite is an error like that of a step.
  Result<double> evaluate(int64_t step);

private:
  Status afterStep(const TrainingState &state, const Session::StepOutputs &outputs,
                   double rate, int64_t nanoseconds);
  Status checkFinite(const std::string &what, double loss);
  Status checkScale(const TrainProgram &program, const Session::StepInputs &inputs,
                    const Session::StepOutputs &outputs);
  Status save(const TrainingState &state);
  Status openLogs(int64_t step);
  Status step(const TrainProgram &program, TrainingState &state, double rate);
  Status runSteps(const TrainProgram &program, TrainingState &state, Progress &progress);

  Session &session;
  const Options &options;
  const DataSet &data;
  const DataSet *evalData;
  CheckpointDirectory *checkpoints;
  std::optional<JsonlLog> log;
  std::optional<TensorBoardLog> board;
  int64_t deadline;
  int64_t savedStep = -1;
  bool saveFailed = false;
  bool whole = true;             ///< the symbols are those after step `state.step`
  std::optional<float> lastLoss; ///< of this run
  std::optional<double> lastScale;
  int64_t skippedSteps = 0; ///< of this run
  std::string skipNote;     ///< what made the last step be skipped, if known
};

/// Prints to standard output; a closed pipe or full disk is an error.
Status print(const std::string &text);

} // namespace train::rt

#endif // TRAIN_RT_TRAINER_H
