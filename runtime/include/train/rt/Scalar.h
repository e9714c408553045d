// Element types of files and of the arena, and the one set of rules by which a value
// of one becomes a value of another: floats to floats (rounded to nearest even),
// integers to integers if the value fits, integers to floats; never floats to integers.
#ifndef TRAIN_RT_SCALAR_H
#define TRAIN_RT_SCALAR_H

#include "train/Runtime/Abi.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace train::rt {

enum class Scalar : uint8_t {
  Bool,
  U8,
  I8,
  U16,
  I16,
  U32,
  I32,
  U64,
  I64,
  F16,
  BF16,
  F32,
  F64
};

size_t scalarBytes(Scalar scalar);
/// "f32", "u16", ...
const char *scalarName(Scalar scalar);
bool isFloat(Scalar scalar);

/// The element type of a tensor in the arena. `type` must be valid.
Scalar scalarOf(TrainType type);
inline size_t typeBytes(uint32_t type) { return scalarBytes(scalarOf(TrainType(type))); }

/// Whether the rules above know a conversion at all.
bool canConvert(Scalar from, Scalar to);

/// Converts `count` elements. Neither side needs to be aligned. Returns `count`, or the
/// index of the first element whose value the target type cannot hold (elements before
/// it have been written). Requires canConvert(from, to).
size_t convertElements(Scalar from, const void *source, Scalar to, void *target,
                       size_t count);

/// Element `index` as a double, for scalar outputs.
double elementAsDouble(Scalar scalar, const void *data, size_t index);
/// Element `index` for messages: integers exactly, which not every double is.
std::string elementAsText(Scalar scalar, const void *data, size_t index);

float halfToFloat(uint16_t bits);
uint16_t floatToHalf(float value);
float bfloatToFloat(uint16_t bits);
uint16_t floatToBfloat(float value);

/// Multiplies without overflow; false where the product exceeds uint64_t.
inline bool checkedMultiply(uint64_t a, uint64_t b, uint64_t &product) {
  return !__builtin_mul_overflow(a, b, &product);
}

/// Elements of a shape; false for a negative dimension or on overflow.
bool elementCount(const int64_t *shape, size_t rank, uint64_t &count);

} // namespace train::rt

#endif // TRAIN_RT_SCALAR_H
