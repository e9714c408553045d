// Element conversions. See Scalar.h for the rules.
#include "train/rt/Scalar.h"

#include "train/rt/Text.h"

#include <cstring>
#include <limits>
#include <type_traits>

namespace train::rt {
namespace {

// The sixteen-bit floats and the one-byte bool get types of their own, so that one
// template serves all pairs.
struct Half {
  uint16_t bits;
};
struct Bfloat {
  uint16_t bits;
};
struct Boolean {
  uint8_t byte;
};

template <typename T> struct Tag {
  using Type = T;
};

template <typename Function> auto dispatch(Scalar scalar, Function function) {
  switch (scalar) {
  case Scalar::Bool:
    return function(Tag<Boolean>());
  case Scalar::U8:
    return function(Tag<uint8_t>());
  case Scalar::I8:
    return function(Tag<int8_t>());
  case Scalar::U16:
    return function(Tag<uint16_t>());
  case Scalar::I16:
    return function(Tag<int16_t>());
  case Scalar::U32:
    return function(Tag<uint32_t>());
  case Scalar::I32:
    return function(Tag<int32_t>());
  case Scalar::U64:
    return function(Tag<uint64_t>());
  case Scalar::I64:
    return function(Tag<int64_t>());
  case Scalar::F16:
    return function(Tag<Half>());
  case Scalar::BF16:
    return function(Tag<Bfloat>());
  case Scalar::F32:
    return function(Tag<float>());
  case Scalar::F64:
    break;
  }
  return function(Tag<double>());
}

template <typename T> T loadAt(const void *data, size_t index) {
  T value;
  std::memcpy(&value, static_cast<const char *>(data) + index * sizeof(T), sizeof(T));
  return value;
}

template <typename T> void storeAt(void *data, size_t index, T value) {
  std::memcpy(static_cast<char *>(data) + index * sizeof(T), &value, sizeof(T));
}

// What an element stands for: a double for floats, an integer otherwise.
template <typename T> auto number(T value) {
  if constexpr (std::is_same_v<T, Half>)
    return double(halfToFloat(value.bits));
  else if constexpr (std::is_same_v<T, Bfloat>)
    return double(bfloatToFloat(value.bits));
  else if constexpr (std::is_same_v<T, Boolean>)
    return int64_t(value.byte != 0);
  else if constexpr (std::is_floating_point_v<T>)
    return double(value);
  else if constexpr (std::is_same_v<T, uint64_t>)
    return value;
  else
    return int64_t(value);
}

// Writes `value` as a T; false where an integer does not fit.
template <typename T, typename Number> bool assign(Number value, T &out) {
  if constexpr (std::is_same_v<T, Half>) {
    out.bits = floatToHalf(float(value));
  } else if constexpr (std::is_same_v<T, Bfloat>) {
    out.bits = floatToBfloat(float(value));
  } else if constexpr (std::is_floating_point_v<T>) {
    out = T(value);
  } else if constexpr (std::is_floating_point_v<Number>) {
    return false;
  } else if constexpr (std::is_same_v<T, Boolean>) {
    if (value != 0 && value != 1)
      return false;
    out.byte = uint8_t(value);
  } else {
    T narrow = T(value);
    // The sign test catches values that change meaning between signed and unsigned.
    if (Number(narrow) != value || (narrow < T(0)) != (value < Number(0)))
      return false;
    out = narrow;
  }
  return true;
}

} // namespace

size_t scalarBytes(Scalar scalar) {
  return dispatch(scalar, [](auto tag) { return sizeof(typename decltype(tag)::Type); });
}

const char *scalarName(Scalar scalar) {
  static const char *const names[] = {"bool", "u8",  "i8",  "u16",  "i16", "u32", "i32",
                                      "u64",  "i64", "f16", "bf16", "f32", "f64"};
  return names[size_t(scalar)];
}

bool isFloat(Scalar scalar) { return scalar >= Scalar::F16; }

Scalar scalarOf(TrainType type) {
  switch (type) {
  case TRAIN_TYPE_F32:
    return Scalar::F32;
  case TRAIN_TYPE_F64:
    return Scalar::F64;
  case TRAIN_TYPE_F16:
    return Scalar::F16;
  case TRAIN_TYPE_BF16:
    return Scalar::BF16;
  case TRAIN_TYPE_I32:
    return Scalar::I32;
  case TRAIN_TYPE_I64:
    return Scalar::I64;
  case TRAIN_TYPE_I8:
    return Scalar::I8;
  case TRAIN_TYPE_BOOL:
    break;
  }
  return Scalar::Bool;
}

bool canConvert(Scalar from, Scalar to) { return isFloat(to) || !isFloat(from); }

size_t convertElements(Scalar from, const void *source, Scalar to, void *target,
                       size_t count) {
  if (from == to && from != Scalar::Bool) {
    if (count)
      std::memcpy(target, source, count * scalarBytes(from));
    return count;
  }
  return dispatch(from, [&](auto fromTag) {
    return dispatch(to, [&](auto toTag) {
      using From = typename decltype(fromTag)::Type;
      using To = typename decltype(toTag)::Type;
      for (size_t i = 0; i < count; ++i) {
        To out;
        if (!assign(number(loadAt<From>(source, i)), out))
          return i;
        storeAt(target, i, out);
      }
      return count;
    });
  });
}

double elementAsDouble(Scalar scalar, const void *data, size_t index) {
  return dispatch(scalar, [&](auto tag) {
    return double(number(loadAt<typename decltype(tag)::Type>(data, index)));
  });
}

std::string elementAsText(Scalar scalar, const void *data, size_t index) {
  return dispatch(scalar, [&](auto tag) {
    auto value = number(loadAt<typename decltype(tag)::Type>(data, index));
    if constexpr (std::is_floating_point_v<decltype(value)>)
      return format("%g", value);
    else
      return std::to_string(value);
  });
}

float halfToFloat(uint16_t bits) {
  uint32_t sign = uint32_t(bits & 0x8000) << 16;
  uint32_t exponent = (bits >> 10) & 31, fraction = bits & 0x3ff;
  uint32_t out;
  if (exponent == 31) { // infinity, or a NaN that keeps its payload
    out = sign | 0x7f800000 | (fraction << 13);
  } else if (exponent) {
    out = sign | ((exponent + 112) << 23) | (fraction << 13);
  } else if (fraction) { // subnormal: move the leading one to the implicit place
    int shift = __builtin_clz(fraction) - 21;
    out = sign | (uint32_t(113 - shift) << 23) | ((fraction << (shift + 13)) & 0x7fffff);
  } else {
    out = sign;
  }
  float value;
  std::memcpy(&value, &out, 4);
  return value;
}

uint16_t floatToHalf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  uint16_t sign = uint16_t(bits >> 16) & 0x8000;
  uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) // NaN, made quiet
    return sign | 0x7e00 | uint16_t((magnitude >> 13) & 0x1ff);
  if (magnitude >= 0x47800000) // 65536 and above, infinity
    return sign | 0x7c00;
  if (magnitude < 0x33000000) // at most half of the smallest subnormal, 2^-25 ties to 0
    return sign;
  uint32_t fraction, drop; // the significand, and how many of its low bits go
  uint32_t base;
  if (magnitude >= 0x38800000) { // normal in f16
    fraction = magnitude - (112u << 23);
    drop = 13;
    base = fraction >> drop;
  } else {
    uint32_t exponent = magnitude >> 23;
    fraction = (magnitude & 0x7fffff) | 0x800000;
    drop = 126 - exponent;
    base = fraction >> drop;
  }
  uint32_t rest = fraction & ((1u << drop) - 1), middle = 1u << (drop - 1);
  if (rest > middle || (rest == middle && (base & 1)))
    ++base; // may carry into the exponent, up to infinity, which is right
  return sign | uint16_t(base);
}

float bfloatToFloat(uint16_t bits) {
  uint32_t wide = uint32_t(bits) << 16;
  float value;
  std::memcpy(&value, &wide, 4);
  return value;
}

uint16_t floatToBfloat(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return uint16_t(bits >> 16) | 0x40;
  return uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

bool elementCount(const int64_t *shape, size_t rank, uint64_t &count) {
  count = 1;
  for (size_t i = 0; i < rank; ++i)
    if (shape[i] < 0 || !checkedMultiply(count, uint64_t(shape[i]), count))
      return false;
  return true;
}

} // namespace train::rt
