// The team of threads: workers that spin for a short while after each call, because the
// next usually follows within microseconds, and then sleep in the kernel. Our own rather
// than OpenMP's, whose waiting policy is fixed by an environment variable before main:
// ranks that share a machine must not spin for milliseconds against each other.
// Measurements: docs/rationale/cpu-libraries.md.
#include "Scratch.h"
#include "SimdKernels.h"
#include "train/rt/Backend.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdlib>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace train::cpu {
namespace {

float *scratchBase = nullptr;
int scratchThreads = 0;

} // namespace

rt::Status reserveScratch(int threads) {
  if (threads <= scratchThreads)
    return rt::Status::success();
  size_t bytes = static_cast<size_t>(threads) * kGemmScratchBytes;
  void *memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return rt::Status::error(rt::ErrorKind::Io, "the system refused " +
                                                    std::to_string(bytes) +
                                                    " bytes for the packing buffers of " +
                                                    std::to_string(threads) + " threads");
  if (scratchBase)
    munmap(scratchBase, static_cast<size_t>(scratchThreads) * kGemmScratchBytes);
  scratchBase = static_cast<float *>(memory);
  scratchThreads = threads;
  return rt::Status::success();
}

float *threadScratch(int thread) {
  return scratchBase + static_cast<size_t>(thread) * (kGemmScratchBytes / sizeof(float));
}

} // namespace train::cpu

namespace train::rt {
namespace {

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

void futexWait(std::atomic<uint32_t> &word, uint32_t seen) {
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAIT_PRIVATE, seen,
          nullptr, nullptr, 0);
}

void futexWakeAll(std::atomic<uint32_t> &word) {
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAKE_PRIVATE, INT_MAX,
          nullptr, nullptr, 0);
}

int availableCpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0)
    return 1;
  return CPU_COUNT(&set);
}

} // namespace

struct Team::Pool {
  // One word per direction, each on its own cache line. `epoch` counts the calls;
  // `running` counts the workers that have not finished the current one.
  alignas(64) std::atomic<uint32_t> epoch{0};
  std::atomic<uint32_t> sleepers{0};
  Function fn = nullptr;
  void *ctx = nullptr;
  bool stop = false;
  alignas(64) std::atomic<uint32_t> running{0};
  std::atomic<uint32_t> callerSleeps{0};
  int threads = 1;
  int spins = 0;
  std::vector<std::thread> workers;

  void work(int index) {
    uint32_t seen = 0;
    for (;;) {
      for (int i = 0; i < spins && epoch.load(std::memory_order_acquire) == seen; ++i)
        pause();
      while (epoch.load(std::memory_order_acquire) == seen) {
        // Sequentially consistent with run(): either it sees the sleeper, or the wait
        // sees the new epoch and returns at once.
        sleepers.fetch_add(1);
        futexWait(epoch, seen);
        sleepers.fetch_sub(1);
      }
      ++seen;
      if (stop)
        return;
      fn(ctx, index, threads);
      if (running.fetch_sub(1) == 1 && callerSleeps.load() != 0)
        futexWakeAll(running);
    }
  }

  void start() {
    running.store(static_cast<uint32_t>(workers.size()));
    epoch.fetch_add(1);
    if (sleepers.load() != 0)
      futexWakeAll(epoch);
  }

  void join() {
    stop = true;
    start();
    for (std::thread &worker : workers)
      worker.join();
  }
};

Result<std::unique_ptr<Team>> Team::create(int threads) {
  if (threads < 1)
    return Status::error(ErrorKind::Usage, "a team needs at least 1 thread, not " +
                                               std::to_string(threads));
  if (!cpu::simdKernels())
    return Status::error(ErrorKind::Incompatible,
                         "this CPU has neither AVX2 with FMA nor AVX-512");
  if (Status status = cpu::reserveScratch(threads); !status.ok())
    return status;
  auto team = std::unique_ptr<Team>(new Team(threads));
  team->pool = new Pool;
  Pool &pool = *team->pool;
  pool.threads = threads;
  // Spinning on a CPU that another thread of the team needs only delays it. About 50
  // microseconds: longer than the gaps between commands, shorter than a time slice.
  pool.spins = threads <= availableCpus() ? 2000 : 0;
  // Workers count in `workers` before they exist for start(); none runs before the vector
  // is complete because the first epoch comes with the first run.
  for (int index = 1; index < threads; ++index) {
    try {
      pool.workers.emplace_back([&pool, index] { pool.work(index); });
    } catch (const std::system_error &error) {
      return Status::error(ErrorKind::Io, "cannot start thread " + std::to_string(index) +
                                              " of " + std::to_string(threads) + ": " +
                                              error.what());
    }
  }
  return team;
}

Team::~Team() {
  if (!pool)
    return;
  pool->join();
  delete pool;
}

void Team::run(Function fn, void *ctx) {
  Pool &shared = *pool;
  if (shared.workers.empty()) {
    fn(ctx, 0, 1);
    return;
  }
  shared.fn = fn;
  shared.ctx = ctx;
  shared.start();
  fn(ctx, 0, shared.threads);
  for (int i = 0; i < shared.spins && shared.running.load(std::memory_order_acquire) != 0;
       ++i)
    pause();
  if (shared.running.load(std::memory_order_acquire) == 0)
    return;
  shared.callerSleeps.store(1);
  for (uint32_t left = shared.running.load(); left != 0; left = shared.running.load())
    futexWait(shared.running, left);
  shared.callerSleeps.store(0);
}

} // namespace train::rt
