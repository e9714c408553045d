// How train-compile writes files: whole or not at all.
#ifndef TRAIN_LIB_DRIVER_OUTPUT_H
#define TRAIN_LIB_DRIVER_OUTPUT_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace train {

/// Prints "train-compile: error: MESSAGE".
void reportError(const std::string &message);

/// Why `path` cannot become a file, as far as that can be told before anything is
/// written; else "".
std::string findUnwritable(const std::string &path);

/// Writes `bytes` to `path` under another name and renames, so that a failed or
/// interrupted run leaves what was there. "-" is standard output; devices and pipes are
/// written to as they are. Returns an error message, or "".
std::string writeBytes(const std::string &path, llvm::StringRef bytes);

/// Has `make` write a file of another name beside `path`, and renames it to `path` if
/// `make` returned "". Returns an error message, or "".
std::string makeWhole(const std::string &path,
                      llvm::function_ref<std::string(const std::string &temporary)> make);

/// Calls `use` with the name of a temporary file beside `path` that holds `bytes`.
/// Returns what `use` returned, or an error message.
std::string
withTemporary(const std::string &path, llvm::StringRef bytes,
              llvm::function_ref<std::string(const std::string &temporary)> use);

} // namespace train

#endif // TRAIN_LIB_DRIVER_OUTPUT_H
