// Table lookup: type inference and library calls of embedding and its adjoint.
#include "ShapeInference.h"

#define GET_OP_CLASSES
#include "train/IR/IndexOps.cpp.inc"

using namespace mlir;
using namespace train;
using namespace train::inference;

/// The runtime's name of the type of ids, which are i32 or i64.
static int64_t getIdType(Value ids) {
  return getTensor(ids).getElementType().isInteger(64) ? TRAIN_TYPE_I64 : TRAIN_TYPE_I32;
}

LogicalResult EmbeddingOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> location,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  Failure fail(location, getOperationName());
  RankedTensorType table = getTensor(adaptor.getTable());
  if (table.getRank() != 2)
    return fail("table must have rank 2, got ", table.getRank());
  SmallVector<int64_t> shape(getShape(adaptor.getIds()));
  shape.push_back(table.getDimSize(1));
  types.push_back(RankedTensorType::get(shape, table.getElementType()));
  return success();
}

SmallVector<LibraryCall> EmbeddingOp::getLibraryCalls() {
  ArrayRef<int64_t> table = getShape(getTable());
  return {{TRAIN_LIBRARY_EMBEDDING,
           {getTable(), getIds(), getResult()},
           {table[0], table[1], getCount(getIds()), getIdType(getIds()),
            getElementBytes(getTensor(getTable()).getElementType())}}};
}

LogicalResult EmbeddingGradOp::inferReturnTypes(MLIRContext *,
                                                std::optional<Location> location,
                                                Adaptor adaptor,
                                                SmallVectorImpl<Type> &types) {
  Failure fail(location, getOperationName());
  RankedTensorType dy = getTensor(adaptor.getDy());
  ArrayRef<int64_t> ids = getShape(adaptor.getIds());
  if (dy.getRank() == 0 || dy.getShape().drop_back() != ids)
    return fail("dy must have the shape of ids, ", toText(ids),
                ", and one more dimension, got ", toText(dy.getShape()));
  int64_t vocabulary = adaptor.getVocabulary();
  if (vocabulary < 1)
    return fail("vocabulary must be positive, got ", vocabulary);
  int64_t shape[] = {vocabulary, dy.getShape().back()};
  FailureOr<Type> type =
      getAccumulatedType(fail, adaptor.getAccumulator(), shape, dy.getElementType());
  if (failed(type))
    return failure();
  types.push_back(*type);
  return success();
}

ResultStorage EmbeddingGradOp::getResultStorage(unsigned) {
  return getAccumulatorStorage(getAccumulator(), 2);
}

SmallVector<LibraryCall> EmbeddingGradOp::getLibraryCalls() {
  ArrayRef<int64_t> result = getShape(getResult());
  return {
      {TRAIN_LIBRARY_EMBEDDING_GRAD,
       {getIds(), getDy(), getResult(), Value()},
       {result[0], result[1], getCount(getIds()), getIdType(getIds()),
        getAccumulator() != nullptr, getTypeCode(getDy()), getTypeCode(getResult())}}};
}

std::optional<int64_t> EmbeddingOp::getIndexBound(unsigned operand) {
  if (operand != 1)
    return std::nullopt;
  return cast<RankedTensorType>(getTable().getType()).getDimSize(0);
}
std::optional<int64_t> EmbeddingGradOp::getIndexBound(unsigned operand) {
  if (operand != 0)
    return std::nullopt;
  return static_cast<int64_t>(getVocabulary());
}
