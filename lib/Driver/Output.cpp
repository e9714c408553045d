// See Output.h.
#include "Output.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

using namespace train;
namespace fs = llvm::sys::fs;

void train::reportError(const std::string &message) {
  llvm::errs() << "train-compile: error: " << message << "\n";
}

static std::string cannotWrite(const std::string &path, const std::string &why) {
  return "cannot write " + path + ": " + why;
}

// Something that exists and is not a file to be replaced: a device, a pipe.
static bool isSpecial(const std::string &path) {
  fs::file_status status;
  return !fs::status(path, status) && fs::exists(status) && !fs::is_regular_file(status);
}

std::string train::findUnwritable(const std::string &path) {
  if (path.empty() || path == "-")
    return "";
  if (fs::is_directory(path))
    return cannotWrite(path, "it is a directory");
  llvm::StringRef parent = llvm::sys::path::parent_path(path);
  if (parent.empty())
    parent = ".";
  if (!fs::exists(parent))
    return cannotWrite(path, "the directory " + parent.str() + " does not exist");
  if (!fs::is_directory(parent))
    return cannotWrite(path, parent.str() + " is not a directory");
  return "";
}

static std::string writeStream(llvm::raw_fd_ostream &os, const std::string &name,
                               llvm::StringRef bytes) {
  os << bytes;
  os.flush();
  std::error_code error = os.error();
  // An error left standing would end the process in the stream's destructor.
  os.clear_error();
  return error ? cannotWrite(name, error.message()) : "";
}

std::string train::writeBytes(const std::string &path, llvm::StringRef bytes) {
  if (path.empty() || path == "-")
    return writeStream(llvm::outs(), "standard output", bytes);
  auto writeTo = [&](const std::string &name) {
    std::error_code error;
    llvm::raw_fd_ostream os(name, error, fs::OF_None);
    if (error)
      return cannotWrite(path, error.message());
    std::string wrong = writeStream(os, path, bytes);
    os.close();
    if (wrong.empty() && os.has_error())
      wrong = cannotWrite(path, os.error().message());
    os.clear_error();
    return wrong;
  };
  return isSpecial(path) ? writeTo(path) : makeWhole(path, writeTo);
}

// A new empty file beside `path`. Being beside it, it can be renamed to it.
static std::string createBeside(const std::string &path,
                                llvm::SmallString<128> &temporary) {
  int descriptor;
  if (std::error_code error =
          fs::createUniqueFile(path + ".%%%%%%.tmp", descriptor, temporary))
    return cannotWrite(path, error.message());
  fs::file_t file = fs::convertFDToNativeFile(descriptor);
  fs::closeFile(file);
  llvm::sys::RemoveFileOnSignal(temporary);
  return "";
}

static void discard(llvm::StringRef temporary) {
  fs::remove(temporary);
  llvm::sys::DontRemoveFileOnSignal(temporary);
}

std::string train::makeWhole(const std::string &path,
                             llvm::function_ref<std::string(const std::string &)> make) {
  if (isSpecial(path))
    return cannotWrite(path, "it is not a regular file");
  llvm::SmallString<128> temporary;
  if (std::string wrong = createBeside(path, temporary); !wrong.empty())
    return wrong;
  std::string wrong = make(temporary.str().str());
  if (wrong.empty())
    if (std::error_code error = fs::rename(temporary, path))
      wrong = cannotWrite(path, error.message());
  if (wrong.empty())
    llvm::sys::DontRemoveFileOnSignal(temporary);
  else
    discard(temporary);
  return wrong;
}

std::string
train::withTemporary(const std::string &path, llvm::StringRef bytes,
                     llvm::function_ref<std::string(const std::string &)> use) {
  llvm::SmallString<128> temporary;
  if (std::string wrong = createBeside(path, temporary); !wrong.empty())
    return wrong;
  std::error_code error;
  std::string wrong;
  {
    llvm::raw_fd_ostream os(temporary, error, fs::OF_None);
    wrong = error ? cannotWrite(path, error.message()) : writeStream(os, path, bytes);
  }
  if (wrong.empty())
    wrong = use(temporary.str().str());
  discard(temporary);
  return wrong;
}
