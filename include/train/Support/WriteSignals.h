//===- WriteSignals.h - failed writes are errors, not deaths ---------------===//
//
// Tools and trained executables alike tell a closed pipe and a full quota with the error
// of the write. Header-only, because the runtime has no library in common with the tools.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_SUPPORT_WRITESIGNALS_H
#define TRAIN_SUPPORT_WRITESIGNALS_H

#include <csignal>

namespace train {

/// Writing to a closed pipe, or beyond a limit on the size of files, is an error of the
/// write from now on.
inline void ignoreWriteSignals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

} // namespace train

#endif // TRAIN_SUPPORT_WRITESIGNALS_H
