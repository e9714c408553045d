//===- Recipes.cpp - how each operand of a product is stored ----------------===//
//
// fp8 with scales of whole tensors: Micikevicius et al., FP8 Formats for Deep Learning,
// 2022. Blocks of 32: the OCP Microscaling specification, 1.0, 2023. NVFP4: NVIDIA,
// Pretraining Large Language Models with NVFP4, 2025.
//
//===----------------------------------------------------------------------===//
#include "Recipes.h"

using namespace mlir;
using namespace train;

static double getLargestOf(FloatType type) {
  return APFloat::getLargest(type.getFloatSemantics()).convertToDouble();
}

double StorageFormat::getLargest() const {
  double largest = getLargestOf(element);
  if (scaling == Scaling::Both)
    largest *= getLargestOf(Float8E4M3FNType::get(element.getContext()));
  return largest;
}

RankedTensorType StorageFormat::getScalesType(RankedTensorType tensor,
                                              int64_t dimension) const {
  SmallVector<int64_t> shape(tensor.getShape());
  int64_t rank = tensor.getRank();
  // Rows of 4-bit elements end at a byte.
  if (rank < 2 || dimension < rank - 2 ||
      (element.getIntOrFloatBitWidth() < 8 && shape.back() % 2 != 0))
    return {};
  for (int64_t i : {rank - 2, rank - 1}) {
    int64_t size = i == dimension ? along : across;
    if (shape[i] % size != 0)
      return {};
    shape[i] /= size;
  }
  MLIRContext *context = tensor.getContext();
  return tensor.clone(shape, scaling == Scaling::Both
                                 ? Type(Float8E4M3FNType::get(context))
                                 : Type(Float8E8M0FNUType::get(context)));
}

StorageFormat Recipes::choose(MLIRContext *context, StringRef format, Product product,
                              OperandRole role) const {
  using Scaling = StorageFormat::Scaling;
  bool isGradient = role == OperandRole::OutputGradient;
  StorageFormat storage;
  if (format == "fp8") {
    storage.element = Float8E4M3FNType::get(context);
    if (fp8 == "mxfp8") {
      storage.scaling = Scaling::Blocks;
      storage.along = 32;
      return storage;
    }
    if (isGradient)
      storage.element = Float8E5M2Type::get(context);
    storage.scaling = fp8 == "current" ? Scaling::Current : Scaling::Delayed;
    return storage;
  }
  storage.element = Float4E2M1FNType::get(context);
  storage.isRandom = isGradient;
  storage.scaling = fp4 == "mxfp4" ? Scaling::Blocks : Scaling::Both;
  storage.along = fp4 == "mxfp4" ? 32 : 16;
  if (fp4 != "mxfp4" && role == OperandRole::Weight)
    storage.across = 16;
  storage.isRotated = fp4 != "mxfp4" && product == Product::WeightGradient;
  return storage;
}
