// manifest.json of a checkpoint: what it says, written durably and read with suspicion.
#ifndef TRAIN_RT_MANIFEST_H
#define TRAIN_RT_MANIFEST_H

#include "train/rt/Checkpoint.h"
#include "train/rt/Status.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace train::rt {

/// Length and CRC-32 (that of zlib) of a file.
struct FileSum {
  uint64_t bytes = 0;
  uint32_t crc = 0;
};
using FileSums = std::map<std::string, FileSum>;

/// Writes the manifest and makes it durable. Its last field is the CRC-32 of all others
/// in their compact form, keys in order: a flipped bit in a step number does not go
/// unseen.
Status writeManifest(const std::string &path, const Manifest &manifest,
                     const FileSums &sums);

/// Reads a manifest of at most 1 MiB, nested at most 8 deep, and compares its checksum.
Result<std::pair<Manifest, FileSums>> readManifest(const std::string &path);

} // namespace train::rt

#endif // TRAIN_RT_MANIFEST_H
