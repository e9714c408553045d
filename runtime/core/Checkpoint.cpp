// Writing, choosing and loading of checkpoints. See Checkpoint.h; the manifest is in
// Manifest.cpp.
#include "train/rt/Checkpoint.h"

#include "train/rt/Manifest.h"
#include "train/rt/Safetensors.h"
#include "train/rt/Symbols.h"
#include "train/rt/Text.h"
#include "train/rt/Weights.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <unistd.h>
#include <zlib.h>

namespace train::rt {
namespace {

constexpr const char *prefix = "step-";
// Names of what is not, or no longer, a checkpoint.
constexpr const char *temporaryPrefix = ".tmp-";
constexpr const char *discardedPrefix = ".old-";

bool isStateSymbol(const TrainSymbol &symbol) { return !isModelSymbol(symbol); }

const struct {
  const char *name;
  bool (*holds)(const TrainSymbol &symbol);
} files[] = {{"model.safetensors", isModelSymbol}, {"state.safetensors", isStateSymbol}};

Result<FileSum> writeSymbols(const std::string &path, std::vector<TensorView> tensors) {
  Result<File> file = File::create(path);
  if (!file)
    return file.takeStatus();
  FileSum sum;
  Status status = writeSafetensors(
      std::move(tensors), {{"format", "pt"}}, [&](const void *data, size_t bytes) {
        sum.bytes += bytes;
        // A null pointer would reset the checksum; empty tensors may have one.
        if (bytes)
          sum.crc = uint32_t(crc32_z(sum.crc, static_cast<const Bytef *>(data), bytes));
        return file->write(data, bytes);
      });
  if (status.ok())
    status = file->sync();
  if (status.ok())
    status = file->close();
  if (!status.ok())
    return status;
  return sum;
}

Result<FileSum> sumOf(const std::string &path) {
  Result<InputFile> file = InputFile::open(path);
  if (!file)
    return file.takeStatus();
  FileSum sum;
  sum.bytes = file->size();
  std::vector<uint8_t> piece(size_t(std::min<uint64_t>(sum.bytes, 1 << 20)));
  for (uint64_t at = 0; at < sum.bytes; at += piece.size()) {
    uint64_t now = std::min<uint64_t>(piece.size(), sum.bytes - at);
    Status status = file->read(piece.data(), at, now);
    if (!status.ok())
      return status;
    sum.crc = uint32_t(crc32_z(sum.crc, piece.data(), now));
  }
  return sum;
}

Result<std::pair<Manifest, FileSums>> readChecked(const std::string &path) {
  auto read = readManifest(path + "/manifest.json");
  if (!read)
    return read.takeStatus();
  for (const auto &file : files) {
    std::string name = path + "/" + file.name;
    auto expected = read->second.find(file.name);
    if (expected == read->second.end())
      return Status::error(ErrorKind::Data, format("'%s/manifest.json' does not name %s",
                                                   printable(path).c_str(), file.name));
    Result<FileSum> sum = sumOf(name);
    if (!sum)
      return sum.takeStatus();
    if (sum->bytes != expected->second.bytes)
      return Status::error(ErrorKind::Data,
                           format("'%s' has %llu bytes, its manifest says %llu",
                                  printable(name).c_str(), (unsigned long long)sum->bytes,
                                  (unsigned long long)expected->second.bytes));
    if (sum->crc != expected->second.crc)
      return Status::error(ErrorKind::Data,
                           format("'%s' has CRC-32 %08x, its manifest says %08x",
                                  printable(name).c_str(), sum->crc,
                                  expected->second.crc));
  }
  return read;
}

// Copies the tensors of one file into the arena; what does not fit goes into `problems`.
Status loadFile(const std::string &path, const TrainExecutable &executable,
                bool (*holds)(const TrainSymbol &), uint8_t *arena,
                std::vector<std::string> &problems) {
  Result<Safetensors> file = readSafetensors(path);
  if (!file)
    return file.takeStatus();
  for (const TrainSymbol *symbol : symbolsByName(executable)) {
    if (!holds(*symbol))
      continue;
    const TrainTensor &tensor = symbol->tensor;
    auto found = file->tensors.find(tensor.name);
    if (found == file->tensors.end()) {
      problems.push_back(format("%s is missing", tensor.name));
      continue;
    }
    std::vector<int64_t> shape(tensor.shape, tensor.shape + tensor.rank);
    Scalar type = scalarOf(TrainType(tensor.type));
    if (found->second.shape != shape || found->second.type != type)
      problems.push_back(format("%s is %s%s there, %s%s here", tensor.name,
                                scalarName(found->second.type),
                                formatShape(found->second.shape).c_str(),
                                scalarName(type), formatShape(shape).c_str()));
    else
      TRAIN_RT_RETURN_IF_ERROR(
          file->file.read(arena + tensor.offset, found->second.offset, tensor.bytes));
    file->tensors.erase(found);
  }
  for (const auto &[name, tensor] : file->tensors)
    problems.push_back(name + " is unknown here");
  return Status::success();
}

// Swaps two names in one atomic operation, where the file system can.
bool exchangePaths(const std::string &a, const std::string &b) {
  return ::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0;
}

} // namespace

CheckpointDirectory::CheckpointDirectory(CheckpointDirectory &&other) noexcept
    : directory(std::move(other.directory)), keep(other.keep),
      descriptor(std::exchange(other.descriptor, -1)) {}

CheckpointDirectory::~CheckpointDirectory() {
  if (descriptor >= 0)
    ::close(descriptor); // releases the lock
}

Result<CheckpointDirectory> CheckpointDirectory::open(const std::string &path,
                                                      int64_t keep, Use use) {
  if (use == Use::Start) {
    Status status = makeDirectories(path);
    if (!status.ok())
      return status;
  } else if (!pathExists(path)) {
    return Status::error(ErrorKind::Data,
                         format("'%s' holds no checkpoint: there is no such directory",
                                printable(path).c_str()));
  }
  int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    return Status::error(ErrorKind::Io,
                         format("cannot open directory '%s': %s", printable(path).c_str(),
                                errnoText(errno).c_str()));
  CheckpointDirectory opened(path, keep, descriptor);
  if (use == Use::Read)
    return opened;
  // File systems without locks answer otherwise; then there is nothing to respect.
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    return Status::error(ErrorKind::Io, format("another process is using the checkpoint "
                                               "directory '%s'",
                                               printable(path).c_str()));
  // Told now, and not after the hours before the first checkpoint.
  std::string probe = path + "/" + temporaryPrefix + "probe";
  Status status = makeDirectories(probe);
  if (status.ok())
    status = removeTree(probe);
  if (!status.ok())
    return status;
  return opened;
}

std::string CheckpointDirectory::checkpointPath(int64_t step) const {
  return directory + format("/%s%08lld", prefix, (long long)step);
}

Result<std::vector<int64_t>> CheckpointDirectory::steps() const {
  std::vector<int64_t> found;
  std::error_code error;
  std::filesystem::directory_iterator entries(directory, error), end;
  for (; !error && entries != end; entries.increment(error)) {
    std::string name = entries->path().filename().string();
    long long step = 0;
    if (std::sscanf(name.c_str(), "step-%lld", &step) == 1 && step >= 0 &&
        checkpointPath(step) == directory + "/" + name)
      found.push_back(step);
  }
  if (error)
    return Status::error(ErrorKind::Io,
                         format("cannot list '%s': %s", printable(directory).c_str(),
                                error.message().c_str()));
  std::sort(found.begin(), found.end());
  return found;
}

Status CheckpointDirectory::writeFiles(const std::string &temporary,
                                       const TrainExecutable &executable,
                                       const uint8_t *arena, const Manifest &manifest) {
  TRAIN_RT_RETURN_IF_ERROR(makeDirectories(temporary));
  FileSums sums;
  for (const auto &file : files) {
    Result<FileSum> sum = writeSymbols(temporary + "/" + file.name,
                                       symbolViews(executable, arena, file.holds));
    if (!sum)
      return sum.takeStatus();
    sums[file.name] = *sum;
  }
  // Last, so that a directory with a manifest has everything the manifest names.
  TRAIN_RT_RETURN_IF_ERROR(writeManifest(temporary + "/manifest.json", manifest, sums));
  return syncDirectory(temporary);
}

Status CheckpointDirectory::publish(const std::string &temporary, int64_t step) {
  std::string target = checkpointPath(step);
  if (!pathExists(target)) {
    TRAIN_RT_RETURN_IF_ERROR(renamePath(temporary, target));
    return syncDirectory(directory);
  }
  // An invalid checkpoint of that step, left by a run before this one was resumed from an
  // older checkpoint.
  if (exchangePaths(temporary, target)) {
    TRAIN_RT_RETURN_IF_ERROR(syncDirectory(directory));
    return removeTree(temporary);
  }
  std::string discarded =
      directory + format("/%s%08lld", discardedPrefix, (long long)step);
  TRAIN_RT_RETURN_IF_ERROR(removeTree(discarded));
  TRAIN_RT_RETURN_IF_ERROR(renamePath(target, discarded));
  TRAIN_RT_RETURN_IF_ERROR(renamePath(temporary, target));
  TRAIN_RT_RETURN_IF_ERROR(syncDirectory(directory));
  return removeTree(discarded);
}

Status CheckpointDirectory::removeOld(int64_t newest) {
  Result<std::vector<int64_t>> all = steps();
  if (!all)
    return all.takeStatus();
  // Those above `newest` are invalid ones that a resume skipped: they are not ours to
  // count, and removing `newest` in their favour would remove the only good one.
  std::vector<int64_t> older;
  for (int64_t step : *all)
    if (step < newest)
      older.push_back(step);
  for (size_t i = 0; i + size_t(keep) - 1 < older.size(); ++i) {
    // Renamed first: a removal that is cut short never looks like a checkpoint.
    std::string discarded =
        directory + format("/%s%08lld", discardedPrefix, (long long)older[i]);
    TRAIN_RT_RETURN_IF_ERROR(removeTree(discarded));
    TRAIN_RT_RETURN_IF_ERROR(renamePath(checkpointPath(older[i]), discarded));
    TRAIN_RT_RETURN_IF_ERROR(removeTree(discarded));
  }
  return Status::success();
}

Status CheckpointDirectory::save(const TrainExecutable &executable, const uint8_t *arena,
                                 const Manifest &manifest) {
  // What a killed process left behind; the lock says that it is nobody's work.
  std::error_code error;
  std::vector<std::string> stale;
  for (std::filesystem::directory_iterator entry(directory, error), end;
       !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (name.rfind(temporaryPrefix, 0) == 0 || name.rfind(discardedPrefix, 0) == 0)
      stale.push_back(directory + "/" + name);
  }
  std::string temporary =
      directory + format("/%s%08lld", temporaryPrefix, (long long)manifest.step);
  Status status;
  for (size_t i = 0; status.ok() && i < stale.size(); ++i)
    status = removeTree(stale[i]);
  if (status.ok())
    status = writeFiles(temporary, executable, arena, manifest);
  if (!status.ok()) {
    (void)removeTree(
        temporary); // gives the space back; the first error is the one to tell
  } else {
    status = publish(temporary, manifest.step);
    if (status.ok())
      status = removeOld(manifest.step);
  }
  return std::move(status).context(
      format("checkpoint of step %lld", (long long)manifest.step));
}

Result<Manifest> CheckpointDirectory::loadNewest(const TrainExecutable &executable,
                                                 uint8_t *arena,
                                                 std::vector<std::string> &notes) const {
  Result<std::vector<int64_t>> all = steps();
  if (!all)
    return all.takeStatus();
  if (all->empty())
    return Status::error(ErrorKind::Data, format("'%s' holds no checkpoint",
                                                 printable(directory).c_str()));
  for (auto step = all->rbegin(); step != all->rend(); ++step) {
    std::string path = checkpointPath(*step);
    auto read = readChecked(path);
    if (read && read->first.step != *step)
      read = Status::error(ErrorKind::Data,
                           format("'%s/manifest.json' is of step %lld",
                                  printable(path).c_str(), (long long)read->first.step));
    if (!read) {
      notes.push_back("checkpoint skipped: " + std::string(read.message()));
      continue;
    }
    std::vector<std::string> problems;
    for (const auto &file : files) {
      Status status =
          loadFile(path + "/" + file.name, executable, file.holds, arena, problems);
      if (!status.ok())
        return status;
    }
    if (!problems.empty())
      return Status::error(ErrorKind::Data,
                           format("'%s' belongs to another model or optimizer: %s",
                                  printable(path).c_str(), formatList(problems).c_str()));
    return std::move(read->first);
  }
  return Status::error(ErrorKind::Data,
                       format("none of the %zu checkpoints in '%s' is "
                              "valid",
                              all->size(), printable(directory).c_str()));
}

Result<Manifest> verifyCheckpoint(const std::string &path) {
  auto read = readChecked(path);
  if (!read)
    return read.takeStatus();
  return std::move(read->first);
}

} // namespace train::rt
