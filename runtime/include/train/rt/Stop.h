// When the work at hand shall end before it is complete: at a time limit, or after a
// signal. Asked between commands, so that neither a long step nor a long evaluation has
// to be waited for.
#ifndef TRAIN_RT_STOP_H
#define TRAIN_RT_STOP_H

#include "train/rt/Status.h"

#include <cstdint>

namespace train::rt {

class Stop {
public:
  /// Never.
  Stop() = default;
  /// At `deadline` nanoseconds of the steady clock, if above 0, and where `signals` also
  /// after one of those of Signals.h.
  Stop(int64_t deadline, bool signals) : deadline(deadline), signals(signals) {}

  /// Success, or an error of kind TimedOut or Interrupted.
  Status check() const;

private:
  int64_t deadline = 0;
  bool signals = false;
};

/// Whether an error is no failure, but work that was ended as asked.
inline bool isStop(const Status &status) {
  return !status.ok() && (status.kind() == ErrorKind::TimedOut ||
                          status.kind() == ErrorKind::Interrupted);
}

} // namespace train::rt

#endif // TRAIN_RT_STOP_H
