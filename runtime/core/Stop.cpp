// The end of work. See Stop.h.
#include "train/rt/Stop.h"

#include "train/rt/Signals.h"
#include "train/rt/System.h"

namespace train::rt {

Status Stop::check() const {
  if (signals && pendingSignal())
    return Status::error(ErrorKind::Interrupted, "interrupted by a signal");
  if (deadline > 0 && steadyNanoseconds() >= deadline)
    return Status::error(ErrorKind::TimedOut, "the time limit is over");
  return Status::success();
}

} // namespace train::rt
