// SIGINT and SIGTERM ask the training to end after the step at hand.
#ifndef TRAIN_RT_SIGNALS_H
#define TRAIN_RT_SIGNALS_H

namespace train::rt {

/// The first SIGINT or SIGTERM from now on is remembered; the second has its default
/// effect and ends the process at once. SIGPIPE is ignored: writing to a closed pipe is
/// an error of the write.
void installSignalHandlers();

/// The signal that arrived, or 0.
int pendingSignal();

} // namespace train::rt

#endif // TRAIN_RT_SIGNALS_H
