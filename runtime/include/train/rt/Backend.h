// What the host-side runtime asks of a backend: a team of threads, and the library
// entries of the ABI. The CPU backend in runtime/cpu implements both without any foreign
// library (docs/rationale/cpu-libraries.md). The tests implement it in a few lines.
#ifndef TRAIN_RT_BACKEND_H
#define TRAIN_RT_BACKEND_H

#include "train/Runtime/Abi.h"
#include "train/rt/Status.h"

#include <cstdint>
#include <memory>
#include <string>

namespace train::rt {

/// A fixed number of threads that run one function at a time. The caller is thread 0
/// and takes part. Used from one thread of the process only.
class Team {
public:
  /// What each thread of the team calls: ctx as given to run, 0 <= thread < threads.
  using Function = void (*)(void *ctx, int thread, int threads);

  /// Makes the team; its threads are started here, not at the first run. Fails where
  /// `threads` is below 1 or the system refuses that many.
  static Result<std::unique_ptr<Team>> create(int threads);
  ~Team();
  Team(const Team &) = delete;
  Team &operator=(const Team &) = delete;

  int threads() const { return count; }

  /// Calls fn(ctx, t, threads()) once for each t and returns when all have returned.
  /// Everything written by them is then visible to the caller. Not reentrant.
  void run(Function fn, void *ctx);

private:
  explicit Team(int threads) : count(threads) {}
  int count;
  struct Pool; // the backend's threads
  Pool *pool = nullptr;
};

/// Makes the library entries compute as an executable was compiled to, by its
/// TrainExecutable::cpu_features: products of bf16 run on AMX tiles if these name
/// amx_bf16, and in chains of f32 multiply-adds, which have other bits, if they do not,
/// whatever the machine has. Called before a team is made; fails where the CPU has no
/// such tiles or the system refuses them.
Status prepareBackend(const char *cpuFeatures);

/// Runs one library entry of the ABI on the operands at `buffers` with the scalars at
/// `params` (counts and meaning: TrainLibrary in Abi.h). Errors say what the library
/// or the data refused; the executor adds the command and its source location.
Status runLibrary(TrainLibrary entry, void *const *buffers, const int64_t *params,
                  Team &team);

/// The foreign libraries that this process computes with, in the format of
/// TrainExecutable::library_versions; empty where there are none.
std::string libraryVersions();

} // namespace train::rt

#endif // TRAIN_RT_BACKEND_H
