// The training loop. See Trainer.h.
#include "train/rt/Trainer.h"

#include "train/rt/Hash.h"
#include "train/rt/Progress.h"
#include "train/rt/Signals.h"
#include "train/rt/Symbols.h"
#include "train/rt/System.h"
#include "train/rt/Text.h"

#include <cmath>
#include <unistd.h>

namespace train::rt {

Status print(const std::string &text) {
  return File::borrow(STDOUT_FILENO, "standard output").write(text);
}

Result<double> Trainer::evaluate(int64_t step) {
  const TrainProgram *program = findProgram(session.executable(), TRAIN_PROGRAM_EVAL);
  if (!program || !evalData)
    return Status::error(ErrorKind::Usage, "the executable has no evaluation program");
  Result<double> loss = session.evaluate(*program, *evalData, options.evalBatches,
                                         [] { return pendingSignal() != 0; });
  if (!loss)
    return std::move(loss.takeStatus()).context("evaluation");
  Status status = print(format("eval %lld %.6f\n", (long long)step, *loss));
  if (status.ok() && board)
    status = board->write(step, {{"eval_loss", float(*loss)}});
  if (!status.ok())
    return status;
  return loss;
}

Status Trainer::save(const TrainingState &state) {
  if (!checkpoints || savedStep == state.step)
    return Status::success();
  Manifest manifest;
  manifest.step = state.step;
  manifest.position = state.position;
  manifest.samples = data.samples();
  manifest.seed = state.seed;
  manifest.order = state.order;
  manifest.schedule = state.schedule;
  manifest.fingerprint = session.executable().fingerprint;
  manifest.model = session.executable().model;
  TRAIN_RT_RETURN_IF_ERROR(
      checkpoints->save(session.executable(), session.arena(), manifest));
  savedStep = state.step;
  return Status::success();
}

Status Trainer::afterStep(const TrainingState &state, const Session::StepOutputs &outputs,
                          double rate, int64_t nanoseconds) {
  const TrainExecutable &executable = session.executable();
  const TrainProgram &program = *findProgram(executable, TRAIN_PROGRAM_STEP);
  double seconds = double(nanoseconds) / 1e9;
  StepRecord record;
  record.step = state.step;
  record.loss = outputs.loss;
  record.rate = rate;
  record.gradNorm = outputs.gradNorm;
  record.lossScale = outputs.lossScale;
  record.skipped = outputs.skipped;
  record.stepMilliseconds = seconds * 1e3;
  if (std::optional<int64_t> tokens = tokensPerStep(program); tokens && seconds > 0)
    record.tokensPerSecond = double(*tokens) / seconds;
  if (options.peakFlops > 0 && seconds > 0)
    record.mfu = executable.step_flops / seconds / options.peakFlops;
  if (log) {
    record.arenaBytes = executable.arena_bytes;
    record.rssBytes = residentBytes();
    TRAIN_RT_RETURN_IF_ERROR(log->write(record));
  }
  if (board) {
    std::vector<std::pair<std::string_view, float>> scalars = {{"loss", record.loss},
                                                               {"lr", float(rate)}};
    if (record.tokensPerSecond)
      scalars.push_back({"tokens_per_s", float(*record.tokensPerSecond)});
    if (record.gradNorm)
      scalars.push_back({"grad_norm", *record.gradNorm});
    TRAIN_RT_RETURN_IF_ERROR(board->write(state.step, scalars));
  }
  if (options.hashEvery && state.step % options.hashEvery == 0)
    TRAIN_RT_RETURN_IF_ERROR(
        print(format("hash %lld %016llx\n", (long long)state.step,
                     (unsigned long long)hashState(executable, session.arena()))));
  return Status::success();
}

Result<Ending> Trainer::train(TrainingState &state) {
  const TrainProgram *program = findProgram(session.executable(), TRAIN_PROGRAM_STEP);
  if (!program)
    return Status::error(ErrorKind::Usage, "the executable has no training step");
  if (!options.log.empty()) {
    Result<JsonlLog> opened = JsonlLog::open(options.log, state.step);
    if (!opened)
      return opened.takeStatus();
    log.emplace(std::move(*opened));
  }
  if (!options.tensorboard.empty()) {
    Result<TensorBoardLog> opened = TensorBoardLog::open(options.tensorboard);
    if (!opened)
      return opened.takeStatus();
    board.emplace(std::move(*opened));
  }

  // What was just read need not be written again.
  if (options.resume)
    savedStep = state.step;
  std::optional<int64_t> tokens = tokensPerStep(*program);
  int64_t samples = samplesPerStep(*program);
  Progress progress(state.step, state.schedule.steps, tokens ? "tokens" : "samples",
                    tokens.value_or(samples), session.executable().arena_bytes);
  int64_t begin = steadyNanoseconds();
  Ending ending = Ending::Done;
  float lastLoss = 0;
  bool trained = false;
  while (state.step < state.schedule.steps) {
    int64_t stepBegin = steadyNanoseconds();
    double rate = learningRate(state.schedule, state.step);
    Result<Session::StepOutputs> outputs =
        session.step(*program, data,
                     {state.step, state.position, state.seed, float(rate), state.order});
    if (!outputs)
      return std::move(outputs.takeStatus())
          .context(format("step %lld", (long long)state.step + 1));
    ++state.step;
    state.position += samples;
    lastLoss = outputs->loss;
    trained = true;
    Status status = afterStep(state, *outputs, rate, steadyNanoseconds() - stepBegin);
    if (!status.ok())
      return status;
    // Not saved: the last checkpoint is from before the loss went wrong.
    if (!std::isfinite(outputs->loss) && !options.allowNan)
      return Status::error(ErrorKind::Diverged,
                           format("the loss of step %lld is %g (--allow-nan goes on)",
                                  (long long)state.step, double(outputs->loss)));
    status = progress.update(state.step, outputs->loss, rate);
    bool last = state.step == state.schedule.steps;
    if (status.ok() && options.evalEvery && state.step % options.evalEvery == 0 &&
        !last) {
      status = progress.finishLine();
      if (status.ok())
        if (Result<double> loss = evaluate(state.step); !loss)
          status = loss.takeStatus();
    }
    if (status.ok() && options.saveEvery && state.step % options.saveEvery == 0)
      status = save(state);
    if (!status.ok())
      return status;
    if (last)
      break;
    if (pendingSignal()) {
      ending = Ending::Interrupted;
      break;
    }
    if (options.timeout > 0 &&
        double(steadyNanoseconds() - begin) / 1e9 >= options.timeout) {
      ending = Ending::TimedOut;
      break;
    }
  }
  Status status = progress.finishLine();
  if (status.ok())
    status = save(state);
  if (status.ok() && trained)
    status = print(
        format("final step %lld loss %.6f\n", (long long)state.step, double(lastLoss)));
  if (status.ok() && evalData && ending == Ending::Done)
    if (Result<double> loss = evaluate(state.step); !loss)
      status = loss.takeStatus();
  if (status.ok() && log)
    status = log->close();
  if (status.ok() && board)
    status = board->close();
  if (!status.ok())
    return status;
  return ending;
}

} // namespace train::rt
