// The last step: an object and the runtime's archives become an executable. The runtime
// names its libraries in trainrt.link, so that the driver knows none of them.
#include "train/Driver/Compile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

using namespace train;

// build/<preset>/lib or <prefix>/lib: both beside the bin directory of the tool.
static std::string findLinkFile(const char *program) {
  static int anchor;
  std::string self = llvm::sys::fs::getMainExecutable(program, &anchor);
  llvm::StringRef prefix =
      llvm::sys::path::parent_path(llvm::sys::path::parent_path(self));
  for (const char *lib :
       {"lib", "lib64", "lib/x86_64-linux-gnu", "lib/aarch64-linux-gnu"}) {
    llvm::SmallString<128> path(prefix);
    llvm::sys::path::append(path, lib, "trainrt.link");
    if (llvm::sys::fs::exists(path))
      return path.str().str();
  }
  return "";
}

// A name that begins with - or @ would be an option, or a file of them.
static std::string asPath(const std::string &name) {
  bool isOption = !name.empty() && (name[0] == '-' || name[0] == '@');
  return isOption ? "./" + name : name;
}

std::string train::linkExecutable(const std::string &objectName,
                                  const std::string &outputName, const char *program) {
  std::string object = asPath(objectName), output = asPath(outputName);
  std::string linkFile = findLinkFile(program);
  if (linkFile.empty())
    return "cannot find the runtime (lib/trainrt.link) beside " + std::string(program);
  std::string compiler = TRAIN_CXX;
  if (!llvm::sys::fs::can_execute(compiler)) {
    auto found = llvm::sys::findProgramByName("clang++-22");
    if (!found)
      return "cannot link: clang++-22 is not installed";
    compiler = *found;
  }
  llvm::SmallString<128> log;
  if (std::error_code error =
          llvm::sys::fs::createTemporaryFile("train-link", "log", log))
    return "cannot link: " + error.message();
  // The archives stand beside the file that lists them, wherever the tree was installed.
  std::string archives = "-L" + llvm::sys::path::parent_path(linkFile).str();
  std::string response = "@" + linkFile;
  llvm::StringRef arguments[] = {compiler, "-fuse-ld=lld", "-pie", object,
                                 archives, response,       "-o",   output};
  std::optional<llvm::StringRef> redirects[] = {std::nullopt, llvm::StringRef(log),
                                                llvm::StringRef(log)};
  std::string message;
  int code = llvm::sys::ExecuteAndWait(compiler, arguments, std::nullopt, redirects, 0, 0,
                                       &message);
  std::string said;
  if (auto buffer = llvm::MemoryBuffer::getFile(log))
    said = (*buffer)->getBuffer().rtrim().str();
  llvm::sys::fs::remove(log);
  if (code == 0)
    return "";
  // The linker maps its output into memory, so on a full disk it ends by SIGBUS and says
  // only that.
  bool full = llvm::StringRef(said).contains("Bus error");
  if (full || llvm::StringRef(said).contains("No space left on device"))
    return "cannot write the executable: No space left on device";
  return "the linker failed: " + (said.empty() ? message : said);
}
