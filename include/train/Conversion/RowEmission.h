// What the emitters of row programs share, whatever the target: how elements are stored
// and widened, where reductions start, when they can run, and where a row lies in a
// buffer.
#ifndef TRAIN_CONVERSION_ROWEMISSION_H
#define TRAIN_CONVERSION_ROWEMISSION_H

#include "train/Conversion/RowProgram.h"

namespace train::rows {

/// The type in which kernels load and store an element: i1 and the floats of 8 bits are a
/// byte, bf16 a word of 16 bits (processors without bf16 call a library function for each
/// value of that type), all others are themselves. Of packed elements it is the byte that
/// two of them share.
mlir::Type getStorageType(mlir::Type element);

/// Whether two elements share a byte, the first one in its lower half.
bool isPacked(mlir::Type element);

/// An element of a buffer of `element` (scalar or vector, of its storage type; a packed
/// one in a byte of its own) in the type in which the program computes.
mlir::Value emitWiden(mlir::ImplicitLocOpBuilder &b, mlir::Value stored,
                      mlir::Type element, mlir::Type compute);
/// A computed element (scalar or vector) as a buffer of `element` stores it; the
/// converse.
mlir::Value emitNarrow(mlir::ImplicitLocOpBuilder &b, mlir::Value computed,
                       mlir::Type element);
/// A computed element rounded as a buffer of `element` would round it, in the type in
/// which it was computed.
mlir::Value emitRound(mlir::ImplicitLocOpBuilder &b, mlir::Value computed,
                      mlir::Type element);

/// What a reduction starts from, in the given scalar or vector type.
mlir::Value emitNeutral(mlir::ImplicitLocOpBuilder &b, Reduction reduction,
                        mlir::Type type);

/// The stage of each node: how many reductions one after the other it needs, itself
/// included. Reductions of one stage share a walk along the row.
llvm::SmallVector<int> getStages(const Program &program);

/// Elements from the start of buffer `buffer` to row `row` (i64) of the domain without
/// its columns; null where all rows start at 0.
mlir::Value emitRowOffset(mlir::ImplicitLocOpBuilder &b, const Program &program,
                          int buffer, mlir::Value row);

} // namespace train::rows

#endif // TRAIN_CONVERSION_ROWEMISSION_H
