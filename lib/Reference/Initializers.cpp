// See Initializers.h.
#include "train/Reference/Initializers.h"

#include "train/IR/TrainDialect.h"
#include "train/Reference/Philox.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/xxhash.h"

#include <cmath>

using namespace mlir;

namespace train::reference {
namespace {

uint64_t fnv1a(std::string_view text) {
  uint64_t hash = 0xCBF29CE484222325;
  for (char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return hash;
}

/// An element's value from its index.
using ElementRule = std::function<double(int64_t)>;

void fill(Tensor &tensor, const ElementRule &rule) {
  for (int64_t e = 0, size = tensor.size(); e < size; ++e) {
    double value = rule(e);
    if (!tensor.isFloat())
      tensor.i[e] = wrapToType(static_cast<int64_t>(value), tensor.elementType);
    else if (isa<Float64Type>(tensor.elementType))
      tensor.f[e] = value;
    else
      tensor.f[e] =
          roundToType(static_cast<double>(static_cast<float>(value)), tensor.elementType);
  }
}

FailureOr<TensorRef> initialValue(Operation *symbol, StringRef name, Type type,
                                  Attribute init, int64_t seed) {
  if (!canHold(type))
    return symbol->emitOpError()
           << "has type " << type << ", expected a static tensor of at most "
           << kMostElements << " elements";
  auto tensorType = cast<RankedTensorType>(type);
  if (auto elements = dyn_cast<ElementsAttr>(init)) {
    TensorRef literal = tensorFromElements(elements);
    if (!literal || literal->getType() != tensorType)
      return symbol->emitOpError("holds initial elements that cannot be read");
    return literal;
  }
  auto tensor = std::make_shared<Tensor>(Tensor::zeros(tensorType));
  NamedStream stream(seed, name);
  if (auto constant = dyn_cast<FillAttr>(init)) {
    fill(*tensor, [&](int64_t) { return constant.getValue(); });
  } else if (auto normal = dyn_cast<NormalAttr>(init)) {
    fill(*tensor, [&](int64_t e) {
      return normal.getMean() + normal.getStddev() * stream.normal(e);
    });
  } else if (auto uniform = dyn_cast<UniformAttr>(init)) {
    double low = uniform.getLow(), span = uniform.getHigh() - low;
    fill(*tensor, [&](int64_t e) { return low + span * stream.uniform(e); });
  } else if (!isa<ZerosAttr>(init)) {
    return symbol->emitOpError()
           << "has initial value " << init << ", which the interpreter does not know";
  }
  return TensorRef(tensor);
}

const llvm::fltSemantics &semanticsOf(Type type) {
  return cast<FloatType>(type).getFloatSemantics();
}

template <typename T> void append(std::vector<uint8_t> &bytes, T value) {
  for (size_t k = 0; k < sizeof(T); ++k)
    bytes.push_back(static_cast<uint8_t>(static_cast<uint64_t>(value) >> (8 * k)));
}

/// The runtime's number for an element type. Types that have no runtime storage take
/// numbers from 64 on.
uint32_t runtimeTypeNumber(Type type) {
  if (std::optional<TrainType> known = getRuntimeType(type))
    return *known;
  return 64 + type.getIntOrFloatBitWidth();
}

} // namespace

NamedStream::NamedStream(int64_t seed, std::string_view name)
    : seed(static_cast<uint64_t>(seed)), hash(fnv1a(name)) {}

std::pair<double, double> NamedStream::block(int64_t index) const {
  auto low = [](uint64_t value) { return static_cast<uint32_t>(value); };
  auto high = [](uint64_t value) { return static_cast<uint32_t>(value >> 32); };
  uint64_t number = static_cast<uint64_t>(index) / 2;
  PhiloxBlock words =
      philox({low(number), high(number), low(hash), high(hash)}, {low(seed), high(seed)});
  auto unit = [](uint32_t low, uint32_t high) {
    return static_cast<double>((static_cast<uint64_t>(high) << 32 | low) >> 11) * 0x1p-53;
  };
  return {unit(words[0], words[1]), unit(words[2], words[3])};
}

double NamedStream::uniform(int64_t index) const {
  auto [even, odd] = block(index);
  return index % 2 ? odd : even;
}

double NamedStream::normal(int64_t index) const {
  auto [first, second] = block(index);
  // 1 - u is never 0, so the logarithm is finite.
  double radius = std::sqrt(-2 * std::log(1 - first)), angle = 2 * M_PI * second;
  return radius * (index % 2 ? std::sin(angle) : std::cos(angle));
}

LogicalResult initializeSymbols(ModuleOp module, EvalContext &context) {
  context.symbols.clear();
  for (Operation &op : *module.getBody()) {
    FailureOr<TensorRef> value = failure();
    StringRef name;
    if (auto param = dyn_cast<ParamOp>(op)) {
      name = param.getSymName();
      value = initialValue(param, name, param.getType(), param.getInit(), context.seed);
    } else if (auto state = dyn_cast<StateOp>(op)) {
      name = state.getSymName();
      // Copies have what follows from their masters, below.
      if (isa<CopyOfAttr>(state.getInit()))
        continue;
      value = initialValue(state, name, state.getType(), state.getInit(), context.seed);
    } else {
      continue;
    }
    if (failed(value))
      return failure();
    context.symbols[name.str()] = *value;
  }
  for (auto state : module.getOps<StateOp>()) {
    auto init = dyn_cast<CopyOfAttr>(state.getInit());
    if (!init)
      continue;
    auto type = cast<RankedTensorType>(state.getType());
    auto copy = std::make_shared<Tensor>(Tensor::zeros(type));
    copy->f = context.symbols.at(init.getMaster().getValue().str())->f;
    if (context.mode != Mode::F64)
      for (double &value : copy->f)
        value = roundToType(value, type.getElementType());
    context.symbols[state.getSymName().str()] = copy;
  }
  return success();
}

std::vector<uint8_t> tensorBytes(const Tensor &tensor) {
  std::vector<uint8_t> bytes;
  unsigned width = tensor.elementType.getIntOrFloatBitWidth();
  for (int64_t e = 0, size = tensor.size(); e < size; ++e) {
    uint64_t bits = 0;
    if (tensor.isFloat()) {
      llvm::APFloat value(roundToType(tensor.f[e], tensor.elementType));
      bool losesInfo = false;
      value.convert(semanticsOf(tensor.elementType), llvm::APFloat::rmNearestTiesToEven,
                    &losesInfo);
      bits = value.bitcastToAPInt().getZExtValue();
    } else {
      bits = static_cast<uint64_t>(tensor.i[e]);
    }
    switch (width) {
    case 64:
      append<uint64_t>(bytes, bits);
      break;
    case 32:
      append<uint32_t>(bytes, static_cast<uint32_t>(bits));
      break;
    case 16:
      append<uint16_t>(bytes, static_cast<uint16_t>(bits));
      break;
    default:
      bytes.push_back(static_cast<uint8_t>(bits));
    }
  }
  return bytes;
}

uint64_t hashState(ModuleOp module, const EvalContext &context) {
  std::vector<uint8_t> bytes;
  for (const auto &[name, tensor] : context.symbols) {
    auto state = dyn_cast_or_null<StateOp>(module.lookupSymbol(name));
    if (state && state.getRole() != StateRole::Optimizer &&
        state.getRole() != StateRole::Statistic)
      continue;
    bytes.insert(bytes.end(), name.begin(), name.end());
    bytes.push_back(0);
    append<uint32_t>(bytes, runtimeTypeNumber(tensor->elementType));
    append<uint32_t>(bytes, static_cast<uint32_t>(tensor->shape.size()));
    for (int64_t size : tensor->shape)
      append<int64_t>(bytes, size);
    std::vector<uint8_t> content = tensorBytes(*tensor);
    bytes.insert(bytes.end(), content.begin(), content.end());
  }
  return llvm::xxHash64(bytes);
}

} // namespace train::reference
