// Builds row programs: nodes with structural keys, buffers with their strides, and the
// merging of dimensions that all buffers walk as one.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "train/Conversion/RowEmission.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace train;
using namespace train::rows;

Type rows::getComputeType(Type element) {
  if (isa<FloatType>(element) && element.getIntOrFloatBitWidth() < 32)
    return Float32Type::get(element.getContext());
  return element;
}

Value rows::constantLike(ImplicitLocOpBuilder &b, Type like, double value) {
  Type element = getElementTypeOrSelf(like);
  TypedAttr attr;
  if (isa<FloatType>(element))
    attr = b.getFloatAttr(element, value);
  else
    attr = b.getIntegerAttr(element, static_cast<int64_t>(value));
  if (auto vector = dyn_cast<VectorType>(like))
    attr = DenseElementsAttr::get(vector, cast<Attribute>(attr));
  return arith::ConstantOp::create(b, attr);
}

int64_t rows::getNumPartials(int64_t rows) {
  return std::clamp<int64_t>(rows / 64, 1, 16);
}

int64_t Program::getExtent() const {
  if (flat)
    return domain.back();
  if (partials)
    return domain[0] * partials * llvm::divideCeil(domain.back(), kSumTile);
  int64_t rows = 1;
  for (int64_t size : ArrayRef<int64_t>(domain).drop_back())
    rows *= size;
  return rows;
}

// About a microsecond of work at least, and whole cache lines of flat ranges.
int64_t Program::getGrain() const {
  if (flat)
    return 2048;
  if (partials)
    return 1;
  return std::max<int64_t>(1, 2048 / std::max<int64_t>(1, domain.back()));
}

int64_t Sequence::reserve(int64_t bytes) {
  int64_t offset = workspaceBytes;
  workspaceBytes += llvm::alignTo(bytes, TRAIN_ALIGNMENT);
  return offset;
}

//===-- Nodes -----------------------------------------------------------------===//

rows::Builder::Builder(MLIRContext *context, ArrayRef<int64_t> domain, bool keepsRows)
    : context(context) {
  program.domain.assign(domain.begin(), domain.end());
  program.keepsRows = keepsRows;
}

int rows::Builder::addNode(Node node, StringRef key) {
  std::string text;
  llvm::raw_string_ostream os(text);
  // Types are uniqued, so their addresses tell them apart, faster than their text.
  os << key << ':' << node.type.getAsOpaquePointer() << '(';
  for (int input : node.inputs)
    os << input << ',';
  os << ')' << node.buffer << ';';
  auto [it, inserted] = known.try_emplace(text, static_cast<int>(program.nodes.size()));
  if (!inserted)
    return it->second;
  nodeKeys += text;
  program.nodes.push_back(std::move(node));
  return it->second;
}

int rows::Builder::addBuffer(Value value, int64_t temporary, Type element,
                             ArrayRef<int64_t> shape) {
  Buffer buffer{value, temporary, /*start=*/0, element, {}};
  int64_t stride = 1;
  size_t rank = program.domain.size();
  buffer.strides.assign(rank, 0);
  assert(shape.size() <= rank && "operand's rank exceeds the domain's");
  for (size_t i = 0; i < shape.size(); ++i) {
    int64_t size = shape[shape.size() - 1 - i];
    if (size != 1)
      buffer.strides[rank - 1 - i] = stride;
    stride *= size;
  }
  for (auto [i, known] : llvm::enumerate(program.buffers))
    if (known.value == value && known.temporary == temporary && known.start == 0 &&
        known.strides == buffer.strides)
      return i;
  program.buffers.push_back(std::move(buffer));
  return program.buffers.size() - 1;
}

int rows::Builder::loadBuffer(int index) {
  const Buffer &buffer = program.buffers[index];
  Level level = Level::Uniform;
  if (buffer.strides.back() != 0)
    level = Level::Column;
  else if (llvm::any_of(buffer.strides, [](int64_t stride) { return stride != 0; }))
    level = Level::Row;
  Node node{NodeKind::Load, level, getComputeType(buffer.element), {}, index, {}, {}};
  return addNode(std::move(node), "load");
}

int rows::Builder::load(Value value) {
  return load(value, cast<RankedTensorType>(value.getType()).getShape());
}

int rows::Builder::load(Value value, ArrayRef<int64_t> shape) {
  Type element = cast<RankedTensorType>(value.getType()).getElementType();
  return loadBuffer(addBuffer(value, -1, element, shape));
}

int rows::Builder::loadTemporary(int64_t offset, Type element, ArrayRef<int64_t> shape,
                                 int64_t elementOffset) {
  int64_t bytes = offset + elementOffset * getElementBytes(element);
  return loadBuffer(addBuffer(Value(), bytes, element, shape));
}

int rows::Builder::loadAt(Value value, ArrayRef<int64_t> shape, int column) {
  auto type = cast<RankedTensorType>(value.getType());
  int buffer = addBuffer(value, -1, type.getElementType(), shape);
  Node node{NodeKind::LoadAt,
            Level::Row,
            getComputeType(type.getElementType()),
            {column},
            buffer,
            {},
            {}};
  return addNode(std::move(node), "loadat");
}

int rows::Builder::loadElement(Value value, int64_t index) {
  Type element = cast<RankedTensorType>(value.getType()).getElementType();
  Buffer buffer{value, -1, index, element, {}};
  buffer.strides.assign(program.domain.size(), 0);
  program.buffers.push_back(std::move(buffer));
  return loadBuffer(program.buffers.size() - 1);
}

int rows::Builder::compute(StringRef name, Type type, ArrayRef<int> inputs, Emit emit) {
  Level level = Level::Uniform;
  for (int input : inputs)
    level = std::max(level, levelOf(input));
  Node node{NodeKind::Compute, level, type, SmallVector<int, 3>(inputs), -1, {},
            std::move(emit)};
  return addNode(std::move(node), name);
}

int rows::Builder::apply(StringRef name, Value (*emit)(ImplicitLocOpBuilder &, Value),
                         int input) {
  return compute(
      name, typeOf(input), {input},
      [emit](ImplicitLocOpBuilder &b, ArrayRef<Value> in) { return emit(b, in[0]); });
}

int rows::Builder::reduce(Reduction reduction, int input) {
  assert(program.keepsRows && "a reduction needs rows");
  Node node{NodeKind::Reduce, Level::Row, typeOf(input), {input}, -1, reduction, {}};
  return addNode(std::move(node), "reduce" + std::to_string(static_cast<int>(reduction)));
}

int rows::Builder::rowIndex() {
  return addNode(
      {NodeKind::RowIndex, Level::Row, IntegerType::get(context, 64), {}, -1, {}, {}},
      "row");
}

int rows::Builder::columnIndex() {
  // A lone column is no vector: what depends on it is a value per row.
  if (program.domain.back() == 1)
    return integerConstant(IntegerType::get(context, 32), 0);
  return addNode({NodeKind::ColumnIndex,
                  Level::Column,
                  IntegerType::get(context, 32),
                  {},
                  -1,
                  {},
                  {}},
                 "column");
}

int rows::Builder::parameter(int64_t value) {
  int index = program.parameters.size();
  program.parameters.push_back(value);
  return addNode({NodeKind::Parameter,
                  Level::Uniform,
                  IntegerType::get(context, 64),
                  {},
                  index,
                  {},
                  {}},
                 "parameter");
}

int rows::Builder::constant(Type type, double value) {
  Type compute = getComputeType(type);
  std::string key = "c";
  llvm::raw_string_ostream(key) << llvm::format_hex(llvm::bit_cast<uint64_t>(value), 16);
  return this->compute(key, compute, {},
                       [compute, value](ImplicitLocOpBuilder &b, ArrayRef<Value>) {
                         return constantLike(b, compute, value);
                       });
}

int rows::Builder::integerConstant(Type type, int64_t value) {
  return compute("i" + std::to_string(value), type, {},
                 [type, value](ImplicitLocOpBuilder &b, ArrayRef<Value>) -> Value {
                   return arith::ConstantOp::create(b, b.getIntegerAttr(type, value));
                 });
}

Type rows::withElement(Type like, Type element) {
  if (auto vector = dyn_cast<VectorType>(like))
    return vector.clone(element);
  return element;
}

/// The word whose high half is x rounded to bf16. A store shifts it down, a later use in
/// the same kernel masks it: what both need is computed once.
static Value roundHighHalf(ImplicitLocOpBuilder &b, Value x) {
  Type words = withElement(x.getType(), b.getI32Type());
  Value bits = arith::BitcastOp::create(b, words, x);
  Value high = arith::ShRUIOp::create(b, bits, constantLike(b, words, 16));
  // Half a unit less one, and one more where the last kept bit is odd.
  Value odd = arith::AndIOp::create(b, high, constantLike(b, words, 1));
  Value rounded = arith::AddIOp::create(
      b, bits, arith::AddIOp::create(b, odd, constantLike(b, words, 0x7fff)));
  // The carry of a NaN could run into its exponent: it is cut, and made quiet.
  Value quiet = arith::OrIOp::create(b, bits, constantLike(b, words, 0x400000));
  Value isNan = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x);
  return arith::SelectOp::create(b, isNan, quiet, rounded);
}

Value rows::truncateToBf16(ImplicitLocOpBuilder &b, Value x) {
  Value word = roundHighHalf(b, x);
  Value high = arith::ShRUIOp::create(b, word, constantLike(b, word.getType(), 16));
  return arith::TruncIOp::create(b, withElement(x.getType(), b.getI16Type()), high);
}

Value rows::roundToBf16(ImplicitLocOpBuilder &b, Value x) {
  Value word = roundHighHalf(b, x);
  Value kept = arith::AndIOp::create(b, word, constantLike(b, word.getType(), -65536));
  return arith::BitcastOp::create(b, x.getType(), kept);
}

Value rows::extendBf16(ImplicitLocOpBuilder &b, Value bits) {
  Type words = withElement(bits.getType(), b.getI32Type());
  Value high = arith::ShLIOp::create(b, arith::ExtUIOp::create(b, words, bits),
                                     constantLike(b, words, 16));
  return arith::BitcastOp::create(b, withElement(bits.getType(), b.getF32Type()), high);
}

int rows::Builder::convert(int node, Type type) {
  Type from = typeOf(node);
  if (from == type)
    return node;
  bool wider = from.getIntOrFloatBitWidth() < type.getIntOrFloatBitWidth();
  return compute("convert", type, {node},
                 [=](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
                   Type to = withElement(in[0].getType(), type);
                   if (wider)
                     return arith::ExtFOp::create(b, to, in[0]);
                   return arith::TruncFOp::create(b, to, in[0]);
                 });
}

int rows::Builder::roundTo(int node, Type type) {
  if (!isa<FloatType>(type) || !isa<FloatType>(typeOf(node)))
    return node;
  Type wide = getComputeType(type);
  node = convert(node, wide);
  if (wide == type)
    return node;
  std::string key;
  llvm::raw_string_ostream(key) << "round" << type;
  int rounded =
      compute(key, wide, {node}, [=](ImplicitLocOpBuilder &b, ArrayRef<Value> in) {
        return emitRound(b, in[0], type);
      });
  unrounded[rounded] = {node, type};
  return rounded;
}

Type rows::Builder::widen(int &x, int &y) {
  Type a = typeOf(x), c = typeOf(y);
  if (a == c || !isa<FloatType>(a) || !isa<FloatType>(c))
    return a;
  Type type = a.getIntOrFloatBitWidth() < c.getIntOrFloatBitWidth() ? c : a;
  x = convert(x, type);
  y = convert(y, type);
  return type;
}

int rows::Builder::add(int x, int y) {
  Type type = widen(x, y);
  return compute("add", type, {x, y},
                 [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
                   return arith::AddFOp::create(b, in[0], in[1]);
                 });
}
int rows::Builder::sub(int x, int y) {
  Type type = widen(x, y);
  return compute("sub", type, {x, y},
                 [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
                   return arith::SubFOp::create(b, in[0], in[1]);
                 });
}
int rows::Builder::mul(int x, int y) {
  Type type = widen(x, y);
  return compute("mul", type, {x, y},
                 [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
                   return arith::MulFOp::create(b, in[0], in[1]);
                 });
}
int rows::Builder::div(int x, int y) {
  Type type = widen(x, y);
  return compute("div", type, {x, y},
                 [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
                   return arith::DivFOp::create(b, in[0], in[1]);
                 });
}
int rows::Builder::fma(int x, int y, int z) {
  return compute("fma", typeOf(x), {x, y, z},
                 [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
                   return math::FmaOp::create(b, in[0], in[1], in[2]);
                 });
}
int rows::Builder::select(int condition, int x, int y) {
  Type type = widen(x, y);
  return compute("select", type, {condition, x, y},
                 [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
                   return arith::SelectOp::create(b, in[0], in[1], in[2]);
                 });
}

Value rows::emitCombine(ImplicitLocOpBuilder &b, Reduction reduction, Value x, Value y) {
  switch (reduction) {
  case Reduction::Sum:
    return arith::AddFOp::create(b, x, y);
  case Reduction::Max:
    return arith::MaximumFOp::create(b, x, y);
  case Reduction::And:
    return arith::AndIOp::create(b, x, y);
  }
  return x;
}

int rows::Builder::combine(Reduction reduction, int x, int y) {
  Type type = widen(x, y);
  return compute("combine" + std::to_string(static_cast<int>(reduction)), type, {x, y},
                 [reduction](ImplicitLocOpBuilder &b, ArrayRef<Value> in) {
                   return emitCombine(b, reduction, in[0], in[1]);
                 });
}

//===-- Stores and the end ----------------------------------------------------===//

void rows::Builder::store(int node, Value value) {
  store(node, value, cast<RankedTensorType>(value.getType()).getShape());
}
void rows::Builder::store(int node, Value value, ArrayRef<int64_t> shape) {
  Type element = cast<RankedTensorType>(value.getType()).getElementType();
  // Storing rounds, and rounding twice is rounding once.
  if (auto it = unrounded.find(node);
      it != unrounded.end() && it->second.second == element)
    node = it->second.first;
  program.stores.push_back({node, addBuffer(value, -1, element, shape)});
}
void rows::Builder::storeTemporary(int node, int64_t offset, Type element,
                                   ArrayRef<int64_t> shape) {
  program.stores.push_back({node, addBuffer(Value(), offset, element, shape)});
}

// Dimension i and i + 1 are one for a buffer that steps over i as over i + 1 all the way.
static bool canMerge(const Program &program, size_t i) {
  for (const Buffer &buffer : program.buffers)
    if (buffer.strides[i] != buffer.strides[i + 1] * program.domain[i + 1])
      return false;
  return true;
}

static void dropDimension(Program &program, size_t i) {
  program.domain.erase(program.domain.begin() + i);
  for (Buffer &buffer : program.buffers)
    buffer.strides.erase(buffer.strides.begin() + i);
}

// Merging can turn a row's dimension into the column, so levels follow the final strides.
static void settleLevels(Program &program) {
  for (Node &node : program.nodes) {
    if (node.kind == NodeKind::Load) {
      ArrayRef<int64_t> strides = program.buffers[node.buffer].strides;
      bool rows = llvm::any_of(strides, [](int64_t stride) { return stride != 0; });
      node.level = strides.back() ? Level::Column : rows ? Level::Row : Level::Uniform;
    } else if (node.kind == NodeKind::Compute) {
      node.level = Level::Uniform;
      for (int input : node.inputs)
        node.level = std::max(node.level, program.nodes[input].level);
    }
  }
}

// Columns are walked element by element, so a column of size 1 stays where the dimension
// before it is one that some buffer steps over by more.
static bool isNeededAsColumn(const Program &program, size_t i) {
  return i + 1 == program.domain.size() && i > 0 &&
         llvm::any_of(program.buffers,
                      [&](const Buffer &buffer) { return buffer.strides[i - 1] > 1; });
}

Program rows::Builder::finish() {
  // A summing program's three dimensions have meanings of their own.
  if (!program.partials) {
    size_t fixed = program.keepsRows ? 1 : 0;
    // Where a store does not walk the columns (a statistic per row), rows stay rows.
    for (size_t i = 0; program.domain.size() > 1 && i + fixed < program.domain.size();) {
      if (program.domain[i] == 1 && !isNeededAsColumn(program, i))
        dropDimension(program, i);
      else
        ++i;
    }
    for (size_t i = 0;
         program.domain.size() > 1 + fixed && i + 1 + fixed < program.domain.size();) {
      if (!canMerge(program, i)) {
        ++i;
        continue;
      }
      program.domain[i + 1] *= program.domain[i];
      dropDimension(program, i);
    }
    if (program.domain.empty())
      program.domain.push_back(1);
    for (Buffer &buffer : program.buffers)
      if (buffer.strides.empty())
        buffer.strides.push_back(0);
    program.flat = program.domain.size() == 1 && !program.keepsRows;
    settleLevels(program);
  }

  llvm::raw_string_ostream os(program.key);
  os << (program.flat ? 'f' : program.partials ? 's' : 'r');
  // A flat kernel serves every length, a plain row kernel every number of rows.
  if (!program.flat)
    os << program.domain.back();
  if (program.domain.size() > 2 || program.partials)
    for (int64_t size : ArrayRef<int64_t>(program.domain).drop_front())
      os << 'x' << size;
  if (program.partials)
    os << 'p' << program.partials << ',' << static_cast<int>(program.partialReduction);
  os << '|';
  for (const Buffer &buffer : program.buffers) {
    os << buffer.element.getAsOpaquePointer() << "[";
    llvm::interleave(buffer.strides, os, ",");
    os << ']';
  }
  os << '|' << nodeKeys << '|';
  for (const Store &store : program.stores)
    os << store.node << '>' << store.buffer << ',';
  return std::move(program);
}
