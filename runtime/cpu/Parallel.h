// How the entries share their work: as numbered tasks that threads claim one after
// another. Which thread gets which task varies from run to run; no result may depend
// on it. Claiming, rather than fixed shares, keeps all threads busy when the machine
// disturbs one of them or when tasks differ in size.
#ifndef TRAIN_RUNTIME_CPU_PARALLEL_H
#define TRAIN_RUNTIME_CPU_PARALLEL_H

#include "train/rt/Backend.h"

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace train::cpu {

using rt::Status;
using rt::Team;

inline int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Calls body(task, thread) once for each task in [0, tasks).
template <typename Body> void forEachTask(Team &team, int64_t tasks, const Body &body) {
  if (tasks <= 1 || team.threads() == 1) {
    for (int64_t task = 0; task < tasks; ++task)
      body(task, 0);
    return;
  }
  struct Context {
    const Body &body;
    int64_t tasks;
    std::atomic<int64_t> next{0};
  } context{body, tasks};
  team.run(
      [](void *opaque, int thread, int) {
        auto &shared = *static_cast<Context *>(opaque);
        for (;;) {
          int64_t task = shared.next.fetch_add(1, std::memory_order_relaxed);
          if (task >= shared.tasks)
            return;
          shared.body(task, thread);
        }
      },
      &context);
}

/// Calls body(begin, end, thread) on ranges that cover [0, count), cut so that a range
/// has at least `grain` items and each thread gets a few.
template <typename Body>
void forEachRange(Team &team, int64_t count, int64_t grain, const Body &body) {
  int64_t pieces = std::min<int64_t>(ceilDiv(count, std::max<int64_t>(grain, 1)),
                                     team.threads() == 1 ? 1 : 4 * team.threads());
  if (pieces <= 0)
    return;
  forEachTask(team, pieces, [&](int64_t piece, int thread) {
    body(count * piece / pieces, count * (piece + 1) / pieces, thread);
  });
}

} // namespace train::cpu

#endif // TRAIN_RUNTIME_CPU_PARALLEL_H
