// What train-interp does, apart from reading its command line.
#ifndef TRAIN_REFERENCE_TOOL_H
#define TRAIN_REFERENCE_TOOL_H

#include <cstdint>
#include <string>
#include <vector>

namespace train::reference {

/// Exit codes of train-interp.
enum ToolExit { kToolSuccess = 0, kToolFailed = 1, kToolUsage = 2 };

struct ToolOptions {
  std::string file = "-";
  std::string program; ///< symbol name; empty: the step, else the graph, else the first
  std::string mode = "f64";      ///< f64, native or random
  std::string inputs = "random"; ///< random, or NAME=FILE.npy,… (the rest random)
  std::string print = "outputs"; ///< of outputs, hash, params; separated by commas
  std::string dump;              ///< directory for .npy files
  int64_t seed = 1, steps = 1, ranks = 1;
  int64_t roundingSeed = 1; ///< of mode random
  int64_t elements = 64;    ///< printed of one tensor
  double learningRate = 1e-3;
  std::vector<std::string> dialectPlugins;
  bool hex = false; ///< floats as hexadecimal, exact in every type
};

/// Parses the module, runs the program, prints to stdout; errors go to stderr.
ToolExit runInterpreterTool(const ToolOptions &options);

} // namespace train::reference

#endif // TRAIN_REFERENCE_TOOL_H
