// A planned module as command lists: bytes in the layout of Abi.h, and the kernels they
// call.
#ifndef TRAIN_LIB_CONVERSION_CPU_COMMANDLIST_H
#define TRAIN_LIB_CONVERSION_CPU_COMMANDLIST_H

#include "../Codegen/ArenaOffset.h"
#include "train/Conversion/RowProgram.h"

namespace train {

/// Distinct kernels of all programs, by key: each is compiled once.
class KernelTable {
public:
  /// The index of the kernel for this program. Keeps the program if it is new.
  unsigned add(rows::Program program);

  llvm::ArrayRef<rows::Program> getPrograms() const { return programs; }

private:
  std::vector<rows::Program> programs;
  llvm::StringMap<unsigned> indices;
};

/// Texts that commands name by index: source locations and op names.
class TextTable {
public:
  unsigned add(llvm::StringRef text);
  llvm::ArrayRef<std::string> getTexts() const { return texts; }

private:
  std::vector<std::string> texts;
  llvm::StringMap<unsigned> indices;
};

/// A value in the arena, and the commands that put it there: TrainWrite of Abi.h.
struct CommandWrite {
  unsigned first, last;
  mlir::RankedTensorType type;
  int64_t offset;
};

struct CommandList {
  std::string bytes;
  unsigned count = 0;
  std::vector<CommandWrite> writes;
  /// Whether a product or a convolution of bf16 is among the commands.
  bool hasBf16Products = false;
};

/// The commands of one planned program. Fails with a diagnostic for an op that has no
/// lowering.
mlir::FailureOr<CommandList> buildCommands(ProgramOpInterface program,
                                           KernelTable &kernels, TextTable &texts);

} // namespace train

#endif // TRAIN_LIB_CONVERSION_CPU_COMMANDLIST_H
