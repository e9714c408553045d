// Files and directories with one status path: every system call that can fail is
// checked here, interrupted calls are repeated, and each error names the path.
#ifndef TRAIN_RT_FILE_H
#define TRAIN_RT_FILE_H

#include "train/rt/Status.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace train::rt {

/// An open file for writing. The destructor closes it without looking at errors; a
/// writer that cares calls close(), since some file systems report a full disk there.
class File {
public:
  File(File &&other) noexcept;
  File &operator=(File &&other) noexcept;
  ~File();

  /// Creates the file, or empties it where it exists.
  static Result<File> create(const std::string &path);
  /// Opens for writing at the end, keeping the first `keepBytes` bytes only.
  static Result<File> openAt(const std::string &path, uint64_t keepBytes);
  /// Borrows a descriptor such as standard output; it stays open.
  static File borrow(int descriptor, std::string name);

  Status write(const void *data, size_t bytes);
  Status write(std::string_view text) { return write(text.data(), text.size()); }
  /// Drops what lies behind the first `bytes` bytes of a regular file, and goes on there.
  Status cutTo(uint64_t bytes);
  Status sync();
  Status close();

private:
  File(int descriptor, bool owned, std::string path)
      : descriptor(descriptor), owned(owned), path(std::move(path)) {}
  int descriptor = -1;
  bool owned = true;
  std::string path;
};

/// A regular file open for reading at any place. Nothing is mapped: a file that another
/// process shortens meanwhile is an error of the read, not a signal.
class InputFile {
public:
  InputFile() = default;
  InputFile(InputFile &&other) noexcept;
  InputFile &operator=(InputFile &&other) noexcept;
  ~InputFile();

  /// Anything but a regular file is refused, and a pipe nobody writes to never waited
  /// for.
  static Result<InputFile> open(const std::string &path);

  /// The bytes [offset, offset + bytes), which must lie inside size(). If the file ends
  /// before them by now, the error names it, its size then and now, and the byte.
  Status read(void *target, uint64_t offset, uint64_t bytes) const;
  /// The whole file, or an error where it has more than `most` bytes.
  Result<std::string> readAll(uint64_t most) const;

  /// In bytes, when it was opened.
  uint64_t size() const { return bytes; }
  const std::string &path() const { return name; }

private:
  int descriptor = -1;
  uint64_t bytes = 0;
  std::string name;
};

/// Keeps the numbers of standard input, output and error from being given to other files
/// where the process was started without them: a progress line would end up in a
/// checkpoint.
void reserveStandardStreams();

/// Whether a file can be put at `path` by renaming one beside it, found out by making and
/// removing one: who trains for a day does not want to learn it at the end. A device, a
/// pipe or a directory is refused, since it would be replaced.
Status checkReplaceable(const std::string &path);
/// The name under which a file for `path` is written before it is renamed.
std::string temporaryName(const std::string &path);

/// Creates a directory and those above it; existing ones are fine.
Status makeDirectories(const std::string &path);
/// Makes the entries of a directory durable.
Status syncDirectory(const std::string &path);
Status renamePath(const std::string &from, const std::string &to);
/// Removes a file or a whole directory; nothing there is fine.
Status removeTree(const std::string &path);
bool pathExists(const std::string &path);

} // namespace train::rt

#endif // TRAIN_RT_FILE_H
