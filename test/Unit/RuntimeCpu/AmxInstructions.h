// AMX instructions on machines without AMX: while one of these lives, a handler of SIGILL
// executes LDTILECFG, TILERELEASE, TILEZERO, TILELOADD, TILESTORED and TDPBF16PS as
// Intel's Software Developer's Manual, volume 2, describes them. So the machine code that
// the compiler made of our intrinsics runs in tests, its tile numbers, strides and
// configuration included. Where the CPU has AMX nothing traps.
#ifndef TRAIN_TEST_RUNTIMECPU_AMXINSTRUCTIONS_H
#define TRAIN_TEST_RUNTIMECPU_AMXINSTRUCTIONS_H

#include <csignal>
#include <cstdint>

namespace train::test {

/// One per process at a time. What it executes wrongly encoded, or outside of a
/// configuration, ends the process with SIGILL as the hardware would.
class AmxInstructions {
public:
  AmxInstructions();
  ~AmxInstructions();
  AmxInstructions(const AmxInstructions &) = delete;
  AmxInstructions &operator=(const AmxInstructions &) = delete;

  /// Whether this CPU executes them itself, with the system's permission.
  bool native() const { return isNative; }
  /// TDPBF16PS so far, of all threads; 0 where native.
  int64_t products() const;
  /// Whether this thread's tiles are configured; false where native.
  bool configured() const;

private:
  bool isNative;
  struct sigaction before;
};

} // namespace train::test

#endif // TRAIN_TEST_RUNTIMECPU_AMXINSTRUCTIONS_H
