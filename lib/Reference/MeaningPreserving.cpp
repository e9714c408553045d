// The registry behind MeaningPreserving.h.
#include "train/Reference/MeaningPreserving.h"

#include "llvm/ADT/StringMap.h"

#include <mutex>

namespace train {
namespace {

struct Registry {
  std::mutex mutex;
  llvm::StringMap<double> tolerances;

  Registry() {
    for (const char *upstream : {"canonicalize", "cse", "symbol-dce", "sccp", "inline",
                                 "strip-debuginfo", "loop-invariant-code-motion"})
      tolerances[upstream] = 0;
  }
};

Registry &registry() {
  static Registry instance;
  return instance;
}

} // namespace

void registerMeaningPreserving(llvm::StringRef argument, double tolerance) {
  std::lock_guard<std::mutex> lock(registry().mutex);
  registry().tolerances[argument] = tolerance;
}

void withdrawMeaningPreserving(llvm::StringRef argument) {
  std::lock_guard<std::mutex> lock(registry().mutex);
  registry().tolerances.erase(argument);
}

std::optional<double> getMeaningPreservingTolerance(llvm::StringRef argument) {
  std::lock_guard<std::mutex> lock(registry().mutex);
  auto found = registry().tolerances.find(argument);
  return found == registry().tolerances.end() ? std::nullopt
                                              : std::optional<double>(found->second);
}

} // namespace train
