// The command line of a trained executable. Each option is defined once, here; the rest
// of the runtime reads this struct and never sees the command line.
#ifndef TRAIN_RT_OPTIONS_H
#define TRAIN_RT_OPTIONS_H

#include "train/rt/DataSet.h"
#include "train/rt/Schedule.h"
#include "train/rt/Status.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace train::rt {

struct Options {
  // Data.
  std::vector<std::string> data;
  std::vector<std::string> evalData;
  int64_t evalEvery = 0;
  int64_t evalBatches = 0; ///< 0: the whole file
  bool evalOnly = false;

  // Training. What is not given comes from the checkpoint on resume, else from
  // Schedule's defaults.
  std::optional<int64_t> steps;
  std::optional<double> rate;
  std::optional<ScheduleKind> schedule;
  std::optional<int64_t> warmupSteps;
  std::optional<double> minRate;
  std::optional<uint64_t> seed;
  std::optional<SampleOrder> order;
  bool allowNan = false;
  bool findNan = false;
  double timeout = 0; ///< seconds; 0: none

  // Files.
  std::string init;
  std::string checkpoint;
  int64_t saveEvery = 0;
  int64_t keep = 2;
  bool resume = false;
  std::string exportFile;

  // Generation.
  int64_t generate = 0;
  std::string prompt;
  double temperature = 1;
  int64_t topK = 0; ///< 0: all

  // What is written about the training.
  std::string log;
  std::string tensorboard;
  std::string trace;
  bool profile = false;
  int64_t hashEvery = 0;
  double peakFlops = 0; ///< 0: unknown
  bool printMemory = false;
  bool dryRun = false;

  /// The schedule of a new training.
  Schedule newSchedule() const;
  /// Overrides those parts of a schedule that were given on the command line.
  void override(Schedule &into) const;
};

/// Parses and checks the command line. Where it asks for help instead, `help` holds the
/// text to print and nothing else is to be done. All errors are of kind Usage; an unknown
/// option names the nearest known one.
Result<Options> parseOptions(int argc, const char *const *argv, const std::string &model,
                             std::string &help);

} // namespace train::rt

#endif // TRAIN_RT_OPTIONS_H
