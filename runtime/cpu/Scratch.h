// The packing buffers of the matrix products: kGemmScratchBytes for each thread, the
// only memory that the CPU backend takes outside the arena.
#ifndef TRAIN_RUNTIME_CPU_SCRATCH_H
#define TRAIN_RUNTIME_CPU_SCRATCH_H

#include "train/rt/Status.h"

namespace train::cpu {

/// Makes sure that threads [0, threads) have their buffers. Called when a team is made.
rt::Status reserveScratch(int threads);

/// The buffer of one thread, aligned to 64 bytes.
float *threadScratch(int thread);

} // namespace train::cpu

#endif // TRAIN_RUNTIME_CPU_SCRATCH_H
