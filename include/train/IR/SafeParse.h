// Reading a module from a file that nobody vouches for: whatever stands in it, the
// outcome is a module or one clear error, never a crash. MLIR's parser, verifier and
// printer recurse with the nesting of their input, and its bytecode reader trusts what it
// reads; so brackets are counted before the parser runs, it runs on a large stack, and
// bytecode is refused.
#ifndef TRAIN_IR_SAFEPARSE_H
#define TRAIN_IR_SAFEPARSE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace llvm {
class MemoryBuffer;
class SourceMgr;
} // namespace llvm

namespace train {

/// The deepest nesting of (), [], {} and <> that is accepted.
inline constexpr unsigned kMostNesting = 256;
/// The stack that deep recursion over IR is given: 512 MiB of address space, touched only
/// as used.
inline constexpr unsigned kBigStackBytes = 512u << 20;

/// Fails with one error, at the bracket, for text nested deeper than `kMostNesting`, and
/// for bytecode. `name` is what the location calls the text.
mlir::LogicalResult checkParsable(llvm::StringRef text, llvm::StringRef name,
                                  mlir::MLIRContext *context);

/// Parses and verifies the module in `file` ("-" is standard input). Null after one error
/// when the file cannot be read, is not fit to parse, or does not hold a valid module.
mlir::OwningOpRef<mlir::ModuleOp> parseModuleSafely(llvm::StringRef file,
                                                    mlir::MLIRContext *context);

/// The same for text at hand.
mlir::OwningOpRef<mlir::ModuleOp>
parseModuleSafely(std::unique_ptr<llvm::MemoryBuffer> buffer, mlir::MLIRContext *context);

/// Runs `work` on a thread with a large stack and waits for it. For whatever recurses
/// over IR: passes, printing, destruction of a module. Nested calls are fine. Where the
/// system refuses that much address space the stack is smaller.
void runOnBigStack(llvm::function_ref<void()> work);

} // namespace train

#endif // TRAIN_IR_SAFEPARSE_H
