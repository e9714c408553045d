// The interfaces' definitions, and the questions about types and storages that
// they are asked through.
#include "train/Interfaces/Interfaces.h"

using namespace mlir;

#include "train/Interfaces/Interfaces.cpp.inc"

train::ResultStorage train::getResultStorage(OpResult result) {
  if (auto op = dyn_cast<StorageOpInterface>(result.getOwner()))
    return op.getResultStorage(result.getResultNumber());
  return ResultStorage::fresh();
}

int64_t train::getElementBytes(Type elementType) {
  return llvm::divideCeil(elementType.getIntOrFloatBitWidth(), 8);
}

int64_t train::getByteSize(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  int64_t bits = tensor.getElementTypeBitWidth();
  if (bits == 1)
    bits = 8;
  return llvm::divideCeil(tensor.getNumElements() * bits, 8);
}

std::optional<TrainType> train::getRuntimeType(Type type) {
  if (type.isF32())
    return TRAIN_TYPE_F32;
  if (type.isF64())
    return TRAIN_TYPE_F64;
  if (type.isF16())
    return TRAIN_TYPE_F16;
  if (type.isBF16())
    return TRAIN_TYPE_BF16;
  if (type.isInteger(32))
    return TRAIN_TYPE_I32;
  if (type.isInteger(64))
    return TRAIN_TYPE_I64;
  if (type.isInteger(8))
    return TRAIN_TYPE_I8;
  if (type.isInteger(1))
    return TRAIN_TYPE_BOOL;
  return std::nullopt;
}
