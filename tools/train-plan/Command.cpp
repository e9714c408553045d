//===- Command.cpp - what the subcommands of train-plan share --------------===//
//
// Reading, printing and failing, the same for every planner.
//
//===----------------------------------------------------------------------===//
#include "Command.h"

#include "train/Support/ByteSize.h"
#include "train/Support/Readable.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

namespace train::planning {

int fail(ExitCode code, const std::string &what) {
  std::fprintf(stderr, "train-plan: error: %s\n", what.c_str());
  return code;
}

bool readAll(const std::string &path, std::string &text, std::string &error) {
  if (std::string endless = findEndless(path); !endless.empty()) {
    error = "cannot read '" + path + "': " + endless;
    return false;
  }
  errno = 0;
  std::FILE *file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (file) {
    char chunk[65536];
    while (size_t got = std::fread(chunk, 1, sizeof chunk, file))
      text.append(chunk, got);
    if (!std::ferror(file)) {
      if (file != stdin)
        std::fclose(file);
      return true;
    }
  }
  error = "cannot read '" + path + "': " + std::strerror(errno);
  if (file && file != stdin)
    std::fclose(file);
  return false;
}

std::string nameOf(const std::string &path) { return path == "-" ? "<stdin>" : path; }

bool parseSize(const char *option, const std::string &text, int64_t &value,
               std::string &error) {
  if (std::optional<int64_t> bytes = parseByteSize(text)) {
    value = *bytes;
    return true;
  }
  error = std::string(option) + " expects a byte size such as 4096 or 1.5GiB, got '" +
          text + "'";
  return false;
}

int print(const std::string &text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
      std::fflush(stdout) != 0)
    return fail(badInput,
                std::string("cannot write standard output: ") + std::strerror(errno));
  return solved;
}

} // namespace train::planning
