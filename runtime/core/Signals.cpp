// Signal handling. See Signals.h.
#include "train/rt/Signals.h"

#include <csignal>

namespace train::rt {
namespace {

volatile std::sig_atomic_t pending = 0;

void remember(int signal) {
  pending = signal;
  // Whoever asks twice is not waiting for the step to end.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

} // namespace

void installSignalHandlers() {
  pending = 0;
  struct sigaction action = {};
  action.sa_handler = remember;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
}

int pendingSignal() { return pending; }

} // namespace train::rt
