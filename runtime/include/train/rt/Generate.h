// Text from a trained language model.
#ifndef TRAIN_RT_GENERATE_H
#define TRAIN_RT_GENERATE_H

#include "train/Runtime/Abi.h"
#include "train/rt/Session.h"
#include "train/rt/Status.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace train::rt {

struct GenerateOptions {
  int64_t count = 0;
  std::string prompt;
  double temperature = 1; ///< 0: always the most likely token
  int64_t topK = 0;       ///< choose among the k most likely; 0: among all
  uint64_t seed = 0;
  bool bytes = false;    ///< tokens are bytes, whatever the vocabulary
  bool allowNan = false; ///< go on where the logits are not finite
};

/// Whether generate can work with this program and this prompt. The error says why not.
Status checkGeneration(const TrainProgram &program, const GenerateOptions &options);

/// Generates tokens with a PREDICT program that has an integer input `tokens` [b,T] and
/// an f32 output `logits` [b,T,V]. A model of 256 tokens, or options.bytes, takes the
/// prompt as text and emits text; any other takes and emits token ids. The prompt stands
/// at the left of the window; once it is full, it slides. `emit` receives the prompt and
/// then each token as text. A stop is an error of its kind, after what was generated
/// until then. The result is a function of parameters, prompt and seed.
Status generate(Session &session, const TrainProgram &program,
                const GenerateOptions &options,
                const std::function<Status(const std::string &)> &emit, const Stop &stop);

/// One token from logits[0..count): `random` in [0, 1) decides. Exposed for tests. Equal
/// logits are taken in ascending order of their ids. NaN counts as minus infinity.
int64_t sampleToken(const float *logits, int64_t count, double temperature, int64_t topK,
                    double random);

} // namespace train::rt

#endif // TRAIN_RT_GENERATE_H
