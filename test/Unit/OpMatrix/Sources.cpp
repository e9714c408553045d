// Reads the texts of Sources.h. A file that cannot be read is an empty text, which fails
// the tests that rely on it.
#include "Sources.h"

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace train::matrix {
namespace {

const std::filesystem::path kSource = TRAIN_SOURCE_DIR;

std::vector<std::string> readLines(const std::filesystem::path &path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);)
    lines.push_back(line);
  return lines;
}

std::string withoutSpace(const std::string &text) {
  std::string result;
  for (char c : text)
    if (!std::isspace(static_cast<unsigned char>(c)))
      result += c;
  return result;
}

bool startsWith(const std::string &text, const std::string &prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

bool endsWith(const std::string &text, const std::string &suffix) {
  return text.size() >= suffix.size() &&
         text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

/// The .mlir files of test/IR, in the order of their names.
std::set<std::filesystem::path> getSuites() {
  std::set<std::filesystem::path> files;
  for (const auto &entry : std::filesystem::directory_iterator(kSource / "test" / "IR"))
    if (entry.path().extension() == ".mlir")
      files.insert(entry.path());
  return files;
}

bool isRejectionSuite(const std::filesystem::path &path) {
  return endsWith(path.stem(), "-errors");
}

} // namespace

std::map<std::string, Section> readSpecification(std::vector<std::string> &duplicates) {
  std::map<std::string, Section> sections;
  Section *current = nullptr;
  bool inExample = false;
  static const std::regex heading("### `(train\\.[a-z0-9_]+)`");
  static const std::regex constraint("- (C[0-9]+): .*");
  for (const std::string &line : readLines(kSource / "docs" / "language.md")) {
    std::smatch match;
    if (inExample) {
      inExample = line != "```";
      if (inExample && current)
        current->example += withoutSpace(line);
    } else if (line == "```mlir") {
      inExample = true;
    } else if (std::regex_match(line, match, heading)) {
      auto [it, inserted] = sections.try_emplace(match[1].str());
      if (!inserted)
        duplicates.push_back(match[1].str());
      current = &it->second;
      current->name = match[1].str();
    } else if (startsWith(line, "#")) {
      current = nullptr;
    } else if (current && startsWith(line, "- I1 ")) {
      current->labelsInputs = true;
    } else if (current && std::regex_match(line, match, constraint)) {
      current->constraints.push_back(match[1].str());
    }
  }
  return sections;
}

std::string readRoundTripTests() {
  std::string text;
  for (const auto &path : getSuites()) {
    if (isRejectionSuite(path))
      continue;
    for (const std::string &line : readLines(path)) {
      size_t start = line.find_first_not_of(" \t");
      if (start == std::string::npos || line.compare(start, 2, "//") == 0)
        continue;
      text += withoutSpace(line);
    }
  }
  return text;
}

std::set<std::string> readRejectionLabels() {
  std::set<std::string> labels;
  static const std::regex label("train\\.[a-z0-9_]+ [CI][0-9]+");
  for (const auto &path : getSuites()) {
    if (!isRejectionSuite(path))
      continue;
    for (const std::string &line : readLines(path)) {
      if (!startsWith(line, "// train."))
        continue;
      for (std::sregex_iterator it(line.begin(), line.end(), label), end; it != end; ++it)
        labels.insert(it->str());
    }
  }
  return labels;
}

std::vector<Exception> readExceptions() {
  std::vector<Exception> exceptions;
  for (const std::string &line :
       readLines(kSource / "test" / "IR" / "op-matrix-exceptions.txt")) {
    if (line.empty() || line[0] == '#')
      continue;
    Exception exception;
    std::istringstream words(line);
    words >> exception.op >> exception.concern >> std::ws;
    std::getline(words, exception.reason);
    exceptions.push_back(exception);
  }
  return exceptions;
}

bool matches(const std::string &pattern, const std::string &name) {
  size_t star = pattern.find('*');
  if (star == std::string::npos)
    return pattern == name;
  return name.size() + 1 >= pattern.size() && startsWith(name, pattern.substr(0, star)) &&
         endsWith(name, pattern.substr(star + 1));
}

} // namespace train::matrix
