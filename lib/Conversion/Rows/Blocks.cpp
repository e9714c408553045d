// Row programs of quantization with a scale per block, and of the scales that follow the
// largest magnitudes. A block of one row is a row of the program; of taller blocks the
// columns' maxima come first.
#include "Expansion.h"
#include "NarrowFloat.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace train;
using namespace train::rows;

static int magnitude(rows::Builder &b, int x) {
  return b.apply(
      "abs",
      [](ImplicitLocOpBuilder &b, Value x) -> Value {
        return math::AbsFOp::create(b, x);
      },
      x);
}

// The smallest power of two that is not below amax / largest, at least 2^-127; NaN for
// what is not finite. Exponents and mantissas are compared: no quotient is rounded.
static Value emitPowerOfTwo(ImplicitLocOpBuilder &b, Value amax, double largest) {
  Type reals = amax.getType(), words = withElement(reals, b.getI32Type());
  auto word = [&](int64_t value) {
    return constantLike(b, words, static_cast<double>(value));
  };
  auto greater = [&](Value x, Value y) -> Value {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, x, y);
  };
  auto select = [&](Value c, Value x, Value y) -> Value {
    return arith::SelectOp::create(b, c, x, y);
  };
  const uint32_t limit = llvm::bit_cast<uint32_t>(static_cast<float>(largest));
  Value bits = arith::BitcastOp::create(b, words, amax);
  Value fraction = arith::AndIOp::create(b, bits, word(0x007fffff));
  Value over =
      arith::ExtUIOp::create(b, words, greater(fraction, word(limit & 0x7fffff)));
  Value exponent =
      arith::AddIOp::create(b, arith::ShRUIOp::create(b, bits, word(23)), over);
  // The exponent's field of the quotient.
  Value code =
      arith::SubIOp::create(b, exponent, word(static_cast<int64_t>(limit >> 23) - 127));
  Value normal = arith::ShLIOp::create(b, code, word(23));
  Value scale = select(greater(code, word(0)), normal, word(0x00400000));
  scale = select(greater(bits, word(0x7f7fffff)), word(0x7fc00000), scale);
  return arith::BitcastOp::create(b, reals, scale);
}

// A block's scale from its largest magnitude, as the scales' type holds it, and the
// factor of its elements; `scale` is the tensor's, or negative.
static std::pair<int, int> chooseScale(rows::Builder &b, int amax, int scale,
                                       Type element, Type scaleType) {
  Type f32 = Float32Type::get(b.getContext());
  double largest = getLargestNarrow(element);
  auto reciprocal = [](ImplicitLocOpBuilder &b, Value numerator, Value x) -> Value {
    // A block of zeros, or of what is nothing beside the tensor: all its elements are 0.
    Value zero = constantLike(b, x.getType(), 0);
    Value isZero = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x, zero);
    return arith::SelectOp::create(b, isZero, zero,
                                   arith::DivFOp::create(b, numerator, x));
  };
  if (scale < 0) {
    int block = b.compute("power" + std::to_string(largest), f32, {amax},
                          [largest](ImplicitLocOpBuilder &b, ArrayRef<Value> in) {
                            return emitPowerOfTwo(b, in[0], largest);
                          });
    return {block, b.compute("inverse", f32, {block},
                             [reciprocal](ImplicitLocOpBuilder &b, ArrayRef<Value> in) {
                               return reciprocal(b, constantLike(b, in[0].getType(), 1),
                                                 in[0]);
                             })};
  }
  int wanted = b.mul(b.div(amax, b.constant(f32, largest)), scale);
  // What overflows saturates, unless the block itself is not finite.
  int finite =
      b.compute("finitescale", f32, {saturateTo(b, wanted, scaleType, -1), amax},
                [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
                  Type type = in[1].getType();
                  Value inside = arith::CmpFOp::create(
                      b, arith::CmpFPredicate::OLT, in[1],
                      constantLike(b, type, std::numeric_limits<double>::infinity()));
                  return arith::SelectOp::create(
                      b, inside, in[0],
                      constantLike(b, type, std::numeric_limits<double>::quiet_NaN()));
                });
  int block = b.roundTo(finite, scaleType);
  return {block, b.compute("factor", f32, {scale, block},
                           [reciprocal](ImplicitLocOpBuilder &b, ArrayRef<Value> in) {
                             return reciprocal(b, in[0], in[1]);
                           })};
}

namespace {
/// A tensor as slabs of `block.rows` rows, each cut into `parts` blocks.
struct Blocks {
  BlockSize block;
  int64_t slabs, columns, parts;

  Blocks(Value tensor, Value scales)
      : block(getBlockSize(cast<RankedTensorType>(tensor.getType()),
                           cast<RankedTensorType>(scales.getType()))),
        slabs(1), columns(shapeOf(tensor).back()), parts(columns / block.columns) {
    for (int64_t size : shapeOf(tensor).drop_back())
      slabs *= size;
    slabs /= block.rows;
  }
  /// Every element, one block's columns side by side.
  SmallVector<int64_t> elements() const {
    if (block.columns == 1)
      return {slabs, block.rows, columns};
    return {slabs, block.rows, parts, block.columns};
  }
  /// A number per block, beside `elements`.
  SmallVector<int64_t> scales() const {
    if (block.columns == 1)
      return {slabs, 1, columns};
    return {slabs, 1, parts, 1};
  }
};
} // namespace

// The elements of a domain, x being loaded and multiplied by `factor`.
static void storeElements(rows::Builder &b, QuantizeBlocksOp op, int x, int factor,
                          ArrayRef<int64_t> shape) {
  Type element = elementOf(op.getQ());
  int word = -1;
  if (op.getKey())
    word =
        randomWord(b, op.getKey(), *op.getSite(), countOf(op.getX()), *op.getSamples());
  b.store(b.roundTo(saturateTo(b, productToOdd(b, x, factor), element, word), element),
          op.getQ(), shape);
}

static void expandQuantizeBlocks(Sequence &sequence, QuantizeBlocksOp op) {
  MLIRContext *context = op.getContext();
  Type f32 = Float32Type::get(context), element = elementOf(op.getQ()),
       scaleType = elementOf(op.getScales());
  Blocks blocks(op.getX(), op.getScales());
  auto tensorScale = [&](rows::Builder &b) {
    return op.getScale() ? b.load(op.getScale(), {1, 1}) : -1;
  };
  int64_t count = blocks.slabs * blocks.parts;
  if (blocks.block.rows == 1 && blocks.block.columns > 1) {
    SmallVector<int64_t> shape{count, blocks.block.columns}, perBlock{count, 1};
    rows::Builder b(context, shape, /*keepsRows=*/true);
    int x = b.load(op.getX(), shape);
    int amax = b.reduce(Reduction::Max, magnitude(b, x));
    auto [scale, factor] = chooseScale(b, amax, tensorScale(b), element, scaleType);
    storeElements(b, op, x, factor, shape);
    b.store(scale, op.getScales(), perBlock);
    sequence.programs.push_back(b.finish());
    return;
  }

  int64_t maxima = sequence.reserve(blocks.slabs * blocks.columns * 4);
  int64_t factors = sequence.reserve(count * 4);
  SmallVector<int64_t> lines{blocks.slabs, blocks.block.rows, blocks.columns};
  reduceRows(
      sequence, context, Reduction::Max, blocks.slabs, blocks.block.rows, blocks.columns,
      f32,
      [&](rows::Builder &b) -> SmallVector<int> {
        return {magnitude(b, b.load(op.getX(), lines))};
      },
      [&](rows::Builder &b, ArrayRef<int> results) {
        b.storeTemporary(results[0], maxima, f32, {blocks.slabs, 1, blocks.columns});
      });
  {
    const bool reduces = blocks.block.columns > 1;
    SmallVector<int64_t> shape{count, blocks.block.columns}, perBlock{count, 1};
    if (!reduces)
      shape = perBlock = {1, count};
    rows::Builder b(context, shape, /*keepsRows=*/reduces);
    int amax = b.loadTemporary(maxima, f32, shape);
    if (reduces)
      amax = b.reduce(Reduction::Max, amax);
    auto [scale, factor] = chooseScale(b, amax, tensorScale(b), element, scaleType);
    b.store(scale, op.getScales(), perBlock);
    b.storeTemporary(factor, factors, f32, perBlock);
    sequence.programs.push_back(b.finish());
  }
  SmallVector<int64_t> shape = blocks.elements();
  rows::Builder b(context, shape, /*keepsRows=*/true);
  storeElements(b, op, b.load(op.getX(), shape),
                b.loadTemporary(factors, f32, blocks.scales()), shape);
  sequence.programs.push_back(b.finish());
}

static void expandDequantizeBlocks(Sequence &sequence, DequantizeBlocksOp op) {
  Blocks blocks(op.getQ(), op.getScales());
  SmallVector<int64_t> shape = blocks.elements();
  rows::Builder b(op.getContext(), shape, /*keepsRows=*/false);
  // The product of two such short numbers is exact in f32.
  int y = b.mul(b.load(op.getQ(), shape), b.load(op.getScales(), blocks.scales()));
  Type target = elementOf(op.getResult());
  if (op.getScale())
    y = quotientFor(b, y, b.load(op.getScale(), {1, 1}), target);
  b.store(b.roundTo(y, target), op.getResult(), shape);
  sequence.programs.push_back(b.finish());
}

static void expandAmax(Sequence &sequence, AmaxOp op) {
  Value x = op.getX();
  Type compute = getComputeType(elementOf(x));
  auto [rows, columns] = splitForReduction(countOf(x));
  reduceAll(
      sequence, x, Reduction::Max,
      [&, rows = rows, columns = columns](rows::Builder &b) {
        return magnitude(b, b.load(x, {rows, columns}));
      },
      [&](rows::Builder &b, int all) {
        // Of no elements it is 0.
        all = b.combine(Reduction::Max, all, b.constant(compute, 0));
        all = b.convert(all, Float32Type::get(op.getContext()));
        if (op.getPrevious())
          all = b.combine(Reduction::Max, all, b.load(op.getPrevious(), {1, 1}));
        b.store(all, op.getResult(), {1, 1});
      },
      compute);
}

// The history moves by one place, so that it is read from a copy.
static void expandDelayedScale(Sequence &sequence, DelayedScaleOp op) {
  MLIRContext *context = op.getContext();
  Type f32 = Float32Type::get(context), i1 = IntegerType::get(context, 1);
  int64_t length = countOf(op.getHistory());
  int64_t copy = sequence.reserve((length + 1) * 4);
  rows::Builder first(context, {length}, /*keepsRows=*/false);
  first.storeTemporary(first.load(op.getHistory()), copy + 4, f32, {length});
  sequence.programs.push_back(first.finish());

  rows::Builder b(context, {1, length}, /*keepsRows=*/true);
  int amax = b.load(op.getAmax(), {1, 1}), scale = b.load(op.getScale(), {1, 1});
  int zero = b.constant(f32, 0);
  auto isFinite = [&](int x) {
    return b.compute(
        "finite", i1, {x}, [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
          return arith::CmpFOp::create(
              b, arith::CmpFPredicate::OLT, math::AbsFOp::create(b, in[0]),
              constantLike(b, in[0].getType(), std::numeric_limits<double>::infinity()));
        });
  };
  auto isPositive = [&](int x) {
    return b.compute("positive", i1, {x},
                     [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
                       return arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, in[0],
                                                    constantLike(b, in[0].getType(), 0));
                     });
  };
  auto isFirst =
      b.compute("first", i1, {b.columnIndex()},
                [](ImplicitLocOpBuilder &b, ArrayRef<Value> in) -> Value {
                  return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, in[0],
                                               constantLike(b, in[0].getType(), 0));
                });
  int finite = isFinite(amax);
  int moved = b.select(isFirst, b.select(finite, amax, zero),
                       b.loadTemporary(copy, f32, {1, length}));
  int top = b.reduce(Reduction::Max, moved);
  int wanted = b.mul(b.div(b.constant(f32, op.getLargest().convertToDouble()), top),
                     b.constant(f32, std::ldexp(1.0, -static_cast<int>(op.getMargin()))));
  auto both = [&](int x, int y) { return b.combine(Reduction::And, x, y); };
  int usable =
      both(both(finite, isPositive(top)), both(isPositive(wanted), isFinite(wanted)));
  b.store(moved, op.getNewHistory(), {1, length});
  b.store(b.select(usable, wanted, scale), op.getNewScale(), {1, 1});
  sequence.programs.push_back(b.finish());
}

void rows::addBlockExpansions(ExpansionTable &table) {
  table.sequence<QuantizeBlocksOp>(expandQuantizeBlocks);
  table.sequence<DequantizeBlocksOp>(expandDequantizeBlocks);
  table.sequence<AmaxOp>(expandAmax);
  table.sequence<DelayedScaleOp>(expandDelayedScale);
}
