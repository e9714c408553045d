//===- Encoding.cpp - the ops there and back ---------------------------------===//
//
// Every op that is built here is a kernel as it stands: what is encoded after fusion and
// scheduling is not fused any more.
//
//===----------------------------------------------------------------------===//
#include "Encoding.h"
#include "train/Transforms/CompressFormats.h"

using namespace mlir;
using namespace train;

FloatType train::getCompressType(MLIRContext *context, StringRef format) {
  if (format == "bf16")
    return BFloat16Type::get(context);
  if (format == "fp8")
    return Float8E4M3FNType::get(context);
  if (format == "fp4")
    return Float4E2M1FNType::get(context);
  return {};
}

static bool hasTensorScale(FloatType element) { return isa<Float4E2M1FNType>(element); }

int64_t Encoding::getBlock(FloatType element) {
  return element.getWidth() >= 16 ? 1 : hasTensorScale(element) ? 16 : 32;
}

std::optional<Encoding> Encoding::get(RankedTensorType type, FloatType element) {
  auto from = dyn_cast<FloatType>(type.getElementType());
  int64_t block = getBlock(element);
  bool isKnown =
      isa<BFloat16Type, Float16Type, Float8E4M3FNType, Float8E5M2Type, Float4E2M1FNType>(
          element);
  if (!from || !isKnown || from.getWidth() <= element.getWidth() ||
      (block > 1 && !isa<Float32Type, Float16Type, BFloat16Type>(from)) ||
      type.getNumElements() % block != 0)
    return std::nullopt;
  return Encoding(type, element);
}

RankedTensorType Encoding::getBlocked() const {
  int64_t block = getBlock(element);
  if (type.getRank() > 0 && type.getShape().back() % block == 0)
    return type;
  return RankedTensorType::get({type.getNumElements() / block, block},
                               type.getElementType());
}

/// largest * 448 / amax: a tensor's largest block then has the largest scale. What is
/// smaller than any activation counts as that small, so that a tensor of zeros has a
/// finite scale.
static Value buildTensorScale(OpBuilder &builder, Location location, Value amax,
                              SmallVectorImpl<Operation *> &made) {
  constexpr double largest = 6, largestScale = 448, smallest = 1e-30;
  Type type = amax.getType();
  auto fusion = FusionOp::create(builder, location, type, amax, ArrayRef<int64_t>{-1});
  OpBuilder::InsertionGuard guard(builder);
  Block *body = builder.createBlock(&fusion.getBody());
  Value inner = body->addArgument(type, location);
  auto constant = [&](double value) -> Value {
    return ConstantOp::create(
        builder, location,
        DenseElementsAttr::get(cast<RankedTensorType>(type), static_cast<float>(value)));
  };
  Value bounded = MaxOp::create(builder, location, inner, constant(smallest));
  Value scale =
      DivOp::create(builder, location, constant(largest * largestScale), bounded);
  YieldOp::create(builder, location, scale);
  made.push_back(fusion);
  return fusion.getResult(0);
}

SmallVector<Value> Encoding::encode(OpBuilder &builder, Value whole,
                                    SmallVectorImpl<Operation *> &made) {
  Location location = whole.getLoc();
  int64_t block = getBlock(element);
  if (block == 1) {
    made.push_back(CastOp::create(builder, location, type.clone(element), whole));
    return {made.back()->getResult(0)};
  }
  Value scale;
  if (hasTensorScale(element)) {
    auto scalar = RankedTensorType::get({}, builder.getF32Type());
    auto amax = AmaxOp::create(builder, location, scalar, whole, Value());
    made.push_back(amax);
    scale = buildTensorScale(builder, location, amax, made);
  }
  RankedTensorType blocked = getBlocked();
  if (blocked != type) {
    made.push_back(ReshapeOp::create(builder, location, whole, blocked.getShape()));
    whole = made.back()->getResult(0);
  }
  SmallVector<int64_t> counts(blocked.getShape());
  counts.back() /= block;
  Type scaleType = scale ? Type(Float8E4M3FNType::get(builder.getContext()))
                         : Type(Float8E8M0FNUType::get(builder.getContext()));
  auto quantized = QuantizeBlocksOp::create(
      builder, location,
      TypeRange{blocked.clone(element), blocked.clone(counts, scaleType)}, whole, scale,
      /*key=*/Value(), IntegerAttr(), IntegerAttr());
  made.push_back(quantized);
  SmallVector<Value> parts{quantized.getQ(), quantized.getScales()};
  if (scale)
    parts.push_back(scale);
  return parts;
}

Value Encoding::decode(OpBuilder &builder, Location location, ValueRange parts,
                       SmallVectorImpl<Operation *> &made) {
  if (getBlock(element) == 1) {
    made.push_back(CastOp::create(builder, location, type, parts[0]));
    return made.back()->getResult(0);
  }
  RankedTensorType blocked = getBlocked();
  made.push_back(DequantizeBlocksOp::create(builder, location, blocked, parts[0],
                                            parts[1],
                                            parts.size() > 2 ? parts[2] : Value()));
  if (blocked != type)
    made.push_back(
        ReshapeOp::create(builder, location, made.back()->getResult(0), type.getShape()));
  return made.back()->getResult(0);
}
