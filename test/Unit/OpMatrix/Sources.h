// What the op matrix reads besides the dialect itself: the specification, the lit suites
// and the table of exceptions, as text.
#ifndef TRAIN_TEST_UNIT_OPMATRIX_SOURCES_H
#define TRAIN_TEST_UNIT_OPMATRIX_SOURCES_H

#include <map>
#include <set>
#include <string>
#include <vector>

namespace train::matrix {

/// The section of one op in docs/language.md.
struct Section {
  std::string name;                     ///< "train.matmul"
  bool labelsInputs = false;            ///< has a line of I labels
  std::vector<std::string> constraints; ///< "C1", "C2", ...
  std::string example;                  ///< without white space
};

/// The sections of docs/language.md by op name. An op described twice is in `duplicates`.
std::map<std::string, Section> readSpecification(std::vector<std::string> &duplicates);

/// The round-trip tests of test/IR, one text, without comments and white space.
std::string readRoundTripTests();

/// What the comments of test/IR/*-errors.mlir say they test: "train.matmul C1".
std::set<std::string> readRejectionLabels();

/// A hole that is meant: `op` (a name, or a pattern with one `*`) has no `concern`,
/// because `reason`.
struct Exception {
  std::string op, concern, reason;
  mutable bool used = false;
};

std::vector<Exception> readExceptions();

/// Whether `name` matches `pattern`, in which one `*` stands for any text.
bool matches(const std::string &pattern, const std::string &name);

} // namespace train::matrix

#endif // TRAIN_TEST_UNIT_OPMATRIX_SOURCES_H
