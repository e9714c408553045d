// Two trainings written by hand against the ABI, as the compiler would emit them: a
// linear regression with momentum, and a bigram language model over bytes. They let the
// whole runtime run in its own tests, without a compiler and without libraries.
#ifndef TRAIN_TEST_TOY_H
#define TRAIN_TEST_TOY_H

#include "train/Runtime/Abi.h"

#include <cstdint>
#include <string>
#include <vector>

namespace train::toy {

/// Appends commands in the layout of the ABI.
class Commands {
public:
  struct Header {
    TrainCommandKind kind;
    uint16_t entry = 0;
    int64_t extent = 0;
    int64_t grain = 1;
    uint32_t name = 0;
  };
  void add(const Header &header, const std::vector<uint64_t> &operands = {},
           const std::vector<int64_t> &params = {});
  /// Notes that the last command writes this tensor.
  void write(const TrainTensor &tensor);
  const void *data() const { return words.data(); }
  uint64_t bytes() const { return words.size() * 8; }
  uint32_t count() const { return number; }
  std::vector<uint64_t> words;
  std::vector<TrainWrite> writes;

private:
  uint32_t number = 0;
};

/// An executable with everything that it points to. Tests may change any part before it
/// is used; finish() points the structs at the vectors again.
struct Toy {
  TrainExecutable executable = {};
  std::vector<TrainSymbol> symbols;
  std::vector<TrainProgram> programs;
  std::vector<std::vector<TrainInput>> inputs;
  std::vector<std::vector<TrainTensor>> outputs;
  std::vector<Commands> commands;
  std::vector<TrainKernel> kernels;
  std::vector<const char *> locations;

  Toy() = default;
  Toy(const Toy &) = delete;
  void finish();
};

/// Called by the regression's step once its gradient is there, and before it changes a
/// symbol. Null unless a test sets it.
extern void (*beforeUpdate)();

/// Fits labels [b] = x [b,3] . weight + bias over N micro-batches of b samples, by SGD
/// with momentum: parameters "model.weight" [3] (normal) and "model.bias" [], optimizer
/// slots, a step counter, and the outputs loss and grad_norm. STEP and EVAL programs.
void makeRegression(Toy &toy, int64_t samples = 4, int64_t microBatches = 3,
                    uint32_t threads = 2);

/// Predicts the next byte from the last one: parameter "table" [256,256]. Inputs tokens
/// and labels i32 [b,T]; STEP, EVAL, and PREDICT with logits [b,T,256].
void makeBigram(Toy &toy, int64_t samples = 2, int64_t window = 16, uint32_t threads = 2);

} // namespace train::toy

#endif // TRAIN_TEST_TOY_H
