// Floats of 8 bits and fewer, as integer arithmetic on scalars or vectors: no processor
// that this compiler serves converts all of them, and the bits must be the same on each.
// Rounding is to nearest, ties to even, or to one of two neighbours at random; overflow
// is that of the type (docs/language.md): infinity in f8E5M2, NaN in f8E4M3FN and
// f8E8M0FNU, the largest number in f4E2M1FN, which also stands for NaN there.
#ifndef TRAIN_LIB_CONVERSION_ROWS_NARROWFLOAT_H
#define TRAIN_LIB_CONVERSION_ROWS_NARROWFLOAT_H

#include "train/Conversion/RowProgram.h"

namespace train::rows {

/// The code of each f32 in `element`, as i8 with zeros above the type's bits.
mlir::Value encodeNarrow(mlir::ImplicitLocOpBuilder &b, mlir::Value x,
                         mlir::Type element);

/// The same, rounded away from zero where the share of the way to the farther neighbour
/// exceeds (w + 1/2) / 2^16, w being the upper half of `word` (i32), and saturating.
/// Exact for any real number if `x` is that number rounded to odd.
mlir::Value encodeNarrowRandomly(mlir::ImplicitLocOpBuilder &b, mlir::Value x,
                                 mlir::Value word, mlir::Type element);

/// The number that each code (i8) stands for, as f32, exactly.
mlir::Value decodeNarrow(mlir::ImplicitLocOpBuilder &b, mlir::Value codes,
                         mlir::Type element);

/// The largest finite number of a float type of 8 bits or fewer.
double getLargestNarrow(mlir::Type element);

/// `nearest` moved so that rounding it once more gives what rounding the exact value
/// would: toward zero, the last bit set, where `residual`, of the sign of what the exact
/// value has more, is not zero ("round to odd"; Boldo and Melquiond, "Emulation of FMA
/// and correctly rounded sums", 2008). Zeros, NaNs and infinities with NaN residuals
/// stay.
mlir::Value roundToOdd(mlir::ImplicitLocOpBuilder &b, mlir::Value nearest,
                       mlir::Value residual);

} // namespace train::rows

#endif // TRAIN_LIB_CONVERSION_ROWS_NARROWFLOAT_H
