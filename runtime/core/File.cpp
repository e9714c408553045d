// Files and directories. See File.h.
#include "train/rt/File.h"

#include "train/rt/Text.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace train::rt {
namespace {

Status systemError(const char *action, const std::string &path, int error) {
  return Status::error(ErrorKind::Io,
                       format("cannot %s '%s': %s", action, printable(path).c_str(),
                              errnoText(error).c_str()));
}

int openRetrying(const std::string &path, int flags) {
  int descriptor;
  do
    descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

} // namespace

File::File(File &&other) noexcept
    : descriptor(std::exchange(other.descriptor, -1)), owned(other.owned),
      path(std::move(other.path)) {}

File &File::operator=(File &&other) noexcept {
  std::swap(descriptor, other.descriptor);
  std::swap(owned, other.owned);
  std::swap(path, other.path);
  return *this;
}

File::~File() {
  if (descriptor >= 0 && owned)
    ::close(descriptor);
}

Result<File> File::create(const std::string &path) {
  int descriptor = openRetrying(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (descriptor < 0)
    return systemError("create", path, errno);
  return File(descriptor, true, path);
}

Result<File> File::openAt(const std::string &path, uint64_t keepBytes) {
  int descriptor = openRetrying(path, O_WRONLY | O_CREAT);
  if (descriptor < 0)
    return systemError("open", path, errno);
  File file(descriptor, true, path);
  Status status = file.cutTo(keepBytes);
  if (!status.ok())
    return status;
  return file;
}

Status File::cutTo(uint64_t bytes) {
  struct stat info;
  if (::fstat(descriptor, &info) != 0)
    return systemError("open", path, errno);
  // A terminal or a pipe has nothing that could be cut off.
  if (!S_ISREG(info.st_mode))
    return Status::success();
  if (::ftruncate(descriptor, off_t(bytes)) != 0)
    return systemError("truncate", path, errno);
  if (::lseek(descriptor, 0, SEEK_END) < 0)
    return systemError("seek in", path, errno);
  return Status::success();
}

File File::borrow(int descriptor, std::string name) {
  return File(descriptor, false, std::move(name));
}

Status File::write(const void *data, size_t bytes) {
  const char *from = static_cast<const char *>(data);
  while (bytes > 0) {
    // One call moves at most 2 GiB on Linux; smaller pieces also keep the signal
    // handler's flag from waiting behind a slow disk.
    ssize_t written = ::write(descriptor, from, std::min<size_t>(bytes, 64 << 20));
    if (written < 0) {
      if (errno == EINTR)
        continue;
      return systemError("write", path, errno);
    }
    from += written;
    bytes -= size_t(written);
  }
  return Status::success();
}

Status File::sync() {
  int result;
  do
    result = ::fsync(descriptor);
  while (result != 0 && errno == EINTR);
  // Pipes and terminals have nothing to sync.
  if (result != 0 && errno != EINVAL && errno != EROFS)
    return systemError("sync", path, errno);
  return Status::success();
}

Status File::close() {
  if (descriptor < 0 || !owned)
    return Status::success();
  // After EINTR the state of the descriptor is unspecified, on Linux it is closed.
  if (::close(std::exchange(descriptor, -1)) != 0 && errno != EINTR)
    return systemError("close", path, errno);
  return Status::success();
}

InputFile::InputFile(InputFile &&other) noexcept
    : descriptor(std::exchange(other.descriptor, -1)),
      bytes(std::exchange(other.bytes, 0)), name(std::move(other.name)) {}

InputFile &InputFile::operator=(InputFile &&other) noexcept {
  std::swap(descriptor, other.descriptor);
  std::swap(bytes, other.bytes);
  std::swap(name, other.name);
  return *this;
}

InputFile::~InputFile() {
  if (descriptor >= 0)
    ::close(descriptor);
}

Result<InputFile> InputFile::open(const std::string &path) {
  InputFile file;
  file.name = path;
  // Without O_NONBLOCK, opening a pipe waits for a writer.
  file.descriptor = openRetrying(path, O_RDONLY | O_NONBLOCK);
  if (file.descriptor < 0)
    return systemError("open", path, errno);
  struct stat info;
  if (::fstat(file.descriptor, &info) != 0)
    return systemError("read", path, errno);
  if (!S_ISREG(info.st_mode))
    return Status::error(ErrorKind::Io,
                         format("'%s' is not a regular file", printable(path).c_str()));
  file.bytes = uint64_t(info.st_size);
  return file;
}

Status InputFile::read(void *target, uint64_t offset, uint64_t count) const {
  auto *to = static_cast<uint8_t *>(target);
  while (count > 0) {
    // One call moves at most 2 GiB on Linux.
    ssize_t got =
        ::pread(descriptor, to, std::min<uint64_t>(count, 1 << 30), off_t(offset));
    if (got < 0) {
      if (errno == EINTR)
        continue;
      return systemError("read", name, errno)
          .context(format("byte %llu", (unsigned long long)offset));
    }
    if (got == 0) {
      struct stat info = {};
      (void)::fstat(descriptor, &info);
      return Status::error(
          ErrorKind::Data,
          format("'%s' was shortened from %llu to %llu bytes while it was in use: byte "
                 "%llu is gone",
                 printable(name).c_str(), (unsigned long long)bytes,
                 (unsigned long long)info.st_size, (unsigned long long)offset));
    }
    to += got;
    offset += uint64_t(got);
    count -= uint64_t(got);
  }
  return Status::success();
}

Result<std::string> InputFile::readAll(uint64_t most) const {
  if (bytes > most)
    return Status::error(ErrorKind::Data,
                         format("'%s' has %llu bytes, at most %llu are accepted",
                                printable(name).c_str(), (unsigned long long)bytes,
                                (unsigned long long)most));
  std::string text(size_t(bytes), '\0');
  Status status = read(text.data(), 0, bytes);
  if (!status.ok())
    return status;
  return text;
}

void reserveStandardStreams() {
  // The lowest free number is taken first. Standard output is opened for reading, so that
  // writing results to nowhere stays an error; nobody has to see notes.
  for (int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(number, F_GETFD) < 0 && errno == EBADF)
      (void)::open("/dev/null", number == STDERR_FILENO ? O_WRONLY : O_RDONLY);
}

std::string temporaryName(const std::string &path) {
  return path + format(".tmp-%d", int(::getpid()));
}

Status checkReplaceable(const std::string &path) {
  struct stat info;
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
    return Status::error(
        ErrorKind::Io,
        format("cannot write '%s': it is %s", printable(path).c_str(),
               S_ISDIR(info.st_mode) ? "a directory" : "not a regular file"));
  std::string temporary = temporaryName(path);
  Result<File> file = File::create(temporary);
  if (!file)
    return file.takeStatus();
  return removeTree(temporary);
}

Status makeDirectories(const std::string &path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error)
    return systemError("create directory", path, error.value());
  if (!std::filesystem::is_directory(path, error))
    return systemError("create directory", path, ENOTDIR);
  return Status::success();
}

Status syncDirectory(const std::string &path) {
  int descriptor = openRetrying(path, O_RDONLY | O_DIRECTORY);
  if (descriptor < 0)
    return systemError("open directory", path, errno);
  int result;
  do
    result = ::fsync(descriptor);
  while (result != 0 && errno == EINTR);
  int error = errno;
  ::close(descriptor);
  if (result != 0 && error != EINVAL) // some file systems cannot sync a directory
    return systemError("sync directory", path, error);
  return Status::success();
}

Status renamePath(const std::string &from, const std::string &to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    return systemError("rename", from, errno).context("to '" + printable(to) + "'");
  return Status::success();
}

Status removeTree(const std::string &path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error)
    return systemError("remove", path, error.value());
  return Status::success();
}

bool pathExists(const std::string &path) {
  struct stat info;
  return ::lstat(path.c_str(), &info) == 0;
}

} // namespace train::rt
