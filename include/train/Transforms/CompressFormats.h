//===- CompressFormats.h - activations in fewer bits, as users name it -------===//
//
// The values of --compress, so that a command line can be checked before anything is
// compiled, and what they mean.
//
//===----------------------------------------------------------------------===//
#ifndef TRAIN_TRANSFORMS_COMPRESSFORMATS_H
#define TRAIN_TRANSFORMS_COMPRESSFORMATS_H

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringRef.h"

namespace train {

/// All values of --compress; the more bits the earlier.
inline constexpr llvm::StringLiteral kCompressFormats[] = {"none", "bf16", "fp8", "fp4"};

/// For messages.
inline constexpr llvm::StringLiteral kCompressFormatList = "none, bf16, fp8 or fp4";

/// The element type that kept activations may be stored in. Null for none and for what is
/// no format.
mlir::FloatType getCompressType(mlir::MLIRContext *context, llvm::StringRef format);

} // namespace train

#endif // TRAIN_TRANSFORMS_COMPRESSFORMATS_H
