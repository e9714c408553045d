// Where the time went: a table per op for --profile, and a timeline for --trace.
#ifndef TRAIN_RT_PROFILE_H
#define TRAIN_RT_PROFILE_H

#include "train/Runtime/Abi.h"
#include "train/rt/File.h"
#include "train/rt/Status.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace train::rt {

/// Collects the time of each command by what it is and where it comes from, and writes
/// each as an event of a Chrome trace if one is open.
class Profile {
public:
  explicit Profile(const TrainExecutable &executable) : executable(executable) {}
  /// Ends the trace like close, so that it is valid JSON whatever the run came to.
  ~Profile() { (void)close(); }
  Profile(const Profile &) = delete;
  Profile &operator=(const Profile &) = delete;

  /// Starts a trace (JSON array format, microseconds, readable by chrome://tracing and
  /// Perfetto). It holds the first `maximumEvents` commands: a trace of a whole training
  /// would be larger than its checkpoints.
  Status openTrace(const std::string &path);
  static constexpr uint64_t maximumEvents = 500000;

  /// One command ran from `begin` to `end` nanoseconds of a steady clock. A trace that
  /// cannot be written is no failure of the command: it ends there, and takeError tells.
  void record(const TrainProgram &program, const TrainCommand &command, int64_t begin,
              int64_t end);

  /// The error that ended the trace, once.
  Status takeError() { return std::exchange(error, Status::success()); }

  /// Ends the trace so that it is valid JSON. Also returns an error that nobody took.
  Status close();

  /// Two tables: by name, then the `lines` most expensive source locations. Columns:
  /// milliseconds, share of all time in commands, calls.
  std::string table(size_t lines = 30) const;

private:
  struct Entry {
    int64_t nanoseconds = 0;
    int64_t calls = 0;
  };
  const TrainExecutable &executable;
  std::map<std::pair<uint32_t, uint32_t>, Entry> entries; ///< by name and location
  void writePending();

  std::optional<File> trace;
  Status error;
  std::string pending;  ///< trace text not yet written
  uint64_t written = 0; ///< bytes of whole events in the file
  uint64_t events = 0;
};

} // namespace train::rt

#endif // TRAIN_RT_PROFILE_H
