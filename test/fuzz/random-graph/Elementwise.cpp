// Elementwise bricks. Every function is kept away from its poles and from where it grows
// without bound, by an op that a user would write for the same reason.
#include "Bricks.h"

using namespace mlir;
using namespace train;
using namespace train::fuzz;

std::optional<Shape> train::fuzz::broadcastShapes(ArrayRef<int64_t> x,
                                                  ArrayRef<int64_t> y) {
  Shape result(std::max(x.size(), y.size()), 1);
  for (size_t i = 0; i < result.size(); ++i) {
    int64_t a = i < x.size() ? x[x.size() - 1 - i] : 1;
    int64_t c = i < y.size() ? y[y.size() - 1 - i] : 1;
    if (a != c && a != 1 && c != 1)
      return std::nullopt;
    result[result.size() - 1 - i] = a == 1 ? c : a;
  }
  return result;
}

Term Bricks::scaled(Term x, double factor) {
  Term c = b.scalar(factor);
  return b.term<MulOp>(x.size * std::abs(factor), {x}, x.value, c.value);
}

Term Bricks::unary(Term x) {
  auto plus = [&](Term y, double c) {
    return b.term<AddOp>(y.size + c, {y}, y.value, b.scalar(c).value);
  };
  auto magnitude = [&](Term y) { return b.term<AbsOp>(y.size, {y}, y.value); };
  auto square = [&](Term y) {
    return b.term<MulOp>(y.size * y.size, {y}, y.value, y.value);
  };
  auto clamp = [&](Term y, double low, double high) {
    return b.term<ClampOp>(std::max(std::abs(low), std::abs(high)), {y}, y.value,
                           APFloat(low), APFloat(high));
  };
  switch (draw.below(18)) {
  case 0:
    return b.term<NegOp>(x.size, {x}, x.value);
  case 1:
    return magnitude(x);
  case 2:
    return b.term<SinOp>(1, {x}, x.value);
  case 3:
    return b.term<CosOp>(1, {x}, x.value);
  case 4:
    return b.term<TanhOp>(1, {x}, x.value);
  case 5:
    return b.term<SigmoidOp>(1, {x}, x.value);
  case 6:
    return b.term<ErfOp>(1, {x}, x.value);
  case 7:
    return b.term<ReluOp>(x.size, {x}, x.value);
  case 8:
    return b.term<SiluOp>(x.size, {x}, x.value);
  case 9:
    return b.term<GeluOp>(x.size, {x}, x.value, GeluKind::Erf);
  case 10:
    return b.term<GeluOp>(x.size, {x}, x.value, GeluKind::Tanh);
  case 11: { // e^x of what is at most 1, or of what is negative
    Term low = draw.chance(50) ? clamp(x, -4, 1)
                               : b.term<NegOp>(x.size, {x}, magnitude(x).value);
    return b.term<ExpOp>(3, {low}, low.value);
  }
  case 12: {
    Term positive = plus(magnitude(x), draw.one({0.5, 1.0, 2.0}));
    return b.term<LogOp>(1 + x.size / 2, {positive}, positive.value);
  }
  case 13: {
    Term positive = plus(draw.chance(50) ? square(x) : magnitude(x), 0.25);
    return b.term<SqrtOp>(x.size + 1, {positive}, positive.value);
  }
  case 14: {
    Term positive = plus(square(x), draw.one({0.25, 1.0}));
    return b.term<RsqrtOp>(2, {positive}, positive.value);
  }
  case 15:
    return clamp(x, draw.one({-2.0, -1.0, 0.0}), draw.one({0.5, 1.0, 6.0}));
  case 16: {
    Term base = plus(clamp(magnitude(x), 0, 2), 0.5);
    Term exponent = b.scalar(draw.one({0.5, 2.0, -1.0, 3.0, 0.0, 1.0}));
    return b.term<PowOp>(4, {base}, base.value, exponent.value);
  }
  default:
    return square(x);
  }
}

const Term *Bricks::olderOf(ArrayRef<int64_t> shape) {
  SmallVector<const Term *> found;
  for (const Term &term : older)
    if (ArrayRef<int64_t>(term.shape()) == shape)
      found.push_back(&term);
  return found.empty() ? nullptr : found[draw.below(found.size())];
}

// Anything that broadcasts against x without making it larger.
Term Bricks::company(Term x) {
  Shape shape = x.shape();
  switch (draw.below(10)) {
  case 0:
  case 1:
  case 2: { // a parameter, with any of the dimensions but the batch
    Shape of(shape.begin() + 1, shape.end());
    for (int64_t &size : of)
      if (draw.chance(35))
        size = 1;
    of.erase(of.begin(), of.begin() + draw.between(0, of.size()));
    if (fuzz::product(of) > 2048)
      of = {shape.back()};
    return weight(of, draw.one({1, 4, 16}));
  }
  case 3:
    return b.scalar(draw.one({0.5, -1.0, 0.1, 1.5, 2.0}));
  case 4: { // a literal row, a splat of the whole sample
    SmallVector<float> row(shape.back() <= 64 ? shape.back() : 1);
    for (float &value : row)
      value = static_cast<float>(draw.between(-8, 8)) / 8;
    if (row.size() > 1)
      return b.constant({static_cast<int64_t>(row.size())}, row);
    return b.constant(Shape(shape.begin() + 1, shape.end()), row);
  }
  case 5: { // positions along one dimension
    Shape of(shape.begin() + 1, shape.end());
    int64_t dim = draw.below(of.size());
    auto type = RankedTensorType::get(of, b.builder.getF32Type());
    Term places{b.make<IotaOp>(type, dim), static_cast<double>(of[dim]), false};
    return scaled(places, 1.0 / of[dim]);
  }
  case 6: {
    Shape dims;
    for (int64_t d = 0; d < x.rank(); ++d)
      if (d > 0 && draw.chance(50))
        dims.push_back(d);
    if (dims.empty())
      dims = {x.rank() - 1};
    return reduceSome(x, dims, /*keepDims=*/true);
  }
  default:
    for (int attempt = 0; attempt < 6 && !older.empty(); ++attempt) {
      const Term &y = older[draw.below(older.size())];
      if (broadcastShapes(shape, y.shape()) == shape)
        return y;
    }
    return x;
  }
}

Term Bricks::binary(Term x) {
  Term y = company(x), u = x, v = y;
  if (draw.chance(40))
    std::swap(u, v);
  switch (draw.below(9)) {
  case 0:
  case 1:
    return b.term<AddOp>(x.size + y.size, {x, y}, u.value, v.value);
  case 2:
    return b.term<SubOp>(x.size + y.size, {x, y}, u.value, v.value);
  case 3:
  case 4:
    return b.term<MulOp>(x.size * y.size, {x, y}, u.value, v.value);
  case 5:
    return b.term<MinOp>(std::max(x.size, y.size), {x, y}, u.value, v.value);
  case 6:
    return b.term<MaxOp>(std::max(x.size, y.size), {x, y}, u.value, v.value);
  case 7: { // by something of at least 1/2
    Term below = draw.chance(50) ? b.term<SigmoidOp>(1, {v}, v.value)
                                 : b.term<AbsOp>(v.size, {v}, v.value);
    below = b.term<AddOp>(below.size + 0.5, {below}, below.value, b.scalar(0.5).value);
    return b.term<DivOp>(u.size * 2, {u, below}, u.value, below.value);
  }
  default: { // of something in [1/2, 3/2] to an exponent in [-1, 1]
    Term base = b.term<SigmoidOp>(1, {u}, u.value);
    base = b.term<AddOp>(1.5, {base}, base.value, b.scalar(0.5).value);
    Term exponent = b.term<TanhOp>(1, {v}, v.value);
    return b.term<PowOp>(2, {base, exponent}, base.value, exponent.value);
  }
  }
}

Term Bricks::choose(Term x) {
  Shape shape = x.shape();
  Value condition;
  auto predicate = draw.one({Predicate::EQ, Predicate::NE, Predicate::LT, Predicate::LE,
                             Predicate::GT, Predicate::GE});
  if (x.rank() >= 3 && draw.chance(50)) { // a triangle or a band of the last two
    Shape last(shape.end() - 2, shape.end());
    auto type = RankedTensorType::get(last, b.builder.getI32Type());
    Value row = b.make<IotaOp>(type, 0), column = b.make<IotaOp>(type, 1);
    condition = b.make<CompareOp>(row, column, predicate);
  } else if (draw.chance(15)) {
    condition = b.input("mask_" + Twine(inputs++), shape, b.builder.getI1Type()).value;
  } else {
    // Equality of floats would be a coin that rounding tosses.
    if (predicate == Predicate::EQ || predicate == Predicate::NE)
      predicate = Predicate::GE;
    Term y = company(x);
    condition = b.make<CompareOp>(x.value, y.value, predicate);
  }
  if (draw.chance(25)) {
    auto type = RankedTensorType::get(
        cast<RankedTensorType>(condition.getType()).getShape(), b.builder.getF32Type());
    Value mask = b.make<CastOp>(type, condition);
    return b.term<MulOp>(x.size, {x}, x.value, mask);
  }
  Term y = company(x), u = x, v = y;
  if (draw.chance(50))
    std::swap(u, v);
  return b.term<SelectOp>(std::max(x.size, y.size), {x, y}, condition, u.value, v.value);
}
