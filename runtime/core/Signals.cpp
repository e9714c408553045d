// Signal handling. See Signals.h.
#include "train/rt/Signals.h"

#include <csignal>

namespace train::rt {
namespace {

volatile std::sig_atomic_t pending = 0;
volatile std::sig_atomic_t handlesHangup = 0;

void remember(int signal) {
  pending = signal;
  // Whoever asks twice is not waiting for the step to end.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGXCPU, SIG_DFL);
  if (handlesHangup)
    std::signal(SIGHUP, SIG_DFL);
}

} // namespace

void installSignalHandlers() {
  pending = 0;
  struct sigaction action = {};
  action.sa_handler = remember;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGXCPU, &action, nullptr);
  // nohup ignores it, and means it.
  struct sigaction before;
  handlesHangup =
      sigaction(SIGHUP, nullptr, &before) == 0 && before.sa_handler != SIG_IGN;
  if (handlesHangup)
    sigaction(SIGHUP, &action, nullptr);
}

int pendingSignal() { return pending; }

} // namespace train::rt
