// The walk over the commands. See Executor.h.
#include "train/rt/Executor.h"

#include "train/rt/System.h"
#include "train/rt/Text.h"
#include "train/rt/Validate.h"

namespace train::rt {
namespace {

struct KernelCall {
  TrainKernel kernel;
  void *const *buffers;
  const int64_t *params;
  int64_t extent;
  int64_t grain;
};

void kernelThread(void *context, int thread, int threads) {
  const KernelCall &call = *static_cast<const KernelCall *>(context);
  int64_t begin, end;
  threadRange(call.extent, call.grain, thread, threads, begin, end);
  if (begin < end)
    call.kernel(call.buffers, call.params, begin, end);
}

} // namespace

void threadRange(int64_t extent, int64_t grain, int thread, int threads, int64_t &begin,
                 int64_t &end) {
  int64_t grains = extent / grain + (extent % grain != 0);
  int64_t each = grains / threads, extra = grains % threads;
  int64_t first = each * thread + std::min<int64_t>(thread, extra);
  int64_t last = first + each + (thread < extra);
  // The last grain may be partial, and empty ranges may start behind the end.
  begin = first == grains ? extent : first * grain;
  end = last == grains ? extent : last * grain;
}

Executor::Executor(const TrainExecutable &executable, uint8_t *arena, Team &team)
    : executable(executable), arena(arena), team(team), buffers(UINT16_MAX) {}

void Executor::runKernel(const TrainCommand &command) {
  KernelCall call = {executable.kernels[command.entry], buffers.data(),
                     commandParams(command), command.extent, command.grain};
  // One grain is one thread's work: waking the others would only cost time.
  if (command.extent <= command.grain || team.threads() == 1) {
    if (command.extent > 0)
      call.kernel(call.buffers, call.params, 0, command.extent);
    return;
  }
  team.run(kernelThread, &call);
}

Status Executor::runCommand(const TrainProgram &program, const TrainCommand &command,
                            const InputLoader &load, int64_t &microBatch) {
  const uint64_t *operands = commandOperands(command);
  for (uint32_t i = 0; i < command.operand_count; ++i)
    buffers[i] = arena + operands[i];
  switch (command.kind) {
  case TRAIN_COMMAND_KERNEL:
    runKernel(command);
    return Status::success();
  case TRAIN_COMMAND_LIBRARY:
    return runLibrary(TrainLibrary(command.entry), buffers.data(), commandParams(command),
                      team);
  case TRAIN_COMMAND_LOAD_INPUTS:
    TRAIN_RT_RETURN_IF_ERROR(load(program, microBatch++));
    return finiteCheck ? finiteCheck->checkInputs(program) : Status::success();
  }
  return Status::success();
}

uint32_t firstUpdate(const TrainExecutable &executable, const TrainProgram &program) {
  uint32_t first = program.command_count;
  for (uint64_t i = 0; i < program.write_count; ++i) {
    const TrainWrite &write = program.writes[i];
    for (uint32_t s = 0; s < executable.symbol_count && write.first < first; ++s) {
      const TrainTensor &tensor = executable.symbols[s].tensor;
      if (write.offset < tensor.offset + tensor.bytes &&
          tensor.offset < write.offset + write.bytes)
        first = write.first;
    }
  }
  return first;
}

Status Executor::run(const TrainProgram &program, const InputLoader &load,
                     const Stop &stop, bool whole) {
  struct Loop {
    const uint8_t *body;
    uint32_t number;
    int64_t left;
  };
  Loop loops[maximumLoopDepth];
  int depth = 0;
  int64_t microBatch = 0;
  auto known = updates.find(&program);
  if (known == updates.end())
    known = updates.emplace(&program, firstUpdate(executable, program)).first;
  touched = false;
  if (finiteCheck)
    finiteCheck->beginPass(program);
  if (program.input_count && countInputLoads(program) == 0)
    TRAIN_RT_RETURN_IF_ERROR(load(program, microBatch++));

  const auto *bytes = static_cast<const uint8_t *>(program.commands);
  for (uint32_t number = 0; number < program.command_count; ++number) {
    const auto &command = *reinterpret_cast<const TrainCommand *>(bytes);
    bytes += commandBytes(command);
    if (command.kind == TRAIN_COMMAND_LOOP_BEGIN) {
      loops[depth++] = {bytes, number, command.extent - 1};
      continue;
    }
    if (command.kind == TRAIN_COMMAND_LOOP_END) {
      Loop &loop = loops[depth - 1];
      if (loop.left-- > 0) {
        bytes = loop.body;
        number = loop.number;
      } else {
        --depth;
      }
      continue;
    }
    if (!touched || !whole)
      TRAIN_RT_RETURN_IF_ERROR(stop.check());
    touched |= number >= known->second;
    int64_t begin = profile ? steadyNanoseconds() : 0;
    Status status = runCommand(program, command, load, microBatch);
    if (!status.ok())
      return std::move(status).context(format(
          "%s at %s (program '%s', command %u)", executable.locations[command.name],
          executable.locations[command.location], program.name, number));
    if (profile)
      profile->record(program, command, begin, steadyNanoseconds());
    if (finiteCheck)
      TRAIN_RT_RETURN_IF_ERROR(finiteCheck->checkCommand(program, command, number));
  }
  return Status::success();
}

} // namespace train::rt
