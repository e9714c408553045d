// NumPy's .npy files, as far as tensors of the interpreter need them (NumPy Enhancement
// Proposal 1, format versions 1 to 3).
#ifndef TRAIN_LIB_REFERENCE_NPY_H
#define TRAIN_LIB_REFERENCE_NPY_H

#include "train/Reference/Tensor.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace train::reference {

/// Reads `file` as a tensor of `type`: same shape, C order, little-endian; a float file
/// for float types, an integer or bool file for the others. Values are rounded to the
/// type; integers that it cannot hold are an error. Null after setting `error`.
TensorRef readNpy(llvm::StringRef file, mlir::RankedTensorType type, std::string &error);

/// Writes `tensor`: floats as f8 (numpy's f64) under `asF64`, else in their own type,
/// those unknown to NumPy (bf16 and narrower) widened to f4, which holds them exactly.
/// False after setting `error`.
bool writeNpy(llvm::StringRef file, const Tensor &tensor, bool asF64, std::string &error);

} // namespace train::reference

#endif // TRAIN_LIB_REFERENCE_NPY_H
