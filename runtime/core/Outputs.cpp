// Files named twice. See Outputs.h.
#include "train/rt/Outputs.h"

#include "train/rt/File.h"
#include "train/rt/Text.h"

#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace train::rt {
namespace {

namespace fs = std::filesystem;

// Where a path leads: to an existing file, or to a place where one would be made.
class Place {
public:
  explicit Place(const std::string &path) {
    exists = ::stat(path.c_str(), &info) == 0;
    std::error_code error;
    fs::path at = fs::path(path).lexically_normal();
    if (!at.has_filename()) // a slash at the end
      at = at.parent_path();
    // A link to nothing makes what it names.
    for (int i = 0; i < 40 && fs::is_symlink(at, error); ++i)
      at = at.parent_path() / fs::read_symlink(at, error);
    resolved = fs::weakly_canonical(fs::absolute(at, error), error);
  }

  bool isSameAs(const Place &other) const {
    if (exists != other.exists)
      return false;
    if (!exists)
      return !resolved.empty() && resolved == other.resolved;
    return (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)) &&
           info.st_dev == other.info.st_dev && info.st_ino == other.info.st_ino;
  }

  // Whether this is something in a checkpoint that lies in `directory`.
  bool isInCheckpointOf(const Place &directory) const {
    fs::path below = resolved.lexically_relative(directory.resolved);
    return !below.empty() && below.begin()->string().rfind("step-", 0) == 0;
  }

private:
  struct stat info = {};
  bool exists = false;
  fs::path resolved;
};

struct NamedFile {
  const char *option;
  std::string path;
};

void addData(const char *option, const std::vector<std::string> &specifications,
             std::vector<NamedFile> &files) {
  // What stands in front of a colon is an input or a part of the path. Only the program
  // knows which; both readings together name at most one file more.
  for (const std::string &text : specifications) {
    files.push_back({option, text});
    if (size_t colon = text.find(':'); colon != std::string::npos)
      files.push_back({option, text.substr(colon + 1)});
  }
}

} // namespace

Status checkOutputs(const Options &options) {
  std::vector<NamedFile> outputs, others;
  auto add = [](const char *option, const std::string &path,
                std::vector<NamedFile> &files) {
    if (!path.empty())
      files.push_back({option, path});
  };
  add("--log", options.log, outputs);
  add("--trace", options.trace, outputs);
  add("--export", options.exportFile, outputs);
  if (!options.checkpoint.empty()) {
    Place checkpoints(options.checkpoint);
    for (const NamedFile &output : outputs)
      if (Place(output.path).isInCheckpointOf(checkpoints))
        return Status::error(ErrorKind::Usage,
                             format("%s names '%s', which is inside a checkpoint of "
                                    "--checkpoint='%s'",
                                    output.option, printable(output.path).c_str(),
                                    printable(options.checkpoint).c_str()));
  }
  add("--checkpoint", options.checkpoint, outputs);
  addData("--data", options.data, others);
  addData("--eval-data", options.evalData, others);
  add("--init", options.init, others);

  Place executable("/proc/self/exe");
  for (size_t i = 0; i < outputs.size(); ++i) {
    const NamedFile &output = outputs[i];
    Place place(output.path);
    if (place.isSameAs(executable))
      return Status::error(ErrorKind::Usage,
                           format("%s names '%s', which is this executable",
                                  output.option, printable(output.path).c_str()));
    std::vector<NamedFile> rest(outputs.begin() + int64_t(i) + 1, outputs.end());
    rest.insert(rest.end(), others.begin(), others.end());
    for (const NamedFile &other : rest)
      if (place.isSameAs(Place(other.path)))
        return Status::error(
            ErrorKind::Usage,
            format("%s names '%s', which is also the file of %s: it would be lost",
                   output.option, printable(output.path).c_str(), other.option));
  }
  return Status::success();
}

} // namespace train::rt
