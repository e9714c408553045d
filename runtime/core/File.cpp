// Files and directories. See File.h.
#include "train/rt/File.h"

#include "train/rt/Text.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/mman.h>
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
  if (::ftruncate(descriptor, off_t(keepBytes)) != 0)
    return systemError("truncate", path, errno);
  if (::lseek(descriptor, 0, SEEK_END) < 0)
    return systemError("seek in", path, errno);
  return file;
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

MappedFile::MappedFile(MappedFile &&other) noexcept
    : start(std::exchange(other.start, nullptr)), bytes(std::exchange(other.bytes, 0)),
      name(std::move(other.name)) {}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  std::swap(start, other.start);
  std::swap(bytes, other.bytes);
  std::swap(name, other.name);
  return *this;
}

MappedFile::~MappedFile() {
  if (start)
    ::munmap(const_cast<uint8_t *>(start), bytes);
}

Result<MappedFile> MappedFile::open(const std::string &path) {
  int descriptor = openRetrying(path, O_RDONLY);
  if (descriptor < 0)
    return systemError("open", path, errno);
  struct stat info;
  if (::fstat(descriptor, &info) != 0) {
    int error = errno;
    ::close(descriptor);
    return systemError("read", path, error);
  }
  if (!S_ISREG(info.st_mode)) {
    ::close(descriptor);
    return Status::error(ErrorKind::Io,
                         format("'%s' is not a regular file", printable(path).c_str()));
  }
  MappedFile file;
  file.name = path;
  if (info.st_size > 0) {
    void *address =
        ::mmap(nullptr, size_t(info.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0);
    int error = errno;
    ::close(descriptor);
    if (address == MAP_FAILED)
      return systemError("map", path, error);
    file.start = static_cast<const uint8_t *>(address);
    file.bytes = uint64_t(info.st_size);
  } else {
    ::close(descriptor);
  }
  return file;
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
