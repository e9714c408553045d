// Checks a TrainExecutable once, before anything is allocated or run, so that the
// executor can walk the commands without looking at bounds again.
#ifndef TRAIN_RT_VALIDATE_H
#define TRAIN_RT_VALIDATE_H

#include "train/Runtime/Abi.h"
#include "train/rt/Status.h"

namespace train::rt {

/// Every tensor lies inside the arena and has the bytes that its shape and type say;
/// every command lies inside its program, its entry exists, its operands are offsets
/// inside the arena, its name and location exist; loops are balanced; a program loads
/// inputs as often as it has micro-batches, or never; writes are in order, of commands
/// that exist, and inside the arena. The error names the program, the command's number
/// and its source location. An ABI version other than ours is the first thing refused,
/// since nothing else can be read then.
Status validateExecutable(const TrainExecutable &executable);

/// How often LOAD_INPUTS runs in one pass over a validated program.
int64_t countInputLoads(const TrainProgram &program);

/// The deepest nesting of loops that is accepted.
constexpr int maximumLoopDepth = 4;

/// The operands of a command, then its scalars; both follow its header.
inline const uint64_t *commandOperands(const TrainCommand &command) {
  return reinterpret_cast<const uint64_t *>(&command + 1);
}
inline const int64_t *commandParams(const TrainCommand &command) {
  return reinterpret_cast<const int64_t *>(commandOperands(command) +
                                           command.operand_count);
}
inline uint64_t commandBytes(const TrainCommand &command) {
  return sizeof(TrainCommand) +
         8 * (uint64_t(command.operand_count) + command.param_count);
}

} // namespace train::rt

#endif // TRAIN_RT_VALIDATE_H
