// The parts of emission that no target changes.
#include "NarrowFloat.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "train/Conversion/RowEmission.h"

using namespace mlir;
using namespace train;
using namespace train::rows;

// A float that is stored as a code.
static bool isCode(Type element) {
  return isa<FloatType>(element) && element.getIntOrFloatBitWidth() <= 8;
}

bool rows::isPacked(Type element) { return element.getIntOrFloatBitWidth() == 4; }

Type rows::getStorageType(Type element) {
  if (element.isInteger(1) || isCode(element))
    return IntegerType::get(element.getContext(), 8);
  if (element.isBF16())
    return IntegerType::get(element.getContext(), 16);
  return element;
}

Value rows::emitWiden(ImplicitLocOpBuilder &b, Value stored, Type element, Type compute) {
  Type type = stored.getType();
  if (isCode(element))
    return decodeNarrow(b, stored, element);
  if (getElementTypeOrSelf(type) == compute)
    return stored;
  if (compute.isInteger(1))
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, stored,
                                 constantLike(b, type, 0));
  if (compute.isF32() && getElementTypeOrSelf(type).isInteger(16))
    return extendBf16(b, stored);
  return arith::ExtFOp::create(b, withElement(type, compute), stored);
}

Value rows::emitNarrow(ImplicitLocOpBuilder &b, Value computed, Type element) {
  Type type = computed.getType(), compute = getElementTypeOrSelf(type);
  Type storage = getStorageType(element);
  if (isCode(element))
    return encodeNarrow(b, computed, element);
  if (compute == storage)
    return computed;
  if (compute.isInteger(1))
    return arith::ExtUIOp::create(b, withElement(type, storage), computed);
  if (compute.getIntOrFloatBitWidth() < storage.getIntOrFloatBitWidth())
    return arith::ExtFOp::create(b, withElement(type, storage), computed);
  if (compute.isF32() && storage.isInteger(16))
    return truncateToBf16(b, computed);
  return arith::TruncFOp::create(b, withElement(type, storage), computed);
}

Value rows::emitRound(ImplicitLocOpBuilder &b, Value computed, Type element) {
  Type compute = getElementTypeOrSelf(computed.getType());
  if (compute.isF32() && element.isBF16())
    return roundToBf16(b, computed);
  return emitWiden(b, emitNarrow(b, computed, element), element, compute);
}

Value rows::emitNeutral(ImplicitLocOpBuilder &b, Reduction reduction, Type type) {
  switch (reduction) {
  case Reduction::Sum:
    return constantLike(b, type, 0);
  case Reduction::Max:
    return constantLike(b, type, -std::numeric_limits<double>::infinity());
  case Reduction::And:
    return constantLike(b, type, 1);
  }
  return Value();
}

SmallVector<int> rows::getStages(const Program &program) {
  SmallVector<int> stages(program.nodes.size(), 0);
  for (auto [id, node] : llvm::enumerate(program.nodes)) {
    for (int input : node.inputs)
      stages[id] = std::max(stages[id], stages[input]);
    if (node.kind == NodeKind::Reduce)
      ++stages[id];
  }
  return stages;
}

Value rows::emitRowOffset(ImplicitLocOpBuilder &b, const Program &program, int buffer,
                          Value row) {
  ArrayRef<int64_t> strides = program.buffers[buffer].strides;
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
  };
  Value start;
  int64_t inner = 1;
  for (size_t d = program.domain.size() - 1; d-- > 0; inner *= program.domain[d]) {
    if (strides[d] == 0)
      continue;
    Value index = row;
    if (inner != 1)
      index = arith::DivUIOp::create(b, index, constant(inner));
    if (d != 0)
      index = arith::RemUIOp::create(b, index, constant(program.domain[d]));
    Value part = arith::MulIOp::create(b, index, constant(strides[d]));
    start = start ? arith::AddIOp::create(b, start, part).getResult() : part;
  }
  return start;
}
