// The smallest backend: a team that starts its threads anew for each run, and of the
// library only `fill`. It keeps the runtime's own tests free of any library.
#include "train/rt/Backend.h"

#include <cstring>
#include <thread>
#include <vector>

namespace train::rt {

Result<std::unique_ptr<Team>> Team::create(int threads) {
  if (threads < 1)
    return Status::error("a team needs at least one thread");
  return std::unique_ptr<Team>(new Team(threads));
}

Team::~Team() = default;

void Team::run(Function fn, void *ctx) {
  std::vector<std::thread> others;
  for (int thread = 1; thread < count; ++thread)
    others.emplace_back(fn, ctx, thread, count);
  fn(ctx, 0, count);
  for (std::thread &other : others)
    other.join();
}

Status prepareBackend(const char *) { return Status::success(); }

Status runLibrary(TrainLibrary entry, void *const *buffers, const int64_t *params,
                  Team &) {
  if (entry != TRAIN_LIBRARY_FILL)
    return Status::error("entry " + std::to_string(entry) + " is not in this backend");
  auto *target = static_cast<char *>(buffers[0]);
  for (int64_t i = 0; i < params[1]; ++i)
    std::memcpy(target + i * params[0], &params[2], size_t(params[0]));
  return Status::success();
}

std::string libraryVersions() { return "toy 1.0"; }

} // namespace train::rt
