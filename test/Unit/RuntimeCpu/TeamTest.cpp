// The team: every thread runs once per call, effects are visible, and threads that
// outnumber the CPUs still make progress.
#include "Support.h"

#include <atomic>
#include <chrono>
#include <thread>

using namespace train;
using namespace train::test;

TEST(Team, RunsEachThreadOnce) {
  for (int threads : {1, 2, 3, 8}) {
    for (int round = 0; round < 200; ++round) {
      std::vector<int> calls(static_cast<size_t>(threads), 0);
      team(threads).run(
          [](void *ctx, int thread, int count) {
            auto &seen = *static_cast<std::vector<int> *>(ctx);
            ASSERT_EQ(count, static_cast<int>(seen.size()));
            ++seen[static_cast<size_t>(thread)];
          },
          &calls);
      for (int count : calls)
        ASSERT_EQ(count, 1);
    }
  }
}

TEST(Team, WakesSleepingWorkers) {
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1)); // longer than they spin
    std::atomic<int> calls{0};
    team(2).run([](void *ctx, int, int) { ++*static_cast<std::atomic<int> *>(ctx); },
                &calls);
    EXPECT_EQ(calls.load(), 2);
  }
}

TEST(Team, WaitsForSlowWorkers) {
  std::atomic<int> calls{0};
  team(2).run(
      [](void *ctx, int thread, int) {
        if (thread == 1)
          std::this_thread::sleep_for(std::chrono::milliseconds(20));
        ++*static_cast<std::atomic<int> *>(ctx);
      },
      &calls);
  EXPECT_EQ(calls.load(), 2);
}

TEST(Team, RefusesNoThreads) {
  auto result = rt::Team::create(0);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.message(), "a team needs at least 1 thread, not 0");
}
