//===- Readable.h - files that have an end ----------------------------------===//
//
// A device such as /dev/zero can be opened and read for ever. Whoever reads a file whole
// asks first. Header-only and without MLIR, like all of Support.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_SUPPORT_READABLE_H
#define TRAIN_SUPPORT_READABLE_H

#include <string>
#include <sys/stat.h>

namespace train {

/// Why `path` is not to be read whole, or "": files and pipes have an end, and so has
/// /dev/null, other devices may have none. "-" stands for standard input, which is
/// whatever the caller says it is. A path that does not exist is left to whoever opens
/// it.
inline std::string findEndless(const std::string &path) {
  struct stat file, null;
  if (path == "-" || stat(path.c_str(), &file) != 0)
    return "";
  if (!S_ISCHR(file.st_mode) && !S_ISBLK(file.st_mode))
    return "";
  if (S_ISCHR(file.st_mode) && stat("/dev/null", &null) == 0 &&
      file.st_rdev == null.st_rdev)
    return "";
  return "it is a device, not a file or a pipe";
}

} // namespace train

#endif // TRAIN_SUPPORT_READABLE_H
