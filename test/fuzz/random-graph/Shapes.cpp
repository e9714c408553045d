// Bricks that move elements, and those that bring a value to a shape.
#include "Bricks.h"
#include <cmath>

using namespace mlir;
using namespace train;
using namespace train::fuzz;

Term Bricks::reshapeTo(Term x, ArrayRef<int64_t> shape) {
  return b.term<ReshapeOp>(x.size, {x}, x.value, shape);
}

Term Bricks::transposeBy(Term x, ArrayRef<int64_t> permutation) {
  return b.term<TransposeOp>(x.size, {x}, x.value, permutation);
}

/// Two factors of n, at random.
static std::pair<int64_t, int64_t> factors(Draw &draw, int64_t n) {
  SmallVector<int64_t> divisors;
  for (int64_t d = 1; d <= n; ++d)
    if (n % d == 0)
      divisors.push_back(d);
  int64_t first = divisors[draw.below(divisors.size())];
  return {first, n / first};
}

Term Bricks::reshape(Term x) {
  int64_t n = x.elements() / batch;
  auto [p, q] = factors(draw, n);
  int64_t rank = draw.between(2, 4);
  // A long row is for nobody but a next reshape.
  if (n > 512)
    rank = std::max<int64_t>(rank, 3);
  if (rank == 2)
    return draw.chance(50) ? reshapeTo(x, {batch, -1}) : reshapeTo(x, {batch, n});
  if (rank == 3)
    return reshapeTo(x, {batch, p, q});
  auto [r, s] = factors(draw, q);
  return reshapeTo(x, {batch, p, r, s});
}

Term Bricks::transposed(Term x) {
  Shape order;
  for (int64_t d = 0; d < x.rank(); ++d)
    order.push_back(d);
  if (x.rank() < 3 || draw.chance(20)) { // there, an op on columns, and back
    std::swap(order[0], order[1]);
    Term y = transposeBy(x, order);
    y = b.term<SoftmaxOp>(1, {y}, y.value);
    return transposeBy(y, order);
  }
  for (int64_t d = x.rank() - 1; d > 1; --d)
    std::swap(order[d], order[draw.between(1, d)]);
  if (llvm::is_sorted(order))
    std::swap(order[1], order[2]);
  return transposeBy(x, order);
}

Term Bricks::sliced(Term x) {
  Shape offsets(x.rank(), 0), sizes = x.shape(), strides(x.rank(), 1);
  if (draw.chance(40) && x.dim(-1) > 1) { // halves exchanged, one negated: a rotation
    int64_t half = x.dim(-1) / 2, rest = x.dim(-1) - half;
    sizes.back() = half;
    Term first = b.term<SliceOp>(x.size, {x}, x.value, offsets, sizes, strides);
    offsets.back() = half;
    sizes.back() = rest;
    Term second = b.term<SliceOp>(x.size, {x}, x.value, offsets, sizes, strides);
    second = b.term<NegOp>(x.size, {second}, second.value);
    return b.term<ConcatOp>(x.size, {first, second},
                            ValueRange{second.value, first.value}, x.rank() - 1);
  }
  for (int64_t d = 1; d < x.rank(); ++d) {
    if (sizes[d] == 1 || !draw.chance(60))
      continue;
    int64_t extent = sizes[d];
    strides[d] = draw.chance(30) ? draw.between(2, 3) : 1;
    offsets[d] = draw.below(extent / 2 + 1);
    int64_t most = (extent - offsets[d] - 1) / strides[d] + 1;
    sizes[d] = draw.between((most + 1) / 2, most);
  }
  return b.term<SliceOp>(x.size, {x}, x.value, offsets, sizes, strides);
}

Term Bricks::padded(Term x) {
  Shape low(x.rank(), 0), high(x.rank(), 0), interior(x.rank(), 0), shape = x.shape();
  for (int64_t d = 1; d < x.rank(); ++d) {
    if (!draw.chance(60))
      continue;
    low[d] = draw.between(0, 2);
    high[d] = draw.between(0, 2);
    interior[d] = draw.chance(20) ? 1 : 0;
    shape[d] += low[d] + high[d] + interior[d] * (shape[d] - 1);
  }
  if (fuzz::product(shape) > kMaxElements)
    return sliced(x);
  double value = draw.one({0.0, 0.0, 1.0, -0.5});
  return b.term<PadOp>(x.size + std::abs(value), {x}, x.value, low, high, interior,
                       APFloat(value));
}

Term Bricks::concatenated(Term x) {
  int64_t dim = draw.between(1, x.rank() - 1);
  SmallVector<Term> parts{x};
  for (int attempt = 0; attempt < 6 && parts.size() < 3 && !older.empty(); ++attempt) {
    const Term &other = older[draw.below(older.size())];
    Shape a = x.shape(), c = other.shape();
    if (c.size() == a.size())
      a[dim] = c[dim] = 1;
    if (a == c)
      parts.push_back(other);
  }
  if (parts.size() == 1)
    parts.push_back(draw.chance(50) ? x : unary(x));
  if (draw.chance(50))
    std::swap(parts[0], parts[1]);
  SmallVector<Value> values;
  Term all;
  all.size = 0;
  int64_t elements = 0;
  for (const Term &part : parts) {
    values.push_back(part.value);
    all.size = std::max(all.size, part.size);
    all.active |= part.active;
    elements += part.elements();
  }
  if (elements > kMaxElements)
    return sliced(x);
  all.value = b.make<ConcatOp>(values, dim);
  return all;
}

Term Bricks::repeated(Term x) {
  int64_t times = draw.between(2, 5);
  if (x.rank() > 3 || x.elements() * times > kMaxElements)
    return unary(x);
  Shape shape = x.shape();
  int64_t at = draw.between(1, x.rank());
  shape.insert(shape.begin() + at, 1);
  Term y = reshapeTo(x, shape);
  shape[at] = times;
  if (draw.chance(50))
    return b.term<BroadcastOp>(y.size, {y}, y.value, shape);
  // By an elementwise op that broadcasts both.
  Shape of(shape.size() - 1, 1);
  of[at - 1] = times;
  Term w = weight(of, 4);
  return b.term<MulOp>(y.size * w.size, {y, w}, w.value, y.value);
}

//===-- To a shape ------------------------------------------------------------===//

Term Bricks::trim(Term x) {
  if (x.elements() * 2 > kMaxElements) {
    if (x.rank() == 4 && draw.chance(60))
      return b.term<AvgPool2dOp>(
          x.size, {x}, x.value,
          Shape{std::min<int64_t>(2, x.dim(2)), std::min<int64_t>(2, x.dim(3))},
          Shape{2, 2}, Shape{0, 0, 0, 0});
    int64_t longest = 1;
    for (int64_t d = 1; d < x.rank(); ++d)
      if (x.dim(d) > x.dim(longest))
        longest = d;
    Shape offsets(x.rank(), 0), sizes = x.shape(), strides(x.rank(), 1);
    sizes[longest] = std::max<int64_t>(1, sizes[longest] / 3);
    return b.term<SliceOp>(x.size, {x}, x.value, offsets, sizes, strides);
  }
  if (x.dim(-1) > 256) {
    Shape offsets(x.rank(), 0), sizes = x.shape(), strides(x.rank(), 1);
    strides.back() = x.dim(-1) / 128;
    sizes.back() = 128;
    return b.term<SliceOp>(x.size, {x}, x.value, offsets, sizes, strides);
  }
  if (x.elements() / batch < 3)
    return linear(x, std::max<int64_t>(3, width()));
  return x.dim(-1) < 2 && draw.chance(30) ? widen(x) : x;
}

// Through a row of features: whatever x is, its features become those along one of the
// dimensions of `shape`, and the others have size 1.
Term Bricks::fit(Term x, ArrayRef<int64_t> shape) {
  if (broadcastShapes(shape, x.shape()) == Shape(shape) && draw.chance(80))
    return x;
  while (x.rank() > 2 && x.elements() / batch > 128)
    x = reduceAway(x);
  if (x.rank() != 2)
    x = reshapeTo(x, {batch, x.elements() / batch});
  int64_t rank = shape.size(), along = rank == 4 ? 1 : rank - 1;
  if (x.dim(1) * shape[along] > kMaxElements)
    x = b.term<SliceOp>(x.size, {x}, x.value, Shape{0, 0},
                        Shape{batch, kMaxElements / shape[along]}, Shape{1, 1});
  Term y = linear(x, shape[along], /*plain=*/true);
  if (rank == 2)
    return y;
  Shape target(rank, 1);
  target[0] = batch;
  target[along] = shape[along];
  return reshapeTo(y, target);
}

Term Bricks::full(Term x, ArrayRef<int64_t> shape) {
  if (ArrayRef<int64_t>(x.shape()) == shape)
    return x;
  return b.term<BroadcastOp>(x.size, {x}, x.value, shape);
}

Term Bricks::merge(Term like, Term x) {
  Shape shape = like.shape();
  Term y = fit(x, shape);
  switch (draw.below(8)) {
  case 0:
  case 1:
  case 2:
    return tame(b.term<AddOp>(like.size + y.size, {like, y}, like.value, y.value));
  case 3:
    return tame(b.term<SubOp>(like.size + y.size, {like, y}, like.value, y.value));
  case 4: { // gated
    Term gate = b.term<SigmoidOp>(1, {y}, y.value);
    return b.term<MulOp>(like.size, {like, gate}, like.value, gate.value);
  }
  case 5:
    return b.term<MaxOp>(std::max(like.size, y.size), {like, y}, like.value, y.value);
  default: { // side by side, and back to the size
    int64_t dim = shape.size() == 4 ? 1 : shape.size() - 1;
    if (std::max(fuzz::product(shape), shape[dim] * shape[dim]) * 2 > kMaxElements)
      return tame(b.term<AddOp>(like.size + y.size, {like, y}, y.value, like.value));
    Term wide = full(y, shape);
    Term both = b.term<ConcatOp>(std::max(like.size, y.size), {like, wide},
                                 ValueRange{like.value, wide.value}, dim);
    return shape.size() == 4 ? pointwise(both, shape[1]) : linear(both, shape.back());
  }
  }
}
