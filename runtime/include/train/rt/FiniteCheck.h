// The search for the op that made the first NaN (--find-nan): looks at what each command
// wrote, right after it.
#ifndef TRAIN_RT_FINITECHECK_H
#define TRAIN_RT_FINITECHECK_H

#include "train/Runtime/Abi.h"
#include "train/rt/Backend.h"
#include "train/rt/Status.h"

#include <cstdint>
#include <string>

namespace train::rt {

/// A NaN is an error wherever it appears. An infinity is none at first, since masks are
/// made of them; the first of each step is remembered, and told with the NaN or the loss
/// that it led to. In a program that skips steps that overflow, a NaN is remembered too:
/// the step itself says what became of it.
class FiniteCheck {
public:
  FiniteCheck(const TrainExecutable &executable, const uint8_t *arena, Team &team)
      : executable(executable), arena(arena), team(team) {}

  /// Looks at the parameters and all other symbols. The error names the symbol and the
  /// element.
  Status checkSymbols();
  /// Forgets what the step before had. To be called before each pass over a program.
  void beginPass(const TrainProgram &program);
  /// Looks at the inputs that were just loaded.
  Status checkInputs(const TrainProgram &program);
  /// Looks at what is complete since command `number` ran. The error, of kind Diverged,
  /// names the command, its source location and the element.
  Status checkCommand(const TrainProgram &program, const TrainCommand &command,
                      uint32_t number);
  /// Where the first infinity of this pass came from; empty if there is none.
  const std::string &firstInfinity() const { return infinity; }
  /// The first infinity and the first NaN of this pass; empty if there is neither.
  std::string firstOverflow() const;

private:
  Status check(uint64_t offset, uint64_t bytes, TrainType type, const std::string &what);

  const TrainExecutable &executable;
  const uint8_t *arena;
  Team &team;
  std::string infinity, nan;
  bool skipsSteps = false;
};

} // namespace train::rt

#endif // TRAIN_RT_FINITECHECK_H
