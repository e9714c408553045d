// Arena, team and executor at work. See Session.h.
#include "train/rt/Session.h"

#include "train/rt/Symbols.h"
#include "train/rt/Text.h"
#include "train/rt/Validate.h"

#include <cstring>

namespace train::rt {
namespace {

std::optional<double> scalarOutput(const TrainProgram &program, const char *name,
                                   const uint8_t *arena) {
  const TrainTensor *output = findOutput(program, name);
  if (!output || output->bytes != typeBytes(output->type))
    return std::nullopt;
  return elementAsDouble(scalarOf(TrainType(output->type)), arena + output->offset, 0);
}

bool hasDataInputs(const TrainProgram &program) {
  return findInput(program, TRAIN_INPUT_DATA) != nullptr;
}

// Of an evaluation.
int64_t samplesPerPass(const TrainProgram &program) {
  return program.samples * std::max<int64_t>(countInputLoads(program), 1);
}

} // namespace

Status checkEvaluation(const TrainProgram &program, const DataSet &data) {
  int64_t needed = samplesPerPass(program);
  if (!hasDataInputs(program) || data.samples() >= needed)
    return Status::success();
  return Status::error(ErrorKind::Data,
                       format("%lld held-out samples, one evaluation batch needs %lld",
                              (long long)data.samples(), (long long)needed));
}

Session::Session(const TrainExecutable &executable, Arena arena,
                 std::unique_ptr<Team> team)
    : description(executable), memory(std::move(arena)), threads(std::move(team)),
      executor(description, memory.data(), *threads) {}

Result<std::unique_ptr<Session>> Session::create(const TrainExecutable &executable) {
  Result<Arena> arena = Arena::allocate(executable.arena_bytes);
  if (!arena)
    return arena.takeStatus();
  TRAIN_RT_RETURN_IF_ERROR(prepareBackend(executable.cpu_features));
  Result<std::unique_ptr<Team>> team = Team::create(int(executable.threads));
  if (!team)
    return team.takeStatus();
  return std::unique_ptr<Session>(
      new Session(executable, std::move(*arena), std::move(*team)));
}

void Session::setScalars(const TrainProgram &program, uint64_t seed, int64_t step,
                         int64_t sample) {
  if (const TrainInput *key = findInput(program, TRAIN_INPUT_RANDOM_KEY)) {
    int64_t values[3] = {int64_t(seed), step, sample};
    std::memcpy(arena() + key->tensor.offset, values, sizeof(values));
  }
}

Result<Session::StepOutputs> Session::step(const TrainProgram &program,
                                           const DataSet &data, const StepInputs &inputs,
                                           const Stop &stop, bool whole) {
  if (const TrainInput *rate = findInput(program, TRAIN_INPUT_LEARNING_RATE))
    std::memcpy(arena() + rate->tensor.offset, &inputs.rate, sizeof(float));
  std::vector<int64_t> rows(size_t(program.samples));
  auto load = [&](const TrainProgram &, int64_t microBatch) {
    int64_t first = inputs.position + microBatch * program.samples;
    // The key counts samples within the step, so that resharding sees the same masks.
    setScalars(program, inputs.seed, inputs.step, microBatch * program.samples);
    if (!hasDataInputs(program))
      return Status::success();
    for (int64_t i = 0; i < program.samples; ++i)
      rows[size_t(i)] = sampleAt(inputs.order, data.samples(), inputs.seed, first + i);
    return data.load(arena(), program, rows.data());
  };
  Status status = executor.run(program, load, stop, whole);
  if (!status.ok())
    return status;

  StepOutputs outputs;
  std::optional<double> loss = scalarOutput(program, "loss", arena());
  if (!loss)
    return Status::error("the program has no scalar output 'loss'");
  outputs.loss = float(*loss);
  if (std::optional<double> norm = scalarOutput(program, "grad_norm", arena()))
    outputs.gradNorm = float(*norm);
  outputs.lossScale = scalarOutput(program, "loss_scale", arena());
  if (std::optional<double> skipped = scalarOutput(program, "skipped", arena()))
    outputs.skipped = *skipped != 0;
  if (std::optional<double> flag = scalarOutput(program, "loss_scale_exhausted", arena()))
    outputs.exhausted = *flag != 0;
  return outputs;
}

Result<double> Session::evaluate(const TrainProgram &program, const DataSet &data,
                                 int64_t batches, const Stop &stop) {
  Status enough = checkEvaluation(program, data);
  if (!enough.ok())
    return enough;
  int64_t perPass = samplesPerPass(program);
  int64_t passes = hasDataInputs(program) ? data.samples() / perPass : 1;
  if (batches > 0)
    passes = std::min(passes, batches);
  double sum = 0;
  int64_t done = 0;
  std::vector<int64_t> rows(size_t(program.samples));
  for (; done < passes; ++done) {
    auto load = [&](const TrainProgram &, int64_t microBatch) {
      int64_t first = done * perPass + microBatch * program.samples;
      setScalars(program, 0, 0, first);
      if (!hasDataInputs(program))
        return Status::success();
      for (int64_t i = 0; i < program.samples; ++i)
        rows[size_t(i)] = first + i;
      return data.load(arena(), program, rows.data());
    };
    Status status = executor.run(program, load, stop);
    if (!status.ok())
      return status;
    std::optional<double> loss = scalarOutput(program, "loss", arena());
    if (!loss)
      return Status::error("the evaluation program has no scalar output 'loss'");
    sum += *loss;
  }
  return sum / double(done);
}

Status Session::predict(const TrainProgram &program, const std::function<void()> &fill,
                        const Stop &stop) {
  auto load = [&](const TrainProgram &, int64_t) {
    fill();
    setScalars(program, 0, 0, 0);
    return Status::success();
  };
  return executor.run(program, load, stop);
}

std::optional<int64_t> tokensPerStep(const TrainProgram &program) {
  const TrainInput *tokens = findInput(program, "tokens");
  if (!tokens || tokens->tensor.rank < 2 ||
      isFloat(scalarOf(TrainType(tokens->tensor.type))))
    return std::nullopt;
  return int64_t(tokens->tensor.bytes / typeBytes(tokens->tensor.type)) *
         program.micro_batches;
}

} // namespace train::rt
