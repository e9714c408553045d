// A running executable: arena, team and executor together, and the three things that can
// be done with them: one optimizer step, one evaluation, one prediction.
#ifndef TRAIN_RT_SESSION_H
#define TRAIN_RT_SESSION_H

#include "train/Runtime/Abi.h"
#include "train/rt/Arena.h"
#include "train/rt/Backend.h"
#include "train/rt/DataSet.h"
#include "train/rt/Executor.h"
#include "train/rt/Profile.h"

#include <functional>
#include <memory>
#include <optional>

namespace train::rt {

class Session {
public:
  /// Starts the team and allocates the arena. The executable must have passed
  /// validateExecutable and checkMachine, and outlive the session.
  static Result<std::unique_ptr<Session>> create(const TrainExecutable &executable);

  const TrainExecutable &executable() const { return description; }
  uint8_t *arena() const { return memory.data(); }
  uint64_t arenaResidentBytes() const { return memory.residentBytes(); }
  Team &team() const { return *threads; }
  /// Records times from now on, or no longer for null.
  void setProfile(Profile *newProfile) {
    profile = newProfile;
    executor.setProfile(newProfile);
  }
  /// Why the trace of the profile ended early, once. To be asked between steps.
  Status takeProfileError() { return profile ? profile->takeError() : Status::success(); }
  /// Whether the last pass got as far as changing a symbol.
  bool touchedSymbols() const { return executor.touchedSymbols(); }
  /// Looks for NaNs after each command from now on.
  void findNans() {
    finiteCheck.emplace(description, arena(), *threads);
    executor.setFiniteCheck(&*finiteCheck);
  }
  /// The search that findNans started, or null.
  FiniteCheck *nanSearch() { return finiteCheck ? &*finiteCheck : nullptr; }

  struct StepInputs {
    int64_t step = 0;     ///< counted from 0: part of the random key
    int64_t position = 0; ///< samples consumed before this step
    uint64_t seed = 0;
    float rate = 0;
    SampleOrder order = SampleOrder::Shuffled;
  };
  struct StepOutputs {
    float loss = 0;
    std::optional<float> gradNorm;
    std::optional<double> lossScale;
    std::optional<bool> skipped;
    /// Whether the step was skipped at a loss scale that cannot become smaller; nothing
    /// where the scale does not move.
    std::optional<bool> exhausted;
  };
  /// One pass over the STEP program. Micro-batch m of the step holds the samples at
  /// positions position + m * samples ... of that order. `data` may have no
  /// samples where the program has no DATA inputs. `stop` and `whole` are those of
  /// Executor::run.
  Result<StepOutputs> step(const TrainProgram &program, const DataSet &data,
                           const StepInputs &inputs, const Stop &stop, bool whole);

  /// The mean loss of the EVAL program over the samples in file order, in whole
  /// micro-batches; samples of a last, partial one are left out. At most `batches` passes
  /// if above 0.
  Result<double> evaluate(const TrainProgram &program, const DataSet &data,
                          int64_t batches, const Stop &stop);

  /// One pass over the PREDICT program whose inputs `fill` writes into the arena.
  Status predict(const TrainProgram &program, const std::function<void()> &fill,
                 const Stop &stop);

private:
  Session(const TrainExecutable &executable, Arena arena, std::unique_ptr<Team> team);
  void setScalars(const TrainProgram &program, uint64_t seed, int64_t step,
                  int64_t sample);

  const TrainExecutable &description;
  Arena memory;
  std::unique_ptr<Team> threads;
  Executor executor;
  std::optional<FiniteCheck> finiteCheck;
  Profile *profile = nullptr;
};

/// Whether there are enough samples for one pass of an EVAL program.
Status checkEvaluation(const TrainProgram &program, const DataSet &data);

/// Samples that one step consumes.
inline int64_t samplesPerStep(const TrainProgram &program) {
  return program.micro_batches * program.samples;
}

/// Tokens that one step consumes; nothing for a program that does not look like a
/// language model: one without integer inputs `tokens` of rank two or more.
std::optional<int64_t> tokensPerStep(const TrainProgram &program);

} // namespace train::rt

#endif // TRAIN_RT_SESSION_H
