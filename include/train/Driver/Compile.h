// train-compile as a library: options, the road from file to executable, exit codes.
#ifndef TRAIN_DRIVER_COMPILE_H
#define TRAIN_DRIVER_COMPILE_H

#include "train/Pipelines/Pipelines.h"

#include <string>
#include <vector>

namespace train {

/// Exit codes of train-compile; documented in --help.
enum CompileExit : int {
  kCompileDone = 0,
  kCompileFailed = 1,    ///< the model cannot be compiled
  kCompileUsage = 2,     ///< a bad command line
  kCompileSystem = 3,    ///< a file cannot be read or written, the linker failed
  kCompileOverBudget = 4 ///< the plan does not fit --memory-budget
};

struct CompileOptions {
  std::string input;
  std::string output;
  std::string cpu = "native";
  int threads = 0; ///< 0: as many as this machine has
  TrainOptions train;
  int64_t microBatch = 0, globalBatch = 0, accumulate = 0;
  std::string emit = "exe"; ///< mlir[:STAGE], llvm, asm, ptx, object, exe
  std::string gpuArch;      ///< for ptx: sm_80 or newer
  bool printMemory = false;
  bool explainMemory = false;
  std::string compare; ///< a memory report (.json) that the explanation compares with
  bool dryRun = false;
  bool checkPasses = false;
  bool timing = false;
  bool remarks = false; ///< print what passes say they did
  std::vector<std::string> dialectPlugins;
  std::string memoryReport; ///< a .html file gets the page, any other the JSON
  int64_t memoryBudget = 0; ///< bytes; 0: none
  std::string optionsJson;  ///< what the executable records
};

/// Parses the command line. Returns an exit code when there is nothing left to do (help,
/// or an error that has been printed), else -1.
int parseCompileOptions(int argc, const char *const *argv, CompileOptions &options);

/// Compiles. Errors are on stderr.
int compile(const CompileOptions &options, const char *program);

/// Links an object with the runtime that belongs to this build. `program` is argv[0]: the
/// runtime is looked for beside it. Returns an error message, or "".
std::string linkExecutable(const std::string &object, const std::string &output,
                           const char *program);

} // namespace train

#endif // TRAIN_DRIVER_COMPILE_H
