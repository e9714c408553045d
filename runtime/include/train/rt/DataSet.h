// The user's data as samples of a program: which file feeds which input, how many
// samples there are, and how the rows of a micro-batch get into the arena.
#ifndef TRAIN_RT_DATASET_H
#define TRAIN_RT_DATASET_H

#include "train/Runtime/Abi.h"
#include "train/rt/ArrayFile.h"
#include "train/rt/Status.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace train::rt {

class DataSet {
public:
  /// Binds files to the DATA inputs of a program. A specification is FILE or INPUT:FILE.
  ///
  /// One file without an input's name serves a program whose inputs are `tokens` and
  /// `labels` as a stream: sample i is tokens[i*T, i*T+T), its labels are the same
  /// window one token later. Otherwise the first dimension of a .npy counts the samples
  /// and the others are the input's shape without the batch; token and byte files are
  /// cut into rows of that size. All inputs must have as many samples.
  static Result<DataSet> open(const TrainProgram &program,
                              const std::vector<std::string> &specifications);

  /// Samples in the files; 0 for a program without DATA inputs.
  int64_t samples() const { return sampleCount; }
  /// Whether the tokens come from a file that was read as plain bytes.
  bool isText() const { return text; }

  /// Copies samples rows[0..count) into the DATA inputs of the program, converted to
  /// their types, where count is the program's micro-batch. Errors name the file, the
  /// position in elements and the value: an id that is neither in the input's vocabulary
  /// nor its ignored label, or a value that the input's type cannot hold.
  Status load(uint8_t *arena, const TrainProgram &program, const int64_t *rows) const;

private:
  struct Binding {
    uint32_t input;
    std::shared_ptr<const ArrayFile> array;
    int64_t rowElements;
    int64_t stride;     ///< elements from one sample to the next
    int64_t shift;      ///< elements before sample 0
    int32_t vocabulary; ///< ids must be in [0, vocabulary); -1: not checked
    int64_t ignored;    ///< one more id that may stand there; 0: none
  };
  Status bindStream(const TrainProgram &program, std::shared_ptr<const ArrayFile> array);
  Status bindRows(const TrainProgram &program, uint32_t input,
                  std::shared_ptr<const ArrayFile> array);
  Status loadRow(const Binding &binding, const TrainInput &input, int64_t row,
                 uint8_t *target) const;

  std::vector<Binding> bindings;
  mutable std::vector<uint8_t> scratch; ///< one row before its conversion
  int64_t sampleCount = 0;
  bool text = false;
};

/// The sample at `position` of the whole training: position / n is the epoch, and each
/// epoch visits all n samples in an order of its own.
int64_t shuffledSample(int64_t samples, uint64_t seed, int64_t position);

/// In which order an epoch visits the samples: one of its own each time, or that of the
/// files, for comparisons with other trainers and for data that were shuffled before.
enum class SampleOrder { Shuffled, File };

const char *orderName(SampleOrder order);
std::optional<SampleOrder> orderFromName(std::string_view name);

/// The sample at `position` in the given order; the seed matters where it shuffles.
int64_t sampleAt(SampleOrder order, int64_t samples, uint64_t seed, int64_t position);

} // namespace train::rt

#endif // TRAIN_RT_DATASET_H
