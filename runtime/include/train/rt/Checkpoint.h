// Checkpoints that survive anything that may happen while they are written.
//
// A checkpoint is a directory step-XXXXXXXX with model.safetensors (parameters and
// running statistics), state.safetensors (optimizer, counters, other state) and
// manifest.json (position in the training, and length and CRC-32 of the other files). It
// is written under another name, made durable, and renamed: a directory of that name is
// always whole. Older ones are removed after that, and never the last.
#ifndef TRAIN_RT_CHECKPOINT_H
#define TRAIN_RT_CHECKPOINT_H

#include "train/Runtime/Abi.h"
#include "train/rt/DataSet.h"
#include "train/rt/Schedule.h"
#include "train/rt/Status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace train::rt {

/// What manifest.json says beside the files.
struct Manifest {
  int64_t step = 0;     ///< completed steps
  int64_t position = 0; ///< samples consumed
  int64_t samples = 0;  ///< in the data set, which determines the order of samples
  uint64_t seed = 0;
  SampleOrder order = SampleOrder::Shuffled;
  Schedule schedule;
  uint64_t fingerprint = 0; ///< of the executable that wrote it, for information
  std::string model;
};

class CheckpointDirectory {
public:
  CheckpointDirectory(CheckpointDirectory &&other) noexcept;
  CheckpointDirectory &operator=(CheckpointDirectory &&) = delete;
  ~CheckpointDirectory();

  /// What is to be done with a directory.
  enum class Use {
    Read,   ///< nothing is written: it must exist, and may be in use by a training
    Resume, ///< it must exist; locked against other processes, and checked to be writable
    Start   ///< made if missing, else as Resume
  };
  /// Opens the directory. `keep` >= 1 is how many checkpoints stay.
  static Result<CheckpointDirectory> open(const std::string &path, int64_t keep,
                                          Use use = Use::Start);

  /// The steps of the checkpoints there, ascending, valid or not.
  Result<std::vector<int64_t>> steps() const;

  /// Writes the symbols in the arena as the checkpoint of manifest.step. When this fails,
  /// for instance because the disk is full, all older checkpoints are still there.
  Status save(const TrainExecutable &executable, const uint8_t *arena,
              const Manifest &manifest);

  /// Loads the newest valid checkpoint. Each invalid one that is newer adds a note.
  /// Fails where none is valid, or where the newest valid one belongs to another model:
  /// then the symbols that differ are listed.
  Result<Manifest> loadNewest(const TrainExecutable &executable, uint8_t *arena,
                              std::vector<std::string> &notes) const;

  const std::string &path() const { return directory; }

private:
  CheckpointDirectory(std::string directory, int64_t keep, int descriptor)
      : directory(std::move(directory)), keep(keep), descriptor(descriptor) {}
  std::string checkpointPath(int64_t step) const;
  Status writeFiles(const std::string &temporary, const TrainExecutable &executable,
                    const uint8_t *arena, const Manifest &manifest);
  Status publish(const std::string &temporary, int64_t step);
  Status removeOld(int64_t newest);

  std::string directory;
  int64_t keep;
  int descriptor; ///< of the directory, holds the lock
};

/// Reads and checks one checkpoint directory without loading it: the manifest, its own
/// checksum, and length and CRC-32 of each file.
Result<Manifest> verifyCheckpoint(const std::string &path);

} // namespace train::rt

#endif // TRAIN_RT_CHECKPOINT_H
