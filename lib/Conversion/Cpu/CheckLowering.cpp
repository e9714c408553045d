// Whether a planned module can become an object, found without making one.
#include "CommandList.h"
#include "train/Conversion/CpuObject.h"
#include "train/IR/Programs.h"

using namespace mlir;
using namespace train;

LogicalResult train::checkCpuLowering(ModuleOp module) {
  KernelTable kernels;
  TextTable texts;
  for (ProgramOpInterface program : getExecutedPrograms(module))
    if (failed(buildCommands(program, kernels, texts)))
      return failure();
  return success();
}
