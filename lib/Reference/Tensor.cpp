// Tensors of the interpreter, and rounding to each element type of the dialect. The
// rounding is written on f64 arithmetic alone; the unit tests hold it against
// llvm::APFloat.
#include "train/Reference/Tensor.h"

#include "train/Reference/Philox.h"

#include "mlir/IR/DialectResourceBlobManager.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace train::reference {
namespace {

enum class Overflow { Infinity, NaN, Saturate };

/// A binary float format: `precision` counts the implicit bit, `minExponent` is that of
/// the smallest normal number (1.0 has exponent 0).
struct Format {
  int precision;
  int minExponent;
  double largest;
  Overflow overflow;
};

std::optional<Format> formatOf(Type type) {
  if (isa<Float32Type>(type))
    return Format{24, -126, std::numeric_limits<float>::max(), Overflow::Infinity};
  if (isa<Float16Type>(type))
    return Format{11, -14, 65504.0, Overflow::Infinity};
  if (isa<BFloat16Type>(type))
    return Format{8, -126, 0x1.FEp127, Overflow::Infinity};
  if (isa<Float8E4M3FNType>(type))
    return Format{4, -6, 448.0, Overflow::NaN};
  if (isa<Float8E5M2Type>(type))
    return Format{3, -14, 57344.0, Overflow::Infinity};
  if (isa<Float4E2M1FNType>(type))
    return Format{2, 0, 6.0, Overflow::Saturate};
  return std::nullopt;
}

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

double overflowed(const Format &format, double sign) {
  switch (format.overflow) {
  case Overflow::Infinity:
    return std::copysign(kInfinity, sign);
  case Overflow::NaN:
    return kNaN;
  case Overflow::Saturate:
    return std::copysign(format.largest, sign);
  }
  return kNaN;
}

/// `pick` turns a number of distances between neighbours into a whole one.
template <typename Pick>
double roundToFormat(double value, const Format &format, Pick pick) {
  if (std::isnan(value))
    return format.overflow == Overflow::Saturate ? format.largest : value;
  if (std::isinf(value))
    return overflowed(format, value);
  if (value == 0)
    return value;
  // The distance between neighbours is a power of two, so the division and the
  // multiplication by it are exact, and `pick` does the only rounding.
  int exponent = std::max(std::ilogb(value), format.minExponent);
  int quantum = exponent - (format.precision - 1);
  double rounded = std::ldexp(pick(std::ldexp(value, -quantum)), quantum);
  return std::fabs(rounded) > format.largest ? overflowed(format, value) : rounded;
}

double roundToE8M0(double value) {
  if (std::isnan(value) || value < 0)
    return kNaN;
  if (value <= 0x1p-127)
    return 0x1p-127;
  if (std::isinf(value))
    return kNaN;
  int exponent = std::ilogb(value);
  double rounded = std::ldexp(std::nearbyint(std::ldexp(value, -exponent)), exponent);
  return rounded > 0x1p127 ? kNaN : rounded;
}

} // namespace

double roundToType(double value, Type type) {
  if (isa<Float32Type>(type))
    return static_cast<double>(static_cast<float>(value));
  if (isa<Float8E8M0FNUType>(type))
    return roundToE8M0(value);
  if (std::optional<Format> format = formatOf(type))
    return roundToFormat(value, *format, [](double v) { return std::nearbyint(v); });
  return value;
}

double roundToTypeRandomly(double value, Type type, double uniform) {
  if (std::optional<Format> format = formatOf(type))
    return roundToFormat(value, *format, [&](double v) {
      double below = std::floor(v);
      return v - below > uniform ? below + 1 : below;
    });
  return roundToType(value, type);
}

double largestFinite(Type type) {
  if (isa<Float8E8M0FNUType>(type))
    return 0x1p127;
  if (std::optional<Format> format = formatOf(type))
    return format->largest;
  return std::numeric_limits<double>::max();
}

int64_t wrapToType(int64_t value, Type type) {
  unsigned width = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
  if (width == 1)
    return value & 1;
  if (width >= 64)
    return value;
  uint64_t shifted = static_cast<uint64_t>(value) << (64 - width);
  return static_cast<int64_t>(shifted) >> (64 - width);
}

int64_t countElements(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  bool overflow = false;
  for (int64_t size : shape) {
    // A zero anywhere empties the tensor, even where other dimensions would overflow.
    if (size == 0)
      return 0;
    overflow |= size < 0 || __builtin_mul_overflow(count, size, &count);
  }
  return overflow ? -1 : count;
}

bool canHold(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return false;
  int64_t count = countElements(tensor.getShape());
  return count >= 0 && count <= kMostElements;
}

Tensor Tensor::zeros(RankedTensorType type) {
  Tensor tensor;
  tensor.elementType = type.getElementType();
  tensor.shape.assign(type.getShape().begin(), type.getShape().end());
  size_t count = static_cast<size_t>(countElements(tensor.shape));
  if (tensor.isFloat())
    tensor.f.assign(count, 0.0);
  else
    tensor.i.assign(count, 0);
  return tensor;
}

Tensor Tensor::scalar(Type elementType, double value) {
  Tensor tensor = zeros(RankedTensorType::get({}, elementType));
  if (tensor.isFloat())
    tensor.f[0] = value;
  else
    tensor.i[0] = static_cast<int64_t>(value);
  return tensor;
}

void Tensor::round() {
  if (!isFloat()) {
    for (int64_t &value : i)
      value = wrapToType(value, elementType);
    return;
  }
  if (isa<Float64Type>(elementType))
    return;
  if (isa<Float32Type>(elementType)) {
    for (double &value : f)
      value = static_cast<double>(static_cast<float>(value));
    return;
  }
  for (double &value : f)
    value = roundToType(value, elementType);
}

void Tensor::roundRandomly(int64_t key, uint64_t stream) {
  if (!isFloat())
    return round();
  auto low = [](uint64_t word) { return static_cast<uint32_t>(word); };
  for (size_t e = 0; e < f.size(); ++e) {
    PhiloxBlock words =
        philox({low(e), low(e >> 32), low(stream), low(stream >> 32)},
               {low(static_cast<uint64_t>(key)), low(static_cast<uint64_t>(key) >> 32)});
    f[e] = roundToTypeRandomly(f[e], elementType, words[0] * 0x1p-32);
  }
}

TensorRef tensorFromElements(ElementsAttr elements) {
  auto type = dyn_cast<RankedTensorType>(elements.getType());
  if (!type || !canHold(type))
    return nullptr;
  auto dense = dyn_cast<DenseElementsAttr>(elements);
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    bool splat = false;
    if (!blob || !DenseElementsAttr::isValidRawBuffer(type, blob->getData(), splat))
      return nullptr;
    dense = DenseElementsAttr::getFromRawBuffer(type, blob->getData());
  }
  if (!dense)
    return nullptr;
  auto tensor = std::make_shared<Tensor>(Tensor::zeros(type));
  int64_t at = 0;
  if (tensor->isFloat()) {
    for (APFloat value : dense.getValues<APFloat>()) {
      bool losesInfo = false;
      value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
      tensor->f[at++] = value.convertToDouble();
    }
  } else {
    bool isBool = type.getElementType().isInteger(1);
    for (const APInt &value : dense.getValues<APInt>())
      tensor->i[at++] =
          isBool ? static_cast<int64_t>(value.getZExtValue()) : value.getSExtValue();
  }
  return tensor;
}

} // namespace train::reference
