// What the machine can do at all, measured in the same run as the entries: the rate of
// fused multiply-adds in registers, and of bytes through memory.
#ifndef TRAIN_RUNTIME_CPU_BENCH_FLOOR_H
#define TRAIN_RUNTIME_CPU_BENCH_FLOOR_H

#include "train/rt/Backend.h"

#include <algorithm>
#include <ctime>

namespace train::bench {

/// With one thread, the CPU time of the calling thread, which other processes disturb
/// little; else the wall clock.
inline bool &singleThreaded() {
  static bool value = false;
  return value;
}
inline double seconds() {
  timespec now;
  clock_gettime(singleThreaded() ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// The shortest of several runs, about `budget` seconds in all: on a machine that others
/// use as well, the least disturbed run says what the code can do.
template <typename Body> double best(const Body &body, double budget = 0.3) {
  double shortest = 1e30, spent = 0;
  for (int round = 0; round < 3 || (spent < budget && round < 200); ++round) {
    double start = seconds();
    body();
    double took = seconds() - start;
    shortest = std::min(shortest, took);
    spent += took;
  }
  return shortest;
}

/// GFLOP/s of f32, all threads of the team together.
double multiplyAddPeak(rt::Team &team);
/// GB/s read and written: a copy (2 x 4 bytes per element), and a[i] = b[i] + s * c[i] (3
/// x 4).
double copyBandwidth(rt::Team &team);
double triadBandwidth(rt::Team &team);
/// GB/s read and written in place: an optimizer's mix of streams, four read and three
/// of them written.
double updateBandwidth(rt::Team &team);

} // namespace train::bench

#endif // TRAIN_RUNTIME_CPU_BENCH_FLOOR_H
