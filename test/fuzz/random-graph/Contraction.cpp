// Bricks of products: linear maps, attention, products of activations.
#include "Bricks.h"
#include <cmath>

using namespace mlir;
using namespace train;
using namespace train::fuzz;

Term Bricks::weight(ArrayRef<int64_t> shape, double fanIn) {
  // A weight in use elsewhere: tied.
  if (draw.chance(20)) {
    SmallVector<GraphBuilder::Param> found;
    for (const GraphBuilder::Param &param : b.params())
      if (ArrayRef<int64_t>(param.shape) == shape)
        found.push_back(param);
    if (!found.empty()) {
      const GraphBuilder::Param &param = found[draw.below(found.size())];
      return b.read(param.symbol, param.size);
    }
  }
  double deviation = 1 / std::sqrt(fanIn);
  Attribute init = draw.chance(50) ? b.normal(deviation)
                                   : b.uniform(-1.7 * deviation, 1.7 * deviation);
  if (fuzz::product(shape) <= 16 && draw.chance(20)) {
    SmallVector<float> values(fuzz::product(shape));
    for (float &value : values)
      value = static_cast<float>(draw.between(-8, 8) / 8.0 * deviation);
    init = b.literal(shape, values);
  }
  bool frozen = draw.chance(8), noDecay = shape.size() < 2 && draw.chance(80);
  return b.param(shape, init, 4 * deviation, frozen, noDecay);
}

Term Bricks::matrix(int64_t in, int64_t out, bool &transposed) {
  transposed = draw.chance(50);
  // Tied the other way round: a table as a head, an encoder as its decoder.
  if (draw.chance(tieOften ? 60 : 20))
    for (const GraphBuilder::Param &param : b.params()) {
      bool straight = param.shape == Shape{in, out},
           across = param.shape == Shape{out, in};
      if (!straight && !across)
        continue;
      transposed = !straight;
      return b.read(param.symbol, param.size);
    }
  if (transposed)
    return weight({out, in}, in);
  return weight({in, out}, in);
}

/// The product of two activations, scaled by its inner size.
Term Bricks::product(Term x, Term y, int64_t inner, bool transposeX, bool transposeY) {
  Term z = b.term<MatmulOp>(x.size * y.size * inner / 2, {x, y}, x.value, y.value,
                            Value(), transposeX, transposeY);
  return scaled(z, 1 / std::sqrt(static_cast<double>(inner)));
}

Term Bricks::linear(Term x, int64_t out, bool plain) {
  int64_t in = x.dim(-1);
  bool transposed;
  Term w = matrix(in, out, transposed);
  double size = x.size * w.size * std::sqrt(static_cast<double>(in)) / 4;
  Shape shape = x.shape();
  shape.back() = out;
  // A term of the sum that is added in the product's own storage.
  const Term *sum = !plain && draw.chance(15) ? olderOf(shape) : nullptr;
  Term y =
      sum ? b.term<MatmulOp>(size + sum->size, {x, w, *sum}, x.value, w.value, sum->value,
                             false, transposed)
          : b.term<MatmulOp>(size, {x, w}, x.value, w.value, Value(), false, transposed);
  if (draw.chance(plain ? 20 : 60)) {
    Term bias = weight({out}, 16);
    y = b.term<AddOp>(y.size + bias.size, {y, bias}, y.value, bias.value);
  }
  return y;
}

Term Bricks::widen(Term x) {
  int64_t most = kMaxElements / std::max(x.dim(-1), x.elements() / x.dim(-1));
  return linear(x, std::min(width(), most));
}

Term Bricks::mixRows(Term x) {
  int64_t t = x.dim(1), most = kMaxElements / std::max(t, batch * x.dim(2));
  int64_t out = std::min(width(), most);
  Term w = weight({t, out}, t);
  // x^T w, or (w^T x) with the matrix on the left.
  double size = x.size * w.size * std::sqrt(static_cast<double>(t)) / 4;
  if (draw.chance(50))
    return b.term<MatmulOp>(size, {x, w}, w.value, x.value, Value(), true, false);
  Term y = b.term<MatmulOp>(size, {x, w}, x.value, w.value, Value(), true, false);
  return draw.chance(50) ? transposeBy(y, {0, 2, 1}) : y;
}

Term Bricks::bilinear(Term x) {
  int64_t t = x.dim(1), c = x.dim(2);
  if (draw.chance(50) &&
      batch * t * t <= kMaxElements) { // Gram matrix of the rows, and back
    Term gram = tame(product(x, x, c, false, true));
    return product(gram, x, t, false, false);
  }
  if (batch * c * c > kMaxElements)
    return widen(x);
  Term gram = product(x, x, t, true, false);
  if (draw.chance(50))
    return gram;
  return product(x, tame(gram), c, false, draw.chance(50));
}

Term Bricks::attend(Term x) {
  int64_t t = x.dim(1), c = x.dim(2);
  int64_t depth = draw.one({1, 2, 4, 5, 8, 12}), groups = draw.between(1, 3);
  int64_t heads = groups * draw.between(1, 2);
  bool causal = draw.chance(50);
  // Keys and values from elsewhere: a longer or as long sequence, since causal asks for
  // it.
  Term memory = x;
  for (int attempt = 0; attempt < 4 && draw.chance(40) && !older.empty(); ++attempt) {
    const Term &other = older[draw.below(older.size())];
    if (other.rank() == 3 && (!causal || other.dim(1) >= t))
      memory = other;
  }
  int64_t s = memory.dim(1), h = heads * depth, g = groups * depth;
  if (std::max({batch * t, batch * s, c, memory.dim(2)}) * (h + 2 * g) > kMaxElements)
    return widen(x);
  Term q, k, v;
  auto part = [&](Term y, int64_t offset, int64_t size) {
    Shape offsets{0, 0, offset}, sizes{batch, y.dim(1), size}, strides{1, 1, 1};
    return b.term<SliceOp>(y.size, {y}, y.value, offsets, sizes, strides);
  };
  if (memory.value == x.value && draw.chance(50)) { // one projection for all three
    Term all = linear(x, h + 2 * g);
    q = part(all, 0, h);
    k = part(all, h, g);
    v = part(all, h + g, g);
  } else {
    q = linear(x, h);
    k = linear(memory, g);
    v = draw.chance(15) ? k : linear(memory, g);
  }
  double scale = 1 / std::sqrt(static_cast<double>(depth));
  if (draw.chance(65) || heads != groups) {
    q = reshapeTo(q, {batch, t, heads, depth});
    k = reshapeTo(k, {batch, s, groups, depth});
    v = reshapeTo(v, {batch, s, groups, depth});
    Term out = b.term<AttentionOp>(v.size, {q, k, v}, q.value, k.value, v.value,
                                   APFloat(scale), causal);
    out = reshapeTo(out, {batch, t, h});
    return draw.chance(70) ? linear(out, c) : out;
  }
  // The same by hand: scores of one head, or of all heads in a rank-4 product.
  if (heads > 1 && batch * heads * t * s <= kMaxElements) {
    auto split = [&](Term y, int64_t length) {
      return transposeBy(reshapeTo(y, {batch, length, heads, depth}), {0, 2, 1, 3});
    };
    q = split(q, t), k = split(k, s), v = split(v, s);
  } else if (batch * t * s > kMaxElements) {
    return widen(x);
  }
  Term scores = product(q, k, depth * (q.rank() == 4 ? 1 : heads), false, true);
  if (causal) {
    auto type = RankedTensorType::get({t, s}, b.builder.getI64Type());
    Value row = b.make<IotaOp>(type, 0), column = b.make<IotaOp>(type, 1);
    Value visible = b.make<CompareOp>(row, column, Predicate::GE);
    scores = b.term<SelectOp>(scores.size, {scores}, visible, scores.value,
                              b.scalar(-1e9).value);
  }
  Term weights = b.term<SoftmaxOp>(1, {scores}, scores.value);
  if (draw.chance(30))
    weights = b.dropout(weights, 0.1);
  Term out = b.term<MatmulOp>(v.size, {weights, v}, weights.value, v.value, Value(),
                              false, false);
  if (out.rank() == 4)
    out = reshapeTo(transposeBy(out, {0, 2, 1, 3}), {batch, t, h});
  return linear(out, c);
}
