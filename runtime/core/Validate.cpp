// The checks of an executable. See Validate.h.
#include "train/rt/Validate.h"

#include "train/rt/Scalar.h"
#include "train/rt/Text.h"

#include <cstring>
#include <set>
#include <string>

namespace train::rt {
namespace {

// Operands and scalars of each library entry, in the order of TrainLibrary. The scalars
// of COPY depend on its rank and are checked apart.
struct LibraryShape {
  const char *name;
  uint16_t operands;
  uint16_t leastParams;
};
constexpr LibraryShape libraryShapes[TRAIN_LIBRARY_COUNT] = {
    {"matmul", 3, 12},
    {"conv2d", 4, 21},
    {"conv2d_transpose", 4, 21},
    {"conv2d_filter_grad", 4, 21},
    {"attention", 6, 9},
    {"attention_grad", 10, 9},
    {"copy", 2, 4},
    {"fill", 1, 3},
    {"embedding", 3, 5},
    {"embedding_grad", 4, 7},
    {"max_pool", 3, 21},
    {"max_pool_grad", 4, 21},
    {"avg_pool", 2, 21},
    {"avg_pool_grad", 3, 21},
    {"check_labels", 1, 4},
};

Status broken(const std::string &what) {
  return Status::error(ErrorKind::Incompatible, "broken executable: " + what);
}

Status checkTensor(const TrainTensor &tensor, uint64_t arenaBytes, const char *role) {
  if (!tensor.name)
    return broken(format("%s without a name", role));
  std::string what = format("%s '%s'", role, tensor.name);
  if (tensor.type > TRAIN_TYPE_BOOL)
    return broken(format("%s has unknown type %u", what.c_str(), tensor.type));
  if (tensor.rank > TRAIN_MAX_RANK)
    return broken(format("%s has rank %u, at most %d is supported", what.c_str(),
                         tensor.rank, TRAIN_MAX_RANK));
  uint64_t elements, bytes;
  if (!elementCount(tensor.shape, tensor.rank, elements) ||
      !checkedMultiply(elements, typeBytes(tensor.type), bytes) || bytes != tensor.bytes)
    return broken(format("%s of shape %s has %llu bytes", what.c_str(),
                         formatShape(tensor.shape, tensor.rank).c_str(),
                         (unsigned long long)tensor.bytes));
  if (tensor.offset > arenaBytes || tensor.bytes > arenaBytes - tensor.offset)
    return broken(format("%s at offset %llu with %llu bytes exceeds the arena of %llu",
                         what.c_str(), (unsigned long long)tensor.offset,
                         (unsigned long long)tensor.bytes,
                         (unsigned long long)arenaBytes));
  return Status::success();
}

// A copy has as many elements as the parameter that it names, both of a float type.
Status checkCopy(const TrainExecutable &executable, const TrainSymbol &copy) {
  for (uint32_t i = 0; copy.owner && i < executable.symbol_count; ++i) {
    const TrainSymbol &master = executable.symbols[i];
    if (!master.tensor.name || std::strcmp(master.tensor.name, copy.owner) != 0)
      continue;
    bool same = master.role <= TRAIN_ROLE_FROZEN &&
                isFloat(scalarOf(TrainType(master.tensor.type))) &&
                isFloat(scalarOf(TrainType(copy.tensor.type))) &&
                master.tensor.bytes / typeBytes(master.tensor.type) ==
                    copy.tensor.bytes / typeBytes(copy.tensor.type);
    if (same)
      return Status::success();
  }
  return broken(format("symbol '%s' is the copy of no parameter", copy.tensor.name));
}

Status checkSymbols(const TrainExecutable &executable) {
  std::set<std::string> names;
  for (uint32_t i = 0; i < executable.symbol_count; ++i) {
    const TrainSymbol &symbol = executable.symbols[i];
    TRAIN_RT_RETURN_IF_ERROR(
        checkTensor(symbol.tensor, executable.arena_bytes, "symbol"));
    const char *name = symbol.tensor.name;
    if (!names.insert(name).second)
      return broken(format("symbol '%s' appears twice", name));
    if (symbol.role > TRAIN_ROLE_COPY)
      return broken(format("symbol '%s' has unknown role %u", name, symbol.role));
    if (symbol.init > TRAIN_INIT_COPY ||
        (symbol.init == TRAIN_INIT_LITERAL && !symbol.init_data && symbol.tensor.bytes) ||
        (symbol.init == TRAIN_INIT_COPY) != (symbol.role == TRAIN_ROLE_COPY))
      return broken(format("symbol '%s' has no valid initial value", name));
    if (symbol.role == TRAIN_ROLE_COPY)
      TRAIN_RT_RETURN_IF_ERROR(checkCopy(executable, symbol));
  }
  return Status::success();
}

Status checkInputs(const TrainExecutable &executable, const TrainProgram &program) {
  for (uint32_t i = 0; i < program.input_count; ++i) {
    const TrainInput &input = program.inputs[i];
    const TrainTensor &tensor = input.tensor;
    TRAIN_RT_RETURN_IF_ERROR(checkTensor(tensor, executable.arena_bytes, "input"));
    if (input.role == TRAIN_INPUT_LEARNING_RATE) {
      if (tensor.type != TRAIN_TYPE_F32 || tensor.bytes != 4)
        return broken("the learning rate is not one f32");
    } else if (input.role == TRAIN_INPUT_RANDOM_KEY) {
      if (tensor.type != TRAIN_TYPE_I64 || tensor.bytes != 24)
        return broken("the random key is not i64[3]");
    } else if (input.role != TRAIN_INPUT_DATA) {
      return broken(format("input '%s' has unknown role %u", tensor.name, input.role));
    } else if (tensor.rank < 1 || tensor.shape[0] != program.samples) {
      return broken(format("input '%s' of shape %s does not start with the %lld samples "
                           "of a micro-batch",
                           tensor.name, formatShape(tensor.shape, tensor.rank).c_str(),
                           (long long)program.samples));
    }
  }
  for (uint32_t i = 0; i < program.output_count; ++i)
    TRAIN_RT_RETURN_IF_ERROR(
        checkTensor(program.outputs[i], executable.arena_bytes, "output"));
  return Status::success();
}

Status checkLibrary(const TrainCommand &command) {
  if (command.entry >= TRAIN_LIBRARY_COUNT)
    return broken(format("library entry %u of %d", command.entry, TRAIN_LIBRARY_COUNT));
  const LibraryShape &shape = libraryShapes[command.entry];
  uint64_t params = shape.leastParams;
  if (command.entry == TRAIN_LIBRARY_COPY && command.param_count >= 4) {
    int64_t rank = commandParams(command)[1];
    if (rank < 0 || rank > TRAIN_MAX_RANK)
      return broken(format("copy of rank %lld", (long long)rank));
    params = 4 + 3 * uint64_t(rank);
  }
  if (command.operand_count != shape.operands || command.param_count < params)
    return broken(format("%s with %u operands and %u params, expected %u and %llu",
                         shape.name, command.operand_count, command.param_count,
                         shape.operands, (unsigned long long)params));
  return Status::success();
}

Status checkCommand(const TrainExecutable &executable, const TrainCommand &command) {
  if (command.location >= executable.location_count ||
      command.name >= executable.location_count)
    return broken(format("name %u or location %u of %u", command.name, command.location,
                         executable.location_count));
  const uint64_t *operands = commandOperands(command);
  for (uint32_t i = 0; i < command.operand_count; ++i)
    if (operands[i] >= executable.arena_bytes)
      return broken(format("operand %u at offset %llu exceeds the arena of %llu bytes", i,
                           (unsigned long long)operands[i],
                           (unsigned long long)executable.arena_bytes));
  switch (command.kind) {
  case TRAIN_COMMAND_KERNEL:
    if (command.entry >= executable.kernel_count || !executable.kernels[command.entry])
      return broken(format("kernel %u of %u", command.entry, executable.kernel_count));
    if (command.extent < 0 || command.grain < 1)
      return broken(format("kernel over %lld items in grains of %lld",
                           (long long)command.extent, (long long)command.grain));
    return Status::success();
  case TRAIN_COMMAND_LIBRARY:
    return checkLibrary(command);
  case TRAIN_COMMAND_LOOP_BEGIN:
    if (command.extent < 1)
      return broken(format("loop of %lld micro-batches", (long long)command.extent));
    return Status::success();
  case TRAIN_COMMAND_LOOP_END:
  case TRAIN_COMMAND_LOAD_INPUTS:
    return Status::success();
  }
  return broken(format("unknown command kind %u", command.kind));
}

Status checkCommands(const TrainExecutable &executable, const TrainProgram &program) {
  if (program.command_bytes && reinterpret_cast<uintptr_t>(program.commands) % 8 != 0)
    return broken("commands are not 8-byte aligned");
  const auto *bytes = static_cast<const uint8_t *>(program.commands);
  uint64_t position = 0;
  int depth = 0;
  for (uint32_t number = 0; number < program.command_count; ++number) {
    auto here = format("command %u of %u", number, program.command_count);
    uint64_t left = program.command_bytes - position;
    const auto &command = *reinterpret_cast<const TrainCommand *>(bytes + position);
    if (left < sizeof(TrainCommand) || left < commandBytes(command))
      return broken("truncated").context(here);
    Status status = checkCommand(executable, command);
    if (!status.ok()) {
      if (command.location < executable.location_count)
        here += format(" (%s)", executable.locations[command.location]);
      return std::move(status).context(here);
    }
    depth += command.kind == TRAIN_COMMAND_LOOP_BEGIN;
    depth -= command.kind == TRAIN_COMMAND_LOOP_END;
    if (depth < 0)
      return broken("end of a loop that never began").context(here);
    if (depth > maximumLoopDepth)
      return broken("loops nested too deep").context(here);
    position += commandBytes(command);
  }
  if (depth != 0)
    return broken("a loop without an end");
  if (position != program.command_bytes)
    return broken(format("%llu bytes of commands, %llu used",
                         (unsigned long long)program.command_bytes,
                         (unsigned long long)position));
  int64_t loads = countInputLoads(program);
  if (program.kind == TRAIN_PROGRAM_STEP && loads != 0 && loads != program.micro_batches)
    return broken(format("inputs are loaded %lld times for %lld micro-batches",
                         (long long)loads, (long long)program.micro_batches));
  return Status::success();
}

Status checkWrites(const TrainExecutable &executable, const TrainProgram &program) {
  uint32_t before = 0;
  for (uint64_t i = 0; i < program.write_count; ++i) {
    const TrainWrite &write = program.writes[i];
    if (write.first > write.last || write.last < before ||
        write.last >= program.command_count || write.type > TRAIN_TYPE_BOOL ||
        write.offset > executable.arena_bytes ||
        write.bytes > executable.arena_bytes - write.offset ||
        write.bytes % typeBytes(write.type))
      return broken(format("write %llu of commands %u to %u is out of order or outside "
                           "the arena",
                           (unsigned long long)i, write.first, write.last));
    before = write.last;
  }
  return Status::success();
}

Status checkProgram(const TrainExecutable &executable, const TrainProgram &program) {
  if (program.kind > TRAIN_PROGRAM_PREDICT)
    return broken(format("unknown kind %u", program.kind));
  if (program.micro_batches < 1 || program.samples < 1)
    return broken(format("%lld micro-batches of %lld samples",
                         (long long)program.micro_batches, (long long)program.samples));
  TRAIN_RT_RETURN_IF_ERROR(checkInputs(executable, program));
  TRAIN_RT_RETURN_IF_ERROR(checkWrites(executable, program));
  return checkCommands(executable, program);
}

} // namespace

int64_t countInputLoads(const TrainProgram &program) {
  const auto *bytes = static_cast<const uint8_t *>(program.commands);
  int64_t loads = 0, factor = 1;
  int64_t factors[maximumLoopDepth + 1];
  int depth = 0;
  for (uint32_t number = 0; number < program.command_count; ++number) {
    const auto &command = *reinterpret_cast<const TrainCommand *>(bytes);
    if (command.kind == TRAIN_COMMAND_LOOP_BEGIN) {
      factors[depth++] = factor;
      // Absurd loops saturate: the sum then differs from any count of micro-batches.
      if (__builtin_mul_overflow(factor, command.extent, &factor))
        factor = INT64_MAX / 2;
    } else if (command.kind == TRAIN_COMMAND_LOOP_END) {
      factor = factors[--depth];
    } else if (command.kind == TRAIN_COMMAND_LOAD_INPUTS) {
      if (__builtin_add_overflow(loads, factor, &loads))
        loads = INT64_MAX / 2;
    }
    bytes += commandBytes(command);
  }
  return loads;
}

Status validateExecutable(const TrainExecutable &executable) {
  if (executable.abi_version != TRAIN_ABI_VERSION)
    return Status::error(ErrorKind::Incompatible,
                         format("compiled for runtime ABI %u, this runtime has %u: "
                                "compile it again",
                                executable.abi_version, TRAIN_ABI_VERSION));
  if (executable.threads < 1)
    return broken("compiled for 0 threads");
  TRAIN_RT_RETURN_IF_ERROR(checkSymbols(executable));
  for (uint32_t i = 0; i < executable.program_count; ++i) {
    const TrainProgram &program = executable.programs[i];
    TRAIN_RT_RETURN_IF_ERROR(
        checkProgram(executable, program).context(format("program '%s'", program.name)));
  }
  return Status::success();
}

} // namespace train::rt
