// What our tools do when the system refuses memory: one error and a documented exit code.
// LLVM aborts, and MLIR follows a null pointer where an operation is created; neither
// tells a user under a memory limit what happened.
#ifndef TRAIN_IR_EXHAUSTION_H
#define TRAIN_IR_EXHAUSTION_H

namespace train {

/// From now on memory that is refused, and whatever else LLVM cannot go on from, ends the
/// process with one error, `TOOL: error: REASON`, and this exit code, and removes
/// unfinished output files, instead of aborting. A program that links this function has
/// its `malloc` watched for small requests from its first instruction on; before the call
/// the exit code is 1. Of several calls the last one names tool and code.
void endWithErrorOnExhaustion(const char *tool, int code);

} // namespace train

#endif // TRAIN_IR_EXHAUSTION_H
