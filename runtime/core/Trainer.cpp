// The training loop. See Trainer.h.
#include "train/rt/Trainer.h"

#include "train/rt/Hash.h"
#include "train/rt/Stop.h"
#include "train/rt/Symbols.h"
#include "train/rt/System.h"
#include "train/rt/Text.h"

#include <cmath>
#include <cstdio>
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
                                         Stop(deadline, /*signals=*/true));
  if (!loss)
    return std::move(loss.takeStatus()).context("evaluation");
  Status status = print(format("eval %lld %.6f\n", (long long)step, *loss));
  if (status.ok() && board)
    status = board->write(step, {{"eval_loss", float(*loss)}});
  if (!status.ok())
    return status;
  status =
      checkFinite(format("the evaluation loss after step %lld", (long long)step), *loss);
  if (!status.ok())
    return status;
  return loss;
}

Status Trainer::checkFinite(const std::string &what, double loss) {
  if (std::isfinite(loss) || options.allowNan)
    return Status::success();
  std::string why = "--find-nan names the op that made it, --allow-nan goes on";
  if (FiniteCheck *search = session.nanSearch())
    why = search->firstInfinity();
  // The sign of a NaN says nothing.
  return Status::error(ErrorKind::Diverged,
                       format("%s is %s (%s)", what.c_str(),
                              std::isnan(loss) ? "nan" : format("%g", loss).c_str(),
                              why.c_str()));
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
  Status status = checkpoints->save(session.executable(), session.arena(), manifest);
  saveFailed = !status.ok();
  if (status.ok())
    savedStep = state.step;
  return status;
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

Status Trainer::openLogs(int64_t step) {
  if (!options.log.empty()) {
    Result<JsonlLog> opened = JsonlLog::open(options.log, step);
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
  return Status::success();
}

// A step that overflowed was skipped, on the device; here it is told, and the training
// ends where no smaller scale can help.
Status Trainer::checkScale(const TrainProgram &program, const Session::StepInputs &inputs,
                           const Session::StepOutputs &outputs) {
  lastScale = outputs.lossScale;
  skipNote.clear();
  if (!outputs.skipped.value_or(false))
    return Status::success();
  ++skippedSteps;
  FiniteCheck *search = session.nanSearch();
  std::string where = search ? search->firstOverflow() : "";
  long long step = inputs.step + 1;
  if (!outputs.exhausted.value_or(false)) {
    if (!where.empty())
      skipNote = format("step %lld was skipped at a loss scale of %g: %s", step,
                        outputs.lossScale.value_or(0), where.c_str());
    return Status::success();
  }
  if (!search) {
    // The step changed nothing but the counters of the scale, so that it overflows
    // again.
    session.findNans();
    Status again = session
                       .step(program, data, inputs, Stop(deadline, /*signals=*/true),
                             /*whole=*/false)
                       .takeStatus();
    if (isStop(again))
      return again;
    where = session.nanSearch()->firstOverflow();
  }
  return Status::error(ErrorKind::Diverged,
                       format("step %lld overflows at the smallest loss scale, %g%s%s",
                              step, outputs.lossScale.value_or(0),
                              where.empty() ? "" : ": ", where.c_str()));
}

Status Trainer::step(const TrainProgram &program, TrainingState &state, double rate) {
  int64_t begin = steadyNanoseconds();
  // Where the state is kept, a step that has begun to change it is worth finishing.
  bool keeps = checkpoints || !options.exportFile.empty();
  whole = false;
  Session::StepInputs inputs = {state.step, state.position, state.seed, float(rate),
                                state.order};
  Result<Session::StepOutputs> outputs =
      session.step(program, data, inputs, Stop(deadline, /*signals=*/false), keeps);
  if (!outputs) {
    whole = !session.touchedSymbols();
    Status status = outputs.takeStatus();
    return isStop(status) ? std::move(status)
                          : std::move(status).context(
                                format("step %lld", (long long)state.step + 1));
  }
  ++state.step;
  state.position += samplesPerStep(program);
  whole = true;
  lastLoss = outputs->loss;
  TRAIN_RT_RETURN_IF_ERROR(afterStep(state, *outputs, rate, steadyNanoseconds() - begin));
  TRAIN_RT_RETURN_IF_ERROR(checkScale(program, inputs, *outputs));
  // With a scale that moves, a loss that overflows is one more reason to skip, and has an
  // end of its own.
  if (!(outputs->exhausted && outputs->skipped.value_or(false)))
    TRAIN_RT_RETURN_IF_ERROR(checkFinite(
        format("the loss of step %lld", (long long)state.step), double(outputs->loss)));
  return session.takeProfileError();
}

Status Trainer::runSteps(const TrainProgram &program, TrainingState &state,
                         Progress &progress) {
  Stop stop(deadline, /*signals=*/true);
  while (state.step < state.schedule.steps) {
    double rate = learningRate(state.schedule, state.step);
    TRAIN_RT_RETURN_IF_ERROR(step(program, state, rate));
    if (!skipNote.empty()) {
      TRAIN_RT_RETURN_IF_ERROR(progress.finishLine());
      std::fprintf(stderr, "note: %s\n", skipNote.c_str());
    }
    TRAIN_RT_RETURN_IF_ERROR(
        progress.update(state.step, *lastLoss, rate, lastScale, skippedSteps));
    bool last = state.step == state.schedule.steps;
    if (options.evalEvery && state.step % options.evalEvery == 0 && !last) {
      TRAIN_RT_RETURN_IF_ERROR(progress.finishLine());
      if (Result<double> loss = evaluate(state.step); !loss)
        return loss.takeStatus();
    }
    if (options.saveEvery && state.step % options.saveEvery == 0)
      TRAIN_RT_RETURN_IF_ERROR(save(state));
    if (!last)
      TRAIN_RT_RETURN_IF_ERROR(stop.check());
  }
  return Status::success();
}

Result<Ending> Trainer::train(TrainingState &state) {
  const TrainProgram *program = findProgram(session.executable(), TRAIN_PROGRAM_STEP);
  if (!program)
    return Status::error(ErrorKind::Usage, "the executable has no training step");
  TRAIN_RT_RETURN_IF_ERROR(openLogs(state.step));
  // What was just read need not be written again.
  if (options.resume)
    savedStep = state.step;
  std::optional<int64_t> tokens = tokensPerStep(*program);
  Progress progress(state.step, state.schedule.steps, tokens ? "tokens" : "samples",
                    tokens.value_or(samplesPerStep(*program)),
                    session.executable().arena_bytes);
  Status status = runSteps(*program, state, progress);
  Ending ending = Ending::Done;
  if (isStop(status)) {
    ending = Ending(int(status.kind()));
    status = Status::success();
  }
  if (status.ok())
    status = progress.finishLine();
  if (!status.ok()) {
    // Data that went away, a full disk under the log: no reason to lose what was trained.
    // A loss that is not finite is one: the last checkpoint is from before it.
    bool worthIt = whole && status.kind() != ErrorKind::Diverged && !saveFailed &&
                   lastLoss && checkpoints && savedStep != state.step;
    if (worthIt && save(state).ok())
      std::fprintf(stderr, "note: saved the checkpoint of step %lld\n",
                   (long long)state.step);
    return status;
  }
  if (whole)
    TRAIN_RT_RETURN_IF_ERROR(save(state));
  if (lastLoss)
    TRAIN_RT_RETURN_IF_ERROR(print(
        format("final step %lld loss %.6f\n", (long long)state.step, double(*lastLoss))));
  return ending;
}

Status Trainer::close() {
  if (log)
    TRAIN_RT_RETURN_IF_ERROR(log->close());
  return board ? board->close() : Status::success();
}

} // namespace train::rt
