// SIGINT, SIGTERM and the end of the terminal ask the training to end after the step at
// hand.
#ifndef TRAIN_RT_SIGNALS_H
#define TRAIN_RT_SIGNALS_H

namespace train::rt {

/// The first SIGINT, SIGTERM, SIGHUP or SIGXCPU (a limit on processor time) from now on
/// is remembered; the second has its default effect and ends the process at once. A
/// SIGHUP that is ignored (nohup) stays so.
void installSignalHandlers();

/// The signal that arrived, or 0.
int pendingSignal();

} // namespace train::rt

#endif // TRAIN_RT_SIGNALS_H
