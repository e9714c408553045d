// Where the memory plan has put a value, for the lowerings of all targets.
#ifndef TRAIN_LIB_CONVERSION_CODEGEN_ARENAOFFSET_H
#define TRAIN_LIB_CONVERSION_CODEGEN_ARENAOFFSET_H

#include "mlir/IR/Value.h"

namespace train {

/// The arena offset of a value in a planned module, or -1.
int64_t getArenaOffset(mlir::Value value);

} // namespace train

#endif // TRAIN_LIB_CONVERSION_CODEGEN_ARENAOFFSET_H
