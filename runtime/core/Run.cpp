// From the command line to the exit code. See Run.h.
#include "train/rt/Run.h"

#include "train/Support/WriteSignals.h"
#include "train/rt/Checkpoint.h"
#include "train/rt/Generate.h"
#include "train/rt/Initialize.h"
#include "train/rt/MemoryReport.h"
#include "train/rt/Options.h"
#include "train/rt/Outputs.h"
#include "train/rt/Profile.h"
#include "train/rt/Session.h"
#include "train/rt/Signals.h"
#include "train/rt/Startup.h"
#include "train/rt/Stop.h"
#include "train/rt/Symbols.h"
#include "train/rt/System.h"
#include "train/rt/Text.h"
#include "train/rt/Trainer.h"
#include "train/rt/Validate.h"
#include "train/rt/Weights.h"

#include <cstdio>
#include <new>
#include <optional>

namespace train::rt {
namespace {

void note(const std::string &text) { std::fprintf(stderr, "note: %s\n", text.c_str()); }

void printNotes(std::vector<std::string> &notes) {
  for (const std::string &text : notes)
    note(text);
  notes.clear();
}

// What is to be done, found out before anything is allocated.
struct Plan {
  const TrainProgram *step = nullptr;
  const TrainProgram *eval = nullptr;
  const TrainProgram *predict = nullptr;
  DataSet data;
  std::optional<DataSet> evalData;
  bool train = false;
};

Status openData(const TrainProgram *program, const char *what,
                const std::vector<std::string> &files, DataSet &data) {
  if (!program)
    return Status::error(ErrorKind::Usage,
                         format("the executable has no %s program", what));
  Result<DataSet> opened = DataSet::open(*program, files);
  if (!opened)
    return opened.takeStatus();
  data = std::move(*opened);
  return Status::success();
}

GenerateOptions generationOptions(const Options &options, const Plan &plan,
                                  uint64_t seed) {
  GenerateOptions generation;
  generation.count = options.generate;
  generation.prompt = options.prompt;
  generation.temperature = options.temperature;
  generation.topK = options.topK;
  generation.seed = seed;
  generation.allowNan = options.allowNan;
  generation.bytes = plan.data.isText() || (plan.evalData && plan.evalData->isText());
  return generation;
}

Status makePlan(const TrainExecutable &executable, const Options &options, Plan &plan) {
  plan.step = findProgram(executable, TRAIN_PROGRAM_STEP);
  plan.eval = findProgram(executable, TRAIN_PROGRAM_EVAL);
  plan.predict = findProgram(executable, TRAIN_PROGRAM_PREDICT);
  bool needsData = plan.step && findInput(*plan.step, TRAIN_INPUT_DATA);
  bool otherWork = options.evalOnly || options.generate || !options.exportFile.empty() ||
                   options.dryRun || options.printMemory;
  plan.train = !options.evalOnly && plan.step &&
               (!options.data.empty() || (!needsData && !otherWork) ||
                (!needsData && options.steps));
  if (!plan.train && !otherWork)
    return Status::error(ErrorKind::Usage,
                         plan.step ? "no data to train on: give --data=FILE"
                                   : "the executable has no training step: give "
                                     "--eval-only or --generate=N");
  if (plan.train)
    TRAIN_RT_RETURN_IF_ERROR(openData(plan.step, "training", options.data, plan.data));
  // Without held-out data, --eval-only evaluates on what would be trained on.
  const std::vector<std::string> &evalFiles =
      options.evalData.empty() && options.evalOnly ? options.data : options.evalData;
  if (!evalFiles.empty())
    TRAIN_RT_RETURN_IF_ERROR(
        openData(plan.eval, "evaluation", evalFiles, plan.evalData.emplace()));
  if (plan.evalData)
    TRAIN_RT_RETURN_IF_ERROR(checkEvaluation(*plan.eval, *plan.evalData));
  if (options.generate && !plan.predict)
    return Status::error(ErrorKind::Usage, "the executable has no prediction program");
  if (options.generate)
    TRAIN_RT_RETURN_IF_ERROR(
        checkGeneration(*plan.predict, generationOptions(options, plan, 0))
            .context("generation"));
  // Nothing that comes after a long training should fail for what could be known before.
  if (!options.exportFile.empty() && !options.dryRun)
    TRAIN_RT_RETURN_IF_ERROR(checkReplaceable(options.exportFile));
  return Status::success();
}

// Values of all symbols, and where the training starts.
Status startState(Session &session, const Options &options, const Plan &plan,
                  std::optional<CheckpointDirectory> &checkpoints, TrainingState &state) {
  const TrainExecutable &executable = session.executable();
  std::vector<std::string> notes;
  if (!options.checkpoint.empty()) {
    using Use = CheckpointDirectory::Use;
    Result<CheckpointDirectory> opened =
        CheckpointDirectory::open(options.checkpoint, options.keep,
                                  !plan.train      ? Use::Read
                                  : options.resume ? Use::Resume
                                                   : Use::Start);
    if (!opened)
      return opened.takeStatus();
    checkpoints.emplace(std::move(*opened));
  }
  if (options.resume) {
    Result<Manifest> manifest =
        checkpoints->loadNewest(executable, session.arena(), notes);
    printNotes(notes);
    if (!manifest)
      return manifest.takeStatus();
    if (options.seed && *options.seed != manifest->seed)
      return Status::error(ErrorKind::Usage,
                           format("--seed is %llu, the checkpoint was trained with %llu",
                                  (unsigned long long)*options.seed,
                                  (unsigned long long)manifest->seed));
    if (plan.train && manifest->samples != plan.data.samples())
      return Status::error(
          ErrorKind::Data,
          format("the data has %lld samples, the checkpoint was trained on %lld: the "
                 "order of samples would change (to start anew from its parameters, use "
                 "--init with its model.safetensors)",
                 (long long)plan.data.samples(), (long long)manifest->samples));
    if (manifest->fingerprint != executable.fingerprint)
      note("the checkpoint was written by another compilation of the model");
    if (options.order && *options.order != manifest->order)
      return Status::error(ErrorKind::Usage,
                           format("--order is %s, the checkpoint was trained with %s",
                                  orderName(*options.order), orderName(manifest->order)));
    state = {manifest->step, manifest->position, manifest->seed, manifest->schedule,
             manifest->order};
    options.override(state.schedule);
    note(format("resumed after step %lld", (long long)state.step));
    if (plan.train && state.step >= state.schedule.steps)
      note(format("nothing is left to train: all %lld steps are done, and --steps counts "
                  "those before a resume",
                  (long long)state.schedule.steps));
    return Status::success();
  }
  if (checkpoints && plan.train) {
    Result<std::vector<int64_t>> steps = checkpoints->steps();
    if (!steps)
      return steps.takeStatus();
    if (!steps->empty())
      return Status::error(
          ErrorKind::Usage,
          format("'%s' already holds the checkpoint of step %lld: continue it with "
                 "--resume, or choose another directory",
                 printable(options.checkpoint).c_str(), (long long)steps->back()));
  }
  state.seed = options.seed.value_or(0);
  state.order = options.order.value_or(SampleOrder::Shuffled);
  state.schedule = options.newSchedule();
  initializeSymbols(executable, state.seed, session.arena(), session.team());
  if (!options.init.empty()) {
    Status status = loadWeights(options.init, executable, session.arena(), notes);
    printNotes(notes);
    return status;
  }
  return Status::success();
}

Status runGeneration(Session &session, const Options &options, const Plan &plan,
                     uint64_t seed, const Stop &stop) {
  Status status = generate(session, *plan.predict, generationOptions(options, plan, seed),
                           print, stop);
  return isStop(status) ? std::move(status) : std::move(status).context("generation");
}

Result<Ending> runAll(const TrainExecutable &executable, const Options &options) {
  // A limit beyond what a clock can count is none.
  int64_t deadline = options.timeout > 0 && options.timeout < 1e9
                         ? steadyNanoseconds() + int64_t(options.timeout * 1e9)
                         : 0;
  TRAIN_RT_RETURN_IF_ERROR(validateExecutable(executable));
  std::vector<std::string> notes;
  TRAIN_RT_RETURN_IF_ERROR(checkMachine(executable, machineFacts(), notes));
  printNotes(notes);
  TRAIN_RT_RETURN_IF_ERROR(checkOutputs(options));
  Plan plan;
  TRAIN_RT_RETURN_IF_ERROR(makePlan(executable, options, plan));
  if (options.printMemory)
    TRAIN_RT_RETURN_IF_ERROR(print(memoryPlanText(executable)));
  bool onlyReport = options.printMemory && !plan.train && !plan.evalData &&
                    !options.generate && options.exportFile.empty();
  if (options.dryRun || onlyReport)
    return Ending::Done;

  Result<std::unique_ptr<Session>> created = Session::create(executable);
  if (!created)
    return created.takeStatus();
  Session &session = **created;
  installSignalHandlers();
  Profile profile(executable);
  if (!options.trace.empty())
    TRAIN_RT_RETURN_IF_ERROR(profile.openTrace(options.trace));
  if (options.profile || !options.trace.empty())
    session.setProfile(&profile);
  if (options.findNan)
    session.findNans();

  std::optional<CheckpointDirectory> checkpoints;
  TrainingState state;
  TRAIN_RT_RETURN_IF_ERROR(startState(session, options, plan, checkpoints, state));
  deriveSymbols(executable, session.arena(), session.team());
  if (FiniteCheck *search = session.nanSearch())
    TRAIN_RT_RETURN_IF_ERROR(search->checkSymbols());
  Trainer trainer(session, options, plan.data, plan.evalData ? &*plan.evalData : nullptr,
                  checkpoints ? &*checkpoints : nullptr, deadline);
  Ending ending = Ending::Done;
  if (plan.train) {
    Result<Ending> result = trainer.train(state);
    if (!result)
      return result.takeStatus();
    ending = *result;
  }
  // Before the evaluation, which may fail: what was trained comes first.
  if (!options.exportFile.empty())
    TRAIN_RT_RETURN_IF_ERROR(
        exportWeights(options.exportFile, executable, session.arena()));
  if (plan.evalData && ending == Ending::Done)
    if (Result<double> loss = trainer.evaluate(state.step); !loss)
      return loss.takeStatus();
  TRAIN_RT_RETURN_IF_ERROR(trainer.close());
  if (options.generate && ending == Ending::Done)
    TRAIN_RT_RETURN_IF_ERROR(runGeneration(session, options, plan, state.seed,
                                           Stop(deadline, /*signals=*/true)));
  TRAIN_RT_RETURN_IF_ERROR(profile.close());
  if (options.profile)
    TRAIN_RT_RETURN_IF_ERROR(print(profile.table()));
  if (options.printMemory)
    TRAIN_RT_RETURN_IF_ERROR(print(
        memoryMeasuredText(executable, session.arenaResidentBytes(), residentBytes())));
  if (ending == Ending::Done && pendingSignal())
    ending = Ending::Interrupted;
  return ending;
}

} // namespace

int runMain(const TrainExecutable &executable, int argc, const char *const *argv) {
  reserveStandardStreams();
  ignoreWriteSignals();
  auto fail = [](Status status) {
    if (isStop(status)) {
      note(std::string(status.message()));
      return int(status.kind());
    }
    std::fprintf(stderr, "error: %.*s\n", int(status.message().size()),
                 status.message().data());
    return int(status.kind());
  };
  std::string help;
  const char *model = executable.model ? executable.model : "unnamed";
  Result<Options> options = parseOptions(argc, argv, model, help);
  if (!options)
    return fail(options.takeStatus());
  if (!help.empty()) {
    Status status = print(help);
    return status.ok() ? 0 : fail(std::move(status));
  }
  Result<Ending> ending = Ending::Done;
  try {
    ending = runAll(executable, *options);
  } catch (const std::bad_alloc &) {
    ending = Status::error(ErrorKind::Io, "out of memory beside the arena");
  }
  if (!ending)
    return fail(ending.takeStatus());
  if (*ending == Ending::Interrupted)
    note("interrupted by a signal");
  if (*ending == Ending::TimedOut)
    note("the time limit is over");
  return int(*ending);
}

} // namespace train::rt
